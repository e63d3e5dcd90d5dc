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
from .verdict import Case, Status, Times

WORKER = Path(__file__).parent / "worker.py"

#: Order in which each process loads the two commits; half of them either way, as the first gets better memory or worse.
ORDERS = (("base", "head"), ("head", "base"), ("head", "base"), ("base", "head"))

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
        table = verdict.rows(measure(folders, [case for case in verdict.FACTORS if case.threads <= available_cores()]))
        print(verdict.text(table))
        suspects = sorted({row.case for row in table if row.is_worse})
        second_look = verdict.rows(measure(folders, suspects)) if suspects else []
        if suspects:
            print("\nA second look\n" + verdict.text(second_look))
        return verdict.status(table, second_look)
    except Exception:  # an exit status of 1, which Python would give, says "worse"
        traceback.print_exc()
        return Status.NOTHING_MEASURED


def measure(folders: dict[str, Path], cases: list[Case], orders: tuple[tuple[str, ...], ...] = ORDERS) -> list[dict[Case, Times]]:
    """What each process measured: one for each order of the commits and number of threads."""
    processes = [(order, threads) for order in orders for threads in sorted({case.threads for case in cases})]
    measured = []
    for order, threads in tqdm(processes, desc="measuring", unit="process"):
        sizes = [case.size for case in cases if case.threads == threads]
        times = _worker(folders, order, threads, sizes)
        measured.append({Case(int(size), threads): by_name for size, by_name in times.items()})
    return measured


def _worker(folders: dict[str, Path], order: tuple[str, ...], threads: int, sizes: list[int]) -> dict[str, Times]:
    command = [sys.executable, str(WORKER), "--sizes", *map(str, sizes)]
    for side in order:
        command += ["--side", side, str(folders[side])]
    environment = os.environ | {
        "PYTHONPATH": str(folders["base"]),  # for the reference, whatever is installed
        "NUMBA_CACHE_DIR": str(builds.KEPT / "numba-cache"),
        "NUMBA_NUM_THREADS": str(threads),
    }
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True, timeout=PATIENCE)
    times: dict[str, Times] = json.loads(done.stdout)
    return times


def available_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def add_options(parser: argparse.ArgumentParser) -> None:
    """Describe the command's options."""
    parser.add_argument("base", metavar="BASE", help="the commit to compare with, main~1 say")
    parser.add_argument("head", metavar="HEAD", help="the commit that must not be slower")
