"""The measurements as tables, as JSON and as a plot."""

import importlib.metadata
import os
import platform
import statistics
from pathlib import Path
from typing import Any

import numba

from . import small
from .clock import median_ratio

Times = dict[str, list[float]]
Table = list[list[str]]

#: Column headed by its key: seconds of the first name over seconds of the second.
RATIOS = {
    "reference / numpy, forward": ("reference forward", "numpy forward"),
    "forward, out=": ("reference forward", "numpy forward, out="),
    "backward": ("reference backward", "numpy backward"),
    "reference / fast, forward": ("reference forward", "fast forward"),
    "backward ": ("reference backward", "fast backward"),
    "best-effort NumPy / fast": ("best-effort NumPy forward", "fast forward"),
    "PyTorch / fast": ("PyTorch forward", "fast forward"),
    "JAX / fast": ("JAX forward", "fast forward"),
    "fast / parallel copy, forward": ("fast forward", "parallel copy"),
    "backward  ": ("fast backward", "parallel copy"),
}

PACKAGES = ("numpy", "numba", "torch", "jax")


def machine() -> dict[str, Any]:
    """What the times depend on."""
    versions = {name: _version(name) for name in PACKAGES}
    target = {"NUMBA_CPU_NAME": os.environ["NUMBA_CPU_NAME"]} if "NUMBA_CPU_NAME" in os.environ else {}
    return {
        "processor": _processor(),
        "threads": numba.config.NUMBA_NUM_THREADS,  # type: ignore[attr-defined]  # set at run time
        "python": platform.python_version(),
        **{name: version for name, version in versions.items() if version},
        **target,
    }


def as_row(size: int, times: Times) -> dict[str, Any]:
    """Medians of one size: nanoseconds an element by column, and the ratios."""
    measured = {name: pair for name, pair in RATIOS.items() if set(pair) <= set(times)}
    return {
        "size": size,
        "ns_per_element": {name: statistics.median(seconds) / size * 1e9 for name, seconds in times.items()},
        "ratios": {name: median_ratio(times[above], times[below]) for name, (above, below) in measured.items()},
    }


def as_row_against_copies(size: int, times: Times) -> dict[str, Any]:
    """Engine fast over each of the copies, by keep probability and direction."""
    ours = {name: seconds for name, seconds in times.items() if "copy" not in name}
    return {
        "size": size,
        **{
            copy: {name: median_ratio(seconds, times[copy]) for name, seconds in ours.items()} for copy in ("copy", "parallel copy")
        },
    }


def as_small_calls(times: Times) -> dict[str, Any]:
    """Microseconds a call, and the ratios of the pairs."""
    return {
        "microseconds": {name: statistics.median(seconds) * 1e6 for name, seconds in times.items()},
        "ratios": {above: median_ratio(times[above], times[below]) for above, below in small.PAIRS.items()},
    }


def text(measured: dict[str, Any]) -> str:
    """Everything, to print."""
    settings = measured["settings"]
    dtype, keep_prob, rounds = settings["dtype"], settings["keep_prob"], settings["rounds"]
    blocks = [
        ", ".join(f"{name} {value}" for name, value in measured["machine"].items())
        + f"\n{dtype}, medians of {rounds} interleaved rounds; fast: engine fast with out= and a seed; numpy: engine numpy",
        f"ns an element, keep_prob {keep_prob:g}\n" + aligned(_sizes_by_rows(measured["rows"], "ns_per_element", "{:.3f}")),
        "ratios\n" + aligned(_sizes_by_rows(measured["rows"], "ratios", "{:.2f}x")),
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


def _sizes_by_rows(rows: list[dict[str, Any]], kind: str, form: str) -> Table:
    return [["  size", *rows[0][kind]]] + [
        [f"  {size_text(row['size'])}", *(form.format(value) for value in row[kind].values())] for row in rows
    ]


def _by_keep_prob(row: dict[str, Any]) -> Table:
    keep_probs = dict.fromkeys(name.split()[0] for name in row["copy"])
    head = ["  keep_prob", "forward / copy", "backward / copy", "forward / parallel copy", "backward / parallel copy"]
    return [head] + [
        [f"  {p}", *(f"{row[copy][f'{p} {way}']:.2f}x" for copy in ("copy", "parallel copy") for way in ("forward", "backward"))]
        for p in keep_probs
    ]


def _over(name: str, calls: dict[str, Any]) -> str:
    return f"{calls['ratios'][name]:.2f}x {small.PAIRS[name]}" if name in calls["ratios"] else ""


def aligned(lines: Table) -> str:
    """Columns two spaces apart: the first to the left, the others to the right."""
    widths = [max(len(line[k].rstrip()) for line in lines) for k in range(len(lines[0]))]
    padded = (
        [line[0].ljust(widths[0])] + [cell.rstrip().rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        for line in lines
    )
    return "\n".join("  ".join(line).rstrip() for line in padded)


def plot(measured: dict[str, Any], path: Path) -> None:
    """Nanoseconds an element by size, one line a column."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    rows, settings = measured["rows"], measured["settings"]
    figure, axes = plt.subplots(figsize=(9, 5.5), layout="constrained")
    for name in rows[0]["ns_per_element"]:
        style = ":" if "copy" in name else "--" if "backward" in name else "-"
        axes.plot([row["size"] for row in rows], [row["ns_per_element"][name] for row in rows], style, marker="o", label=name)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks([row["size"] for row in rows], [size_text(row["size"]) for row in rows])
    axes.set(xlabel="elements", ylabel="ns an element", title=f"Dropout, {settings['dtype']}, keep_prob {settings['keep_prob']:g}")
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


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
