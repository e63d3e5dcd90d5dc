"""The options of `python -m dropout_fast bench`, and what it does with them."""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from . import columns, memory, report, small, startup
from .clock import seconds_a_call

SIZES = (2**10, 2**14, 3 * 2**14, 2**18, 2**20, 2**24)
UNITS = {"Ki": 2**10, "Mi": 2**20}

#: Where a dropout is held against a copy, and at which keep probabilities.
SIZES_AGAINST_COPIES = (3 * 2**14, 2**20, 2**24)
KEEP_PROBS = (0.1, 0.25, 1 / 3, 0.5, 0.8, 0.9)

STARTS = 5


def run(arguments: argparse.Namespace) -> int:
    """Measure, print, write; the exit status is 0."""
    measured = _measure(arguments)
    print("\n" + report.text(measured))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(measured, indent=1) + "\n")
        print(f"\nJSON: {arguments.json.resolve()}")
    if arguments.plot is not None:
        report.plot(measured, arguments.plot)
        print(f"\nPlot: {arguments.plot.resolve()}")
    return 0


def _measure(arguments: argparse.Namespace) -> dict[str, Any]:
    rounds, sizes = arguments.rounds, arguments.sizes
    held = [size for size in sizes if size in SIZES_AGAINST_COPIES]
    rng = np.random.default_rng(0)
    rows, against_copies = [], []
    with tqdm(total=len(sizes) + len(held) + 3, unit="table row", desc="measuring") as progress:
        startup_seconds = startup.seconds(STARTS)  # first: nothing of this process is at work yet
        progress.update()
        for size in held:
            x = rng.standard_normal(size).astype(arguments.dtype)
            times = seconds_a_call(columns.against_copies(x, KEEP_PROBS), rounds)
            against_copies.append(report.as_row_against_copies(size, times))
            progress.update()
        small_calls = report.as_small_calls(seconds_a_call(small.small_calls(), rounds))
        progress.update()
        # Last, as it loads other libraries, whose idle threads stay awake for a while.
        for size in sizes:
            x = rng.standard_normal(size).astype(arguments.dtype)
            rows.append(report.as_row(size, seconds_a_call(columns.columns(x, arguments.keep_prob), rounds)))
            progress.update()
        x = np.ones(max(sizes), arguments.dtype)
        bytes_an_element = memory.peaks(x, arguments.keep_prob)
        progress.update()
    return {
        "machine": report.machine(),
        "settings": {"dtype": arguments.dtype, "keep_prob": arguments.keep_prob, "rounds": rounds},
        "rows": rows,
        "against_copies": against_copies,
        "small_calls": small_calls,
        "startup_seconds": startup_seconds,
        "peak_memory": {"size": x.size, "bytes_an_element": bytes_an_element},
    }


def add_options(parser: argparse.ArgumentParser) -> None:
    """Describe the command's options."""
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
