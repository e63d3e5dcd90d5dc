"""Measure calls in a hot loop, where arrays are in the caches and threads awake; and the start of a process, and memory."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import dropouts, memory, results, startup
from .clock import BLOCK, seconds_a_call
from .small_calls import small_calls

#: Sizes and keep probabilities at which engine fast is compared with copies.
SIZES_OVER_COPIES = (3 * 2**14, 2**20, 2**24)
KEEP_PROBS = (0.1, 0.25, 1 / 3, 0.5, 0.8, 0.9)

#: New processes whose start is measured with compiled kernels on disk.
STARTS = 5


def count_of_rows(sizes: Sequence[int]) -> int:
    """Count how often `measure` reports a row."""
    return 2 * len(sizes) + len(_compared(sizes)) + 3


def measure(sizes: Sequence[int], dtype: str, keep_prob: float, rounds: int, on_row: Callable[[], object]) -> dict[str, Any]:
    """Return the results by the keys of a results file; calls `on_row` after each row of a table."""
    rng = np.random.default_rng(0)
    rows, against_copies = [], []
    startup_seconds = startup.seconds(STARTS)  # first, while this process has no threads at work
    on_row()
    for size in _compared(sizes):
        x = rng.standard_normal(size).astype(dtype)
        times = seconds_a_call(dropouts.fast_engine_and_copies(x, KEEP_PROBS), rounds, BLOCK)
        against_copies.append(results.over_copies(size, times))
        on_row()
    calls = results.of_small_calls(seconds_a_call(small_calls(), rounds, BLOCK))
    on_row()
    for size in sizes:
        x = rng.standard_normal(size).astype(dtype)
        rows.append(results.of_one_size(size, seconds_a_call(dropouts.all_dropouts(x, keep_prob), rounds, BLOCK)))
        on_row()
    # Late, and in rounds of their own, because the idle threads of other libraries hold the cores for a while.
    for size, row in zip(sizes, rows, strict=True):
        x = rng.standard_normal(size).astype(dtype)
        results.add_others(row, seconds_a_call(dropouts.beside_other_libraries(x, keep_prob), rounds, BLOCK))
        on_row()
    x = np.ones(max(sizes), dtype)
    bytes_an_element = memory.peaks(x, keep_prob)
    on_row()
    return {
        "rows": rows,
        "against_copies": against_copies,
        "small_calls": calls,
        "startup_seconds": startup_seconds,
        "peak_memory": {"size": x.size, "bytes_an_element": bytes_an_element},
    }


def _compared(sizes: Sequence[int]) -> list[int]:
    return [size for size in sizes if size in SIZES_OVER_COPIES]
