"""The demo's table and plot."""

from pathlib import Path

import matplotlib

from .experiment import Run

matplotlib.use("Agg")
from matplotlib import pyplot as plt

COLOURS = ("#4c566a", "#1b7fbd", "#d9730d")

#: The bars: name of the run, label, colour.
BARS = (("NumPy", "NumPy", "#b8bec9"), ("numpy", "engine numpy", "#2a9d5c"), ("fast", "engine fast", "#8e44ad"))

Runs = dict[float, dict[str, Run]]


def table(runs: Runs) -> str:
    """One line a keep probability: accuracies, time in dropout with NumPy and with each engine, ratios."""
    lines = [
        "             held-out accuracy                  milliseconds in dropout",
        "keep_prob   NumPy = numpy    fast    NumPy   engine numpy     ratio   engine fast     ratio",
        "---------   -------------   -----   ------   ------------   -------   -----------   -------",
    ]
    for keep_prob, by_name in runs.items():
        theirs, numpy, fast = (by_name[name].dropout_seconds * 1e3 for name in ("NumPy", "numpy", "fast"))
        lines.append(
            f"{keep_prob:9.2f}   {by_name['numpy'].held_out_accuracy[-1]:13.1%}   {by_name['fast'].held_out_accuracy[-1]:5.1%}"
            f"   {theirs:6.1f}   {numpy:12.2f}   {theirs / numpy:6.1f}x   {fast:11.2f}   {theirs / fast:6.1f}x"
        )
    return "\n".join(lines)


def plot(runs: Runs, path: Path) -> None:
    """Accuracy by epoch for each keep probability, and the time spent in dropout as bars."""
    figure, (curves, bars) = plt.subplots(1, 2, figsize=(12, 4.8), width_ratios=(3, 2), layout="constrained")
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

    width = 0.27
    for offset, (name, label, colour) in zip((-width, 0, width), BARS, strict=True):
        times = [by_name[name].dropout_seconds * 1e3 for by_name in runs.values()]
        drawn = bars.bar([i + offset for i in range(len(runs))], times, width, color=colour, label=label)
        bars.bar_label(drawn, fmt="%.1f", fontsize=8)
    bars.set_xticks(range(len(runs)), [f"{keep_prob:g}" for keep_prob in runs])
    bars.set(xlabel="keep_prob", ylabel="milliseconds in a training run", title="Time spent in dropout")
    bars.margins(y=0.15)
    bars.legend(fontsize=9)
    figure.savefig(path, dpi=120)
    plt.close(figure)
