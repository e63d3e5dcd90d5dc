"""`python -m asv_bench gate BASE HEAD`: find out whether a commit is slower, by ratios that hold on noisy machines."""

import argparse
import json
import os
import subprocess
import sys
import time
import traceback
from pathlib import Path

from tqdm import tqdm

from ..paths import REPOSITORY
from . import build, comment, verdict
from .verdict import Case, Row, Status, Times

#: -P keeps the current folder off the path, so that the worker does not import the working tree's dropout_fast.
WORKER = (sys.executable, "-P", "-m", "asv_bench.gate.worker")

#: The order in which each process loads the commits. The first may get faster or slower memory, so each commit is first in half
#: of the processes.
ORDERS = (("base", "head"), ("head", "base"), ("head", "base"), ("base", "head"))

#: Seconds after which a process is stopped, as one that hangs.
PATIENCE = 300

WORDS = {
    Status.NOT_WORSE: "not worse: no metric of {head} is above what is allowed",
    Status.WORSE: "WORSE: {head} is slower than {base} where the table says so, and a second look found the same",
    Status.NOTHING_MEASURED: "NOTHING WAS MEASURED that tells whether {head} is slower than {base}",
    Status.BUILD_FAILED: "COULD NOT BUILD {base} or {head}",
}


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the `Status`, which is the exit status."""
    start = time.monotonic()
    status, table, second_look = _judged(arguments.base, arguments.head)
    words = WORDS[status].format(base=arguments.base, head=arguments.head)
    print(f"\n{words} (exit status {int(status)}, {time.monotonic() - start:.0f} s)")
    if arguments.markdown:
        arguments.markdown.write_text(comment.markdown(words, table, second_look))
    return status


def _judged(base: str, head: str) -> tuple[Status, list[Row], list[Row]]:
    """The outcome, with the table and the second look that it was found by, as far as they were measured."""
    table: list[Row] = []
    second_look: list[Row] = []
    try:
        folders = {"base": build.build(base, "base"), "head": build.build(head, "head")}
    except (build.BuildError, OSError) as error:
        print(error)
        return Status.BUILD_FAILED, table, second_look
    try:
        table = verdict.rows(measure(folders, [case for case in verdict.FACTORS if case.threads <= available_cores()]))
        print(verdict.text(table))
        suspects = sorted({row.case for row in table if row.is_worse})
        if suspects:
            second_look = verdict.rows(measure(folders, suspects))
            print("\nA second look\n" + verdict.text(second_look))
        return verdict.status(table, second_look), table, second_look
    except Exception:  # Python would end with exit status 1, which says "worse"
        traceback.print_exc()
        return Status.NOTHING_MEASURED, table, second_look


def measure(folders: dict[str, Path], cases: list[Case], orders: tuple[tuple[str, ...], ...] = ORDERS) -> list[dict[Case, Times]]:
    """Run a process for each order of the commits and number of threads; returns the times that each process measured."""
    processes = [(order, threads) for order in orders for threads in sorted({case.threads for case in cases})]
    measured = []
    for order, threads in tqdm(processes, desc="measuring", unit="process"):
        measured.append(_worker(folders, order, threads, [case for case in cases if case.threads == threads]))
    return measured


def _worker(folders: dict[str, Path], order: tuple[str, ...], threads: int, cases: list[Case]) -> dict[Case, Times]:
    command = [*WORKER]
    for case in cases:
        command += ["--case", str(case.size), case.place]
    for side in order:
        command += ["--side", side, str(folders[side])]
    environment = os.environ | {
        # The measuring code imports some dropout_fast, if only for its NumPy code: the base's, whatever is installed.
        "PYTHONPATH": os.pathsep.join((str(folders["base"]), str(REPOSITORY))),
        "NUMBA_CACHE_DIR": str(build.BUILDS / "numba-cache"),
        "NUMBA_NUM_THREADS": str(threads),
    }
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True, timeout=PATIENCE)
    times: list[Times] = json.loads(done.stdout)
    return dict(zip(cases, times, strict=True))


def available_cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("base", metavar="BASE", help="the commit to compare with, for example main~1")
    parser.add_argument("head", metavar="HEAD", help="the commit that must not be slower")
    parser.add_argument(
        "--markdown", metavar="FILE", type=writable, help="write the outcome there, as a comment for a pull request"
    )


def writable(text: str) -> Path:
    """A path in a folder that exists, so that a gate does not measure in vain."""
    path = Path(text)
    if not path.resolve().parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {path.resolve().parent}")
    return path
