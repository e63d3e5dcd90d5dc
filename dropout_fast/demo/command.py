"""`python -m dropout_fast demo`: run the experiment on a network with each dropout, compare, show the result."""

import argparse
from pathlib import Path

import numpy as np
from tqdm import tqdm

import dropout_fast
from dropout_fast import reference

from . import experiment, ranks, report
from .agreement import Agreement, compare_engines
from .calling import InPlace, Plain, Without
from .layers import Fused, Layers, Separate
from .network import BATCH, Network, OneHiddenLayer
from .residual import Residual

NETWORKS: dict[str, Network] = {"hidden": OneHiddenLayer(), "residual": Residual()}

KEEP_PROBS = (1.0, 0.5, 0.25)

#: At which keep probability the engines are compared over seeds.
COMPARED = 0.5


#: Runs that must be bit-identical.
SAME = (("numpy", "NumPy"), ("numpy in place", "NumPy"), ("fast in place", "fast"))

#: Runs that have their masks in common and differ in the order of sums: the first loss must be bit-identical, the others close.
CLOSE = (("numpy fused", "NumPy"), ("fast fused", "fast"))

#: The largest relative difference of close losses; 1.4e-14 was seen in 200 epochs. A wrong mask or gradient makes far more.
ROUNDING = 1e-9


def run(arguments: argparse.Namespace) -> int:
    """Return the exit status: 0 if engine numpy is NumPy bit for bit, fused calls to rounding, and engine fast statistically.

    With ``--ranks``: 0 if losses in several processes are those in one, to rounding.
    """
    network = NETWORKS[arguments.net]
    digits = experiment.load(np.random.default_rng(arguments.seed))
    if arguments.ranks:
        steps = arguments.epochs * experiment.TRAINING_SCANS // BATCH
        task = ranks.Task(network, digits.x_train, digits.y_train, COMPARED, steps, arguments.seed)
        return ranks.compare(task, arguments.ranks)
    first = {
        name: experiment.first_call_seconds(ways(0.5, 0)[name], network.hidden_units) for name in ("numpy", "fast", "fast fused")
    }
    for layers in ways(0.5, 0).values():  # whatever else is done once only: not on the clock
        experiment.train(network, digits, 0.5, 1, arguments.seed, layers)
    runs: report.Runs = {}
    total = (len(ways(0.5, 0)) * len(KEEP_PROBS) + 2 * arguments.seeds) * arguments.epochs
    with tqdm(total=total, unit="epoch", desc="training") as progress:
        for keep_prob in KEEP_PROBS:
            runs[keep_prob] = {
                name: experiment.train(network, digits, keep_prob, arguments.epochs, arguments.seed, layers, progress.update)
                for name, layers in ways(keep_prob, arguments.seed).items()
            }
        agreement = compare_engines(network, digits, COMPARED, arguments.epochs, arguments.seed, arguments.seeds, progress.update)
    print(f"\nDigits: {experiment.TRAINING_SCANS} scans to train on, {len(digits.y_held_out)} held out; ", end="")
    print(f"net {arguments.net}, {network.hidden_units} units a hidden layer, ", end="")
    print(f"{arguments.epochs} epochs, float64, seed {arguments.seed}.")
    print("First call, forward and backward (in no time below): ", end="")
    print(f"engine numpy {first['numpy']:.2f} s, with Numba's own set-up; engine fast {first['fast']:.2f} s, ", end="")
    print(f"fused {first['fast fused']:.2f} s.\n")
    print(report.dropout_table(runs) + "\n\n" + report.step_table(runs))
    report.plot(runs, arguments.out)
    print(f"\nPlot: {arguments.out.resolve()}")
    return _judge(runs, agreement)


def ways(keep_prob: float, seed: int) -> dict[str, Layers]:
    """Make the implementations of a network's layers, by the name of the run."""
    return {
        "without": Separate(Without()),
        "NumPy": Separate(Plain(reference)),
        "numpy": Separate(Plain(dropout_fast)),
        "numpy in place": Separate(InPlace(dropout_fast)),
        "numpy fused": Fused(),
        "fast": Separate(Plain(experiment.FastLayer(keep_prob, seed))),
        "fast in place": Separate(InPlace(experiment.FastLayer(keep_prob, seed))),
        "fast fused": Fused(seed),
    }


def _judge(runs: report.Runs, agreement: Agreement) -> int:
    """Print whether the runs are what they must be; the exit status."""
    differing = [
        f"{ours} and {theirs} at keep_prob {keep_prob:g}"
        for keep_prob, by_name in runs.items()
        for ours, theirs in SAME
        if not by_name[ours].same_as(by_name[theirs])
    ]
    if differing:
        print(f"DIFFERENT: losses or weights of the runs {', '.join(differing)}.")
    else:
        print("Engine numpy, bit-identical: all losses and all weights are the same as with NumPy's dropout, also in place.")
    difference = max(by_name[ours].difference_from(by_name[theirs]) for by_name in runs.values() for ours, theirs in CLOSE)
    is_close = difference <= ROUNDING
    if is_close:
        print(
            "Fused, the same to rounding: first losses are bit-identical to NumPy's (with its draws) and to engine fast's; ", end=""
        )
        print(f"later ones differ by {difference:.1g} of their size at most, because a bias's gradient is summed in another order.")
    else:
        print(f"Fused, DIFFERENT: losses by {difference:.1g} of their size (inf: first losses, too).")
    print(f"Engine fast, {'statistically the same' if agreement.holds else 'DIFFERENT'}: {agreement}")
    return 0 if agreement.holds and is_close and not differing else 1


def add_options(parser: argparse.ArgumentParser) -> None:
    """Describe the command's options."""
    parser.add_argument("--net", choices=NETWORKS, default="hidden", help="one hidden layer, or a residual block (default: hidden)")
    parser.add_argument("--epochs", type=_positive, default=25, help="passes over the training scans (default: %(default)s)")
    parser.add_argument("--seed", type=_seed, default=0, help="of data split, weights, batches and masks (default: %(default)s)")
    parser.add_argument("--seeds", type=_several, default=8, help="trainings of which engines are compared (default: %(default)s)")
    parser.add_argument("--ranks", type=_ranks, help="train in so many processes, each on its rows; compare with one process")
    parser.add_argument("--out", type=_picture, default="dropout_demo.png", help="the plot's file (default: %(default)s)")


def _positive(text: str) -> int:
    return _at_least(1, text)


def _ranks(text: str) -> int:
    number = _at_least(1, text)
    if number > BATCH:
        raise argparse.ArgumentTypeError(f"{number} is more than the {BATCH} rows of a batch")
    return number


def _several(text: str) -> int:
    return _at_least(3, text)


def _at_least(least: int, text: str) -> int:
    number = int(text)
    if number < least:
        raise argparse.ArgumentTypeError(f"{number} is not at least {least}")
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
