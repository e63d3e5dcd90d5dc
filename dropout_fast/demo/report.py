"""The demo's table and plot."""

from pathlib import Path

import matplotlib

from .experiment import Run

matplotlib.use("Agg")
from matplotlib import pyplot as plt

COLOURS = ("#4c566a", "#1b7fbd", "#d9730d")
REFERENCE_COLOUR, OUR_COLOUR = "#b8bec9", "#2a9d5c"

Pairs = dict[float, tuple[Run, Run]]


def table(pairs: Pairs) -> str:
    """One line a keep probability: accuracies, time in dropout with NumPy and with us, their ratio."""
    lines = [
        "keep_prob   train accuracy   held-out accuracy   dropout, NumPy   dropout, ours   ratio",
        "---------   --------------   -----------------   --------------   -------------   -----",
    ]
    for keep_prob, (theirs, ours) in pairs.items():
        lines.append(
            f"{keep_prob:9.2f}   {ours.train_accuracy[-1]:14.1%}   {ours.held_out_accuracy[-1]:17.1%}"
            f"   {theirs.dropout_seconds * 1e3:11.1f} ms   {ours.dropout_seconds * 1e3:10.2f} ms"
            f"   {theirs.dropout_seconds / ours.dropout_seconds:4.1f}x"
        )
    return "\n".join(lines)


def plot(pairs: Pairs, path: Path) -> None:
    """Accuracy by epoch for each keep probability, and the time spent in dropout as bars."""
    figure, (curves, bars) = plt.subplots(1, 2, figsize=(12, 4.8), width_ratios=(3, 2), layout="constrained")
    for (keep_prob, (_, ours)), colour in zip(pairs.items(), COLOURS, strict=True):
        epochs = range(1, len(ours.losses and ours.train_accuracy) + 1)
        marker = "o" if len(epochs) == 1 else None
        curves.plot(epochs, ours.train_accuracy, "--", color=colour, marker=marker, label=f"keep_prob {keep_prob:g}, train")
        curves.plot(epochs, ours.held_out_accuracy, "-", color=colour, marker=marker, label=f"keep_prob {keep_prob:g}, held out")
    curves.set(xlabel="epoch", ylabel="accuracy", title="Handwritten digits, 500 training scans")
    curves.legend(fontsize=9)
    curves.grid(alpha=0.3)

    width = 0.4
    for offset, which, colour, label in ((-width / 2, 0, REFERENCE_COLOUR, "NumPy"), (width / 2, 1, OUR_COLOUR, "dropout_fast")):
        times = [pair[which].dropout_seconds * 1e3 for pair in pairs.values()]
        drawn = bars.bar([i + offset for i in range(len(pairs))], times, width, color=colour, label=label)
        bars.bar_label(drawn, fmt="%.1f", fontsize=9)
    bars.set_xticks(range(len(pairs)), [f"{keep_prob:g}" for keep_prob in pairs])
    bars.set(xlabel="keep_prob", ylabel="milliseconds in a training run", title="Time spent in dropout (same numbers)")
    bars.margins(y=0.15)
    bars.legend(fontsize=9)
    figure.savefig(path, dpi=120)
    plt.close(figure)
