"""Draw the results."""

from pathlib import Path
from typing import Any

from .text_tables import size_text


def plot(measured: dict[str, Any], path: Path) -> None:
    """Draw nanoseconds an element by size, one line for each function."""
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
