"""Measure all nets, with BLAS on one thread and on all."""

from collections.abc import Callable, Sequence
from typing import Any

import dropout_fast

from . import blas, results
from .nets import Net
from .training_step import InPlaceStep, TrainingStep
from .turns import seconds_a_step
from .ways import all_ways, beside_pytorch, has_fused, has_pytorch, in_place_ways

Rows = list[dict[str, Any]]


def count_of_rows(nets: Sequence[Net]) -> int:
    """Count how often `measure` and `add_pytorch` report a row."""
    return len(nets) * len(blas.numbers_of_threads()) * (2 if has_pytorch() else 1)


def measure(nets: Sequence[Net], keep_prob: float, rounds: int, on_row: Callable[[], object]) -> Rows:
    """Return the results of each number of BLAS's threads and each net; calls `on_row` after each.

    A commit that fuses nothing has no part "fused".
    """
    rows = []
    for threads in blas.numbers_of_threads():
        with blas.limited_to(threads):
            for net in nets:
                turns = seconds_a_step(TrainingStep(net), all_ways(net, keep_prob), rounds)
                rows.append(results.of_one_net(net, threads, turns))
                if has_fused(dropout_fast):
                    step = InPlaceStep(net)
                    turns = seconds_a_step(step, in_place_ways(dropout_fast, keep_prob, step.b1, step.db1), rounds)
                    rows[-1]["fused"] = results.of_fused(turns)
                on_row()
    return rows


def add_pytorch(rows: Rows, nets: Sequence[Net], keep_prob: float, rounds: int, on_row: Callable[[], object]) -> None:
    """Add PyTorch's layer to the results, where it is installed; calls `on_row` after each.

    It has rounds of its own, after all others: the threads that it leaves would slow down what comes next.
    """
    if not has_pytorch():
        return
    by_name = {net.name: net for net in nets}
    for row in rows:
        net = by_name[row["net"]]
        with blas.limited_to(row["blas_threads"]):
            turns = seconds_a_step(TrainingStep(net), beside_pytorch(net, keep_prob), rounds)
        results.add_pytorch(row, turns)
        on_row()
