"""`python -m dropout_fast bench`: measure dropout on this machine, print the results, write and draw them if asked to."""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from . import dropouts, memory, results, startup
from .clock import seconds_a_call
from .plot import plot
from .small_calls import small_calls
from .text_tables import printed

SIZES = (2**10, 2**14, 3 * 2**14, 2**18, 2**20, 2**24)
UNITS = {"Ki": 2**10, "Mi": 2**20}

#: Sizes and keep probabilities at which engine fast is compared with copies.
SIZES_OVER_COPIES = (3 * 2**14, 2**20, 2**24)
KEEP_PROBS = (0.1, 0.25, 1 / 3, 0.5, 0.8, 0.9)

#: New processes whose start is measured with compiled kernels on disk.
STARTS = 5


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    measured = _measure(arguments)
    print("\n" + printed(measured))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(measured, indent=1) + "\n")
        print(f"\nJSON: {arguments.json.resolve()}")
    if arguments.plot is not None:
        plot(measured, arguments.plot)
        print(f"\nPlot: {arguments.plot.resolve()}")
    return 0


def _measure(arguments: argparse.Namespace) -> dict[str, Any]:
    rounds, sizes = arguments.rounds, arguments.sizes
    compared = [size for size in sizes if size in SIZES_OVER_COPIES]
    rng = np.random.default_rng(0)
    rows, against_copies = [], []
    with tqdm(total=len(sizes) + len(compared) + 3, unit="table row", desc="measuring") as progress:
        startup_seconds = startup.seconds(STARTS)  # first, while this process has no threads at work
        progress.update()
        for size in compared:
            x = rng.standard_normal(size).astype(arguments.dtype)
            times = seconds_a_call(dropouts.fast_engine_and_copies(x, KEEP_PROBS), rounds)
            against_copies.append(results.over_copies(size, times))
            progress.update()
        calls = results.of_small_calls(seconds_a_call(small_calls(), rounds))
        progress.update()
        # Late, because this loads other libraries, whose idle threads stay awake for a while.
        for size in sizes:
            x = rng.standard_normal(size).astype(arguments.dtype)
            rows.append(results.of_one_size(size, seconds_a_call(dropouts.all_dropouts(x, arguments.keep_prob), rounds)))
            progress.update()
        x = np.ones(max(sizes), arguments.dtype)
        bytes_an_element = memory.peaks(x, arguments.keep_prob)
        progress.update()
    return {
        "machine": results.machine(),
        "settings": {"dtype": arguments.dtype, "keep_prob": arguments.keep_prob, "rounds": rounds},
        "rows": rows,
        "against_copies": against_copies,
        "small_calls": calls,
        "startup_seconds": startup_seconds,
        "peak_memory": {"size": x.size, "bytes_an_element": bytes_an_element},
    }


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--sizes", type=_sizes, default=SIZES, help="elements, for example 1000,48Ki,1Mi")
    parser.add_argument("--dtype", choices=("float16", "float32", "float64"), default="float32", help="(default: %(default)s)")
    parser.add_argument("--keep-prob", type=_keep_prob, default=0.5, help="probability of keeping (default: %(default)s)")
    parser.add_argument("--rounds", type=_size, default=25, help="times each function has its turn (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the measurements there")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw them there (needs matplotlib)")


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(_size(part.strip()) for part in text.split(","))


def _size(text: str) -> int:
    number, unit = (text[:-2], UNITS[text[-2:]]) if text[-2:] in UNITS else (text, 1)
    size = int(number) * unit
    if size < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return size


def _keep_prob(text: str) -> float:
    number = float(text)
    if not 0 < number <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not in (0, 1]")
    return number
