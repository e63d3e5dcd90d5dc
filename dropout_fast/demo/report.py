"""The demo's tables and plot."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib

from .experiment import Run

matplotlib.use("Agg")
from matplotlib import pyplot as plt

COLOURS = ("#4c566a", "#1b7fbd", "#d9730d")

#: The runs with dropout, in the order of the columns and bars: name, label, colour.
DROPOUTS = (
    ("NumPy", "NumPy", "#b8bec9"),
    ("numpy", "engine numpy", "#2a9d5c"),
    ("numpy in place", "engine numpy, in place", "#8fd0a9"),
    ("fast", "engine fast", "#8e44ad"),
    ("fast in place", "engine fast, in place", "#c9a3d9"),
    ("fast fused", "engine fast, fused", "#e07a5f"),
)

Runs = dict[float, dict[str, Run]]


def dropout_table(runs: Runs) -> str:
    """One line a keep probability: accuracies, and the time in dropout, with how many times faster than NumPy's it is.

    Fused calls do more than dropout, so they are not compared here.
    """
    lines = [
        "              held-out accuracy   milliseconds in dropout, in a whole training (*: fused calls do more than dropout)",
        "keep_prob   NumPy = numpy    fast    NumPy    engine numpy       in place     engine fast       in place   fused *",
        "---------   -------------   -----   ------   -------------  -------------   -------------  -------------   -------",
    ]
    for keep_prob, by_name in runs.items():
        theirs, *ours, fused = (by_name[name].dropout_seconds * 1e3 for name, _, _ in DROPOUTS)
        numpy, numpy_in_place, fast, fast_in_place = (f"{ms:6.2f} {f'{theirs / ms:.1f}x':>6}" for ms in ours)
        lines.append(
            f"{keep_prob:9.2f}   {by_name['numpy'].held_out_accuracy[-1]:13.1%}   {by_name['fast'].held_out_accuracy[-1]:5.1%}"
            f"   {theirs:6.1f}   {numpy}  {numpy_in_place}   {fast}  {fast_in_place}   {fused:7.2f}"
        )
    return "\n".join(lines)


def step_table(runs: Runs) -> str:
    """One line a keep probability: the whole step's time, and what dropout adds to it."""
    lines = [
        "            milliseconds a training step, median, and what dropout adds",
        "keep_prob   without           NumPy    engine numpy       in place     engine fast       in place          fused",
        "---------   -------   -------------   -------------  -------------   -------------  -------------  -------------",
    ]
    for keep_prob, by_name in runs.items():
        without = by_name["without"].milliseconds_a_step
        steps = (by_name[name].milliseconds_a_step for name, _, _ in DROPOUTS)
        theirs, numpy, numpy_in_place, *fast = (f"{ms:6.3f} {f'{ms / without - 1:+.0%}':>6}" for ms in steps)
        lines.append(f"{keep_prob:9.2f}   {without:7.3f}   {theirs}   {numpy}  {numpy_in_place}   {'  '.join(fast)}")
    return "\n".join(lines)


def plot(runs: Runs, path: Path) -> None:
    """Accuracy by epoch for each keep probability, and as bars the time in dropout and the whole step's."""
    figure, (curves, dropout, step) = plt.subplots(1, 3, figsize=(19, 4.8), layout="constrained")
    for (keep_prob, by_name), colour in zip(runs.items(), COLOURS, strict=True):
        ours, fast = by_name["numpy"], by_name["fast"]
        epochs = range(1, len(ours.train_accuracy) + 1)
        marker = "o" if len(epochs) == 1 else None
        curves.plot(epochs, ours.train_accuracy, "--", color=colour, marker=marker, label=f"keep_prob {keep_prob:g}, train")
        curves.plot(epochs, ours.held_out_accuracy, "-", color=colour, marker=marker, label=f"keep_prob {keep_prob:g}, held out")
        curves.plot(epochs, fast.held_out_accuracy, ":", color=colour, marker=marker, label="the same, engine fast")
    curves.set(xlabel="epoch", ylabel="accuracy", title="Handwritten digits, 500 training scans")
    curves.legend(fontsize=8)
    curves.grid(alpha=0.3)

    _bars(dropout, runs, lambda run: run.dropout_seconds * 1e3, "%.1f")
    dropout.set(ylabel="milliseconds in a training run", title="Time in dropout (fused calls do more than dropout)")
    _bars(step, runs, lambda run: run.milliseconds_a_step, "%.2f")
    step.set(ylabel="milliseconds, median", title="Time of a whole training step")
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _bars(axes: Any, runs: Runs, milliseconds: Callable[[Run], float], shown: str) -> None:
    """Draw a group of bars for each keep probability, a bar for each implementation."""
    width = 0.9 / len(DROPOUTS)
    for place, (name, label, colour) in enumerate(DROPOUTS):
        offset = (place - (len(DROPOUTS) - 1) / 2) * width
        times = [milliseconds(by_name[name]) for by_name in runs.values()]
        drawn = axes.bar([i + offset for i in range(len(runs))], times, width, color=colour, label=label)
        axes.bar_label(drawn, fmt=shown, fontsize=7)
    axes.set_xticks(range(len(runs)), [f"{keep_prob:g}" for keep_prob in runs])
    axes.set_xlabel("keep_prob")
    axes.margins(y=0.35)
    axes.legend(fontsize=8, ncols=2, loc="upper center")
