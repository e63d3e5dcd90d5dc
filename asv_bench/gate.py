"""`python -m asv_bench gate BASE HEAD`: whether a commit lost speed, by ratios that hold on noisy machines."""

import argparse
import json
import os
import subprocess
import sys
import time
import traceback
from pathlib import Path

from tqdm import tqdm

from . import builds, verdict
from .verdict import Status

WORKER = Path(__file__).parent / "worker.py"

#: Order in which each process loads the two commits; half of them either way, as the first gets better memory or worse.
ORDERS = (("base", "head"), ("head", "base"), ("head", "base"), ("base", "head"))

#: Threads of every process: enough for the parallel kernels to be the ones that are measured.
THREADS = "2"

#: Seconds after which a process counts as hanging.
PATIENCE = 300

WORDS = {
    Status.NOT_WORSE: "not worse: no metric of {head} is above what is allowed",
    Status.WORSE: "WORSE: {head} is slower than {base} where the table says so, and a second look found the same",
    Status.NOTHING_MEASURED: "NOTHING WAS MEASURED that tells whether {head} is slower than {base}",
    Status.NOT_BUILT: "COULD NOT BUILD {base} or {head}",
}


def run(arguments: argparse.Namespace) -> int:
    """Build both commits, measure, print the table; returns the `Status`."""
    start = time.monotonic()
    status = _status(arguments.base, arguments.head)
    words = WORDS[status].format(base=arguments.base, head=arguments.head)
    print(f"\n{words} (exit status {int(status)}, {time.monotonic() - start:.0f} s)")
    return status


def _status(base: str, head: str) -> Status:
    try:
        folders = {"base": builds.build(base, "base"), "head": builds.build(head, "head")}
    except (builds.NotBuilt, OSError) as error:
        print(error)
        return Status.NOT_BUILT
    try:
        table = verdict.rows(measure(folders, sizes=list(verdict.FACTORS)))
        print(verdict.text(table))
        suspects = sorted({row.size for row in table if row.is_worse})
        second_look = verdict.rows(measure(folders, suspects)) if suspects else []
        if suspects:
            print("\nA second look\n" + verdict.text(second_look))
        return verdict.status(table, second_look)
    except Exception:  # an exit status of 1, which Python would give, says "worse"
        traceback.print_exc()
        return Status.NOTHING_MEASURED


def measure(folders: dict[str, Path], sizes: list[int], orders: tuple[tuple[str, ...], ...] = ORDERS) -> list[dict[int, verdict.Times]]:
    """What each process measured, by size."""
    _worker(folders, orders[0], sizes, "--compile-only")
    return [_worker(folders, order, sizes) for order in tqdm(orders, desc="measuring", unit="process")]


def _worker(folders: dict[str, Path], order: tuple[str, ...], sizes: list[int], *options: str) -> dict[int, verdict.Times]:
    command = [sys.executable, str(WORKER), *options, "--sizes", *map(str, sizes)]
    for side in order:
        command += ["--side", side, str(folders[side])]
    environment = os.environ | {
        "PYTHONPATH": str(folders["base"]),  # for the reference, whatever is installed
        "NUMBA_CACHE_DIR": str(builds.KEPT / "numba-cache"),
        "NUMBA_NUM_THREADS": THREADS,
    }
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True, timeout=PATIENCE)
    return {int(size): times for size, times in json.loads(done.stdout).items()}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Describe the command's options."""
    parser.add_argument("base", metavar="BASE", help="the commit to compare with, main~1 say")
    parser.add_argument("head", metavar="HEAD", help="the commit that must not be slower")
