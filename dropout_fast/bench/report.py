"""The measurements as a table, as JSON and as a plot."""

import platform
import statistics
from pathlib import Path
from typing import Any

import numba
import numpy as np

from .clock import median_ratio

Times = dict[str, list[float]]

#: Column headed by its key: seconds of the second name over seconds of the first.
RATIOS = {
    "reference / numpy, forward": ("numpy engine forward", "reference forward"),
    "reference / numpy, backward": ("numpy engine backward", "reference backward"),
}


def machine() -> dict[str, Any]:
    """What the times depend on."""
    return {
        "processor": _processor(),
        "threads": numba.config.NUMBA_NUM_THREADS,  # type: ignore[attr-defined]  # set at run time
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba.__version__,
    }


def as_row(size: int, times: Times) -> dict[str, Any]:
    """Medians of one size: nanoseconds an element by column, and the ratios."""
    ratios = {name: (below, above) for name, (below, above) in RATIOS.items() if below in times and above in times}
    return {
        "size": size,
        "ns_per_element": {name: statistics.median(seconds) / size * 1e9 for name, seconds in times.items()},
        "ratios": {name: median_ratio(times[above], times[below]) for name, (below, above) in ratios.items()},
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Sizes by columns (one line a column, one column a size, so that it fits a screen)."""
    width = max(len(name) for kind in ("ns_per_element", "ratios") for name in rows[0][kind]) + 2
    head = " " * width + "".join(f"{size_text(row['size']):>10}" for row in rows)
    lines = [head]
    for title, kind, form in (("ns an element", "ns_per_element", "{:10.3f}"), ("ratio", "ratios", "{:9.2f}x")):
        lines.append(title)
        for name in rows[0][kind]:
            lines.append(f"  {name:{width - 2}}" + "".join(form.format(row[kind][name]) for row in rows))
    return "\n".join(lines)


def plot(rows: list[dict[str, Any]], path: Path, title: str) -> None:
    """Nanoseconds an element by size, one line a column."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(9, 5.5), layout="constrained")
    for name in rows[0]["ns_per_element"]:
        style = ":" if "copy" in name else "--" if "backward" in name else "-"
        axes.plot([row["size"] for row in rows], [row["ns_per_element"][name] for row in rows], style, marker="o", label=name)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks([row["size"] for row in rows], [size_text(row["size"]) for row in rows])
    axes.set(xlabel="elements", ylabel="ns an element", title=title)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=9)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def size_text(size: int) -> str:
    """1048576 as 1 Mi."""
    for unit, name in ((2**20, "Mi"), (2**10, "Ki")):
        if size % unit == 0:
            return f"{size // unit} {name}"
    return str(size)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
