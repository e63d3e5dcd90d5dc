"""Measure all nets, with BLAS on one thread and on all."""

from collections.abc import Callable, Sequence
from typing import Any

from . import blas, results
from .nets import Net
from .training_step import TrainingStep
from .turns import seconds_a_step
from .ways import all_ways, beside_pytorch

Rows = list[dict[str, Any]]


def measure(nets: Sequence[Net], keep_prob: float, rounds: int, on_row: Callable[[], object]) -> Rows:
    """Return the results of each number of BLAS's threads and each net; calls `on_row` after each."""
    rows = []
    for threads in blas.numbers_of_threads():
        with blas.limited_to(threads):
            for net in nets:
                turns = seconds_a_step(TrainingStep(net), all_ways(net, keep_prob), rounds)
                rows.append(results.of_one_net(net, threads, turns))
                on_row()
    return rows


def add_pytorch(rows: Rows, nets: Sequence[Net], keep_prob: float, rounds: int) -> None:
    """Add PyTorch's layer to the results, where it is installed.

    It has rounds of its own, after all others: the threads that it leaves would slow down what comes next.
    """
    by_name = {net.name: net for net in nets}
    for row in rows:
        net = by_name[row["net"]]
        ways = beside_pytorch(net, keep_prob)
        if ways:
            with blas.limited_to(row["blas_threads"]):
                results.add_pytorch(row, seconds_a_step(TrainingStep(net), ways, rounds))
