"""`python -m dropout_fast demo`: run the experiment twice, compare bit by bit, show the result."""

import argparse
from pathlib import Path

import numpy as np
from tqdm import tqdm

import dropout_fast
from dropout_fast import reference

from . import experiment, report

KEEP_PROBS = (1.0, 0.5, 0.25)


def run(arguments: argparse.Namespace) -> int:
    """Return the exit status: 0 if both runs of every pair are bit-identical."""
    digits = experiment.load(np.random.default_rng(arguments.seed))
    # The kernels are compiled here, or loaded from the disk, and not on the clock.
    experiment.train(digits, 0.5, 1, arguments.seed, dropout_fast)
    pairs: report.Pairs = {}
    with tqdm(total=2 * len(KEEP_PROBS) * arguments.epochs, unit="epoch", desc="training") as progress:
        for keep_prob in KEEP_PROBS:
            theirs, ours = (
                experiment.train(digits, keep_prob, arguments.epochs, arguments.seed, dropout, progress.update)
                for dropout in (reference, dropout_fast)
            )
            pairs[keep_prob] = theirs, ours
    print(f"\nDigits: {experiment.TRAINING_SCANS} scans to train on, {len(digits.y_held_out)} held out; ", end="")
    print(f"{experiment.HIDDEN_UNITS} hidden units, {arguments.epochs} epochs, float64, seed {arguments.seed}.\n")
    print(report.table(pairs))
    report.plot(pairs, arguments.out)
    print(f"\nPlot: {arguments.out.resolve()}")
    differing = [keep_prob for keep_prob, (theirs, ours) in pairs.items() if not ours.same_as(theirs)]
    if differing:
        print(f"DIFFERENT: losses or weights with NumPy's dropout and with ours differ for keep_prob {differing}.")
        return 1
    print("Bit-identical: all losses and all weights are the same with NumPy's dropout and with ours.")
    return 0


def add_options(parser: argparse.ArgumentParser) -> None:
    """Describe the command's options."""
    parser.add_argument("--epochs", type=_positive, default=25, help="passes over the training scans (default: %(default)s)")
    parser.add_argument("--seed", type=_seed, default=0, help="of data split, weights, batches and masks (default: %(default)s)")
    parser.add_argument("--out", type=_picture, default="dropout_demo.png", help="the plot's file (default: %(default)s)")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not at least 1")
    return number


def _seed(text: str) -> int:
    number = int(text)
    if not 0 <= number < 2**32:
        raise argparse.ArgumentTypeError(f"{number} is not in 0 to 2**32 - 1")
    return number


def _picture(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise argparse.ArgumentTypeError(f"{text} does not end in .png, .svg or .pdf")
    if not path.resolve().parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {path.resolve().parent}")
    return path
