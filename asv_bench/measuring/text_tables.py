"""Tables for a terminal."""

from typing import Any

from .small_calls import COMPARED_WITH

#: Rows of cells; the first row is the head.
Table = list[list[str]]


def printed(measured: dict[str, Any]) -> str:
    """Lay out all results as text."""
    settings = measured["settings"]
    dtype, keep_prob, rounds = settings["dtype"], settings["keep_prob"], settings["rounds"]
    blocks = [
        ", ".join(f"{name} {value}" for name, value in measured["machine"].items())
        + f"\n{dtype}, medians of {rounds} interleaved rounds; fast: engine fast with out= and a seed; numpy: engine numpy",
        f"ns an element, keep_prob {keep_prob:g}\n" + aligned(_by_size(measured["rows"], "ns_per_element", "{:.3f}")),
        "ratios of times\n" + aligned(_by_size(measured["rows"], "ratios", "{:.2f}x")),
    ]
    for row in measured["against_copies"]:
        blocks.append(
            f"engine fast at {size_text(row['size'])}, over the time of a copy of the same array\n" + aligned(_by_keep_prob(row))
        )
    calls = measured["small_calls"]
    lines = [[f"  {name}", f"{us:.2f} us", _over(name, calls)] for name, us in calls["microseconds"].items()]
    blocks.append("small calls, float32, fresh seed, new result\n" + aligned(lines))
    starts = [[f"  {name}", f"{seconds:.2f} s"] for name, seconds in measured["startup_seconds"].items()]
    blocks.append("a new process\n" + aligned(starts))
    memory = measured["peak_memory"]
    peaks = [[f"  {name}", f"{peak:.3f}"] for name, peak in memory["bytes_an_element"].items()]
    blocks.append(f"peak memory of forward and mask at {size_text(memory['size'])}, bytes an element\n" + aligned(peaks))
    return "\n\n".join(blocks)


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


def _by_size(rows: list[dict[str, Any]], kind: str, form: str) -> Table:
    head = ["", *(size_text(row["size"]) for row in rows)]
    return [head, *([f"  {name}", *(form.format(row[kind][name]) for row in rows)] for name in rows[0][kind])]


def _by_keep_prob(row: dict[str, Any]) -> Table:
    keep_probs = dict.fromkeys(name.split()[0] for name in row["copy"])
    head = ["  keep_prob", "forward / copy", "backward / copy", "forward / parallel copy", "backward / parallel copy"]
    return [head] + [
        [f"  {p}", *(f"{row[copy][f'{p} {way}']:.2f}x" for copy in ("copy", "parallel copy") for way in ("forward", "backward"))]
        for p in keep_probs
    ]


def _over(name: str, calls: dict[str, Any]) -> str:
    return f"{calls['ratios'][name]:.2f}x {COMPARED_WITH[name]}" if name in calls["ratios"] else ""
