"""The options of `python -m dropout_fast bench`, and what it does with them."""

import argparse
import json
from pathlib import Path

import numpy as np
from tqdm import tqdm

from . import columns, memory, report
from .clock import seconds_a_call

SIZES = (1000, 2**14, 3 * 2**14, 2**18, 2**20, 2**24)
UNITS = {"Ki": 2**10, "Mi": 2**20}


def run(arguments: argparse.Namespace) -> int:
    """Measure, print, write; the exit status is 0."""
    rng = np.random.default_rng(0)
    rows = []
    for size in tqdm(arguments.sizes, unit="size", desc="measuring"):
        x = rng.standard_normal(size).astype(arguments.dtype)
        times = seconds_a_call(columns.columns(x, arguments.keep_prob), arguments.rounds)
        rows.append(report.as_row(size, times))
    x = np.ones(max(arguments.sizes), arguments.dtype)
    peaks = {name: memory.peak_bytes(forward) / x.nbytes for name, forward in columns.forwards(x, arguments.keep_prob).items()}

    machine = report.machine()
    settings = f"{arguments.dtype}, keep_prob {arguments.keep_prob:g}, medians of {arguments.rounds} interleaved rounds"
    print("\n" + ", ".join(f"{name} {value}" for name, value in machine.items()))
    print(f"{settings}\n\n{report.table(rows)}\n")
    print(f"peak memory of forward and cache at {report.size_text(x.size)}, in sizes of x")
    for name, peak in peaks.items():
        print(f"  {name}: {peak:.3f}")
    if arguments.json is not None:
        measured = {"machine": machine, "settings": settings, "rows": rows, "peak_memory_in_x": peaks}
        arguments.json.write_text(json.dumps(measured, indent=1) + "\n")
        print(f"JSON: {arguments.json.resolve()}")
    if arguments.plot is not None:
        report.plot(rows, arguments.plot, f"Dropout, {settings}")
        print(f"Plot: {arguments.plot.resolve()}")
    return 0


def add_options(parser: argparse.ArgumentParser) -> None:
    """Describe the command's options."""
    parser.add_argument("--sizes", type=_sizes, default=SIZES, help="elements, for example 1000,48Ki,1Mi")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32", help="(default: %(default)s)")
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
