"""Tables for a terminal, and how their cells are written."""

#: Rows of cells; the first row is the head.
Table = list[list[str]]


def aligned(lines: Table) -> str:
    """Join the cells into columns two spaces apart. The first column is aligned left, the others right."""
    widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
    padded = (
        [line[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)] for line in lines
    )
    return "\n".join("  ".join(line).rstrip() for line in padded)


def size_text(size: int) -> str:
    """Write a size with a binary unit: 1048576 as "1 Mi"."""
    for unit, name in ((2**20, "Mi"), (2**10, "Ki")):
        if size % unit == 0:
            return f"{size // unit} {name}"
    return str(size)


def number(value: float | None, suffix: str = "") -> str:
    """Write about three digits; nothing for None."""
    return "" if value is None else f"{value:.{1 if value >= 10 else 2 if value >= 1 else 3}f}{suffix}"


def ratio(value: float | None) -> str:
    """Write a ratio of times; nothing for None."""
    return "" if value is None else f"{value:.2f}x"
