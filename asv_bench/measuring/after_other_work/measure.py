"""Clock single calls, each after work on other memory."""

import statistics
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

import dropout_fast
from dropout_fast import reference

from .. import dropouts
from ..clock import Function, median_ratio, seconds_after

#: Elements. The public training loops that the library was tried in have hidden layers of such sizes.
SIZES = (100, 2_000, 50_000)

DTYPE, KEEP_PROB = "float64", 0.5

#: Bytes read and written between two calls: the state of Adam for a small net. More than a core's own caches hold.
BYTES_TOUCHED = 12_000_000

#: Single calls scatter, so each round has several.
CALLS_A_ROUND = 8

#: For each call the NumPy code that it replaces.
COMPARED_WITH = {
    "engine numpy forward": "NumPy forward",
    "engine numpy backward": "NumPy backward",
    "engine fast forward": "NumPy forward",
    "engine fast backward": "NumPy backward",
    "mode test": "NumPy mode test",
}


def measure(rounds: int, on_row: Callable[[], object]) -> dict[str, Any]:
    """Return the results of all sizes; calls `on_row` after each."""
    rows = []
    for size in SIZES:
        times = seconds_after(other_work(), calls(size), CALLS_A_ROUND * rounds)
        rows.append(
            {
                "size": size,
                "us_a_call": {name: statistics.median(seconds) * 1e6 for name, seconds in times.items()},
                "over_numpys": {ours: median_ratio(times[ours], times[theirs]) for ours, theirs in COMPARED_WITH.items()},
            }
        )
        on_row()
    return {"dtype": DTYPE, "bytes_touched": BYTES_TOUCHED, "rows": rows}


def other_work() -> Function:
    """Make a function that reads and writes `BYTES_TOUCHED` bytes."""
    state = np.zeros(BYTES_TOUCHED // 8)
    return partial(np.add, state, 1.0, out=state)


def calls(size: int) -> dict[str, Function]:
    """Make the functions to clock. Each is called once here, so all are compiled.

    A commit without engine fast has none of its functions.
    """
    x = np.random.default_rng(0).standard_normal(size).astype(DTYPE)
    evaluating = {"p": KEEP_PROB, "mode": "test"}
    made: dict[str, Function] = {
        "np.multiply": partial(np.multiply, x, x),
        **dropouts.drop_in("NumPy", reference, x, KEEP_PROB),
        **dropouts.drop_in("engine numpy", dropout_fast, x, KEEP_PROB),
        **(fast(x) if hasattr(dropout_fast, "dropout") else {}),
        "NumPy mode test": lambda: reference.dropout_forward(x, evaluating),
        "mode test": lambda: dropout_fast.dropout_forward(x, evaluating),
    }
    for function in made.values():
        function()
    return made


def fast(x: npt.NDArray[Any]) -> dict[str, Function]:
    """Make engine fast's forward and backward, each with a new array for its result, as NumPy's have."""
    _, mask = dropout_fast.dropout(x, keep_prob=KEEP_PROB, seed=0)
    return {
        "engine fast forward": lambda: dropout_fast.dropout(x, keep_prob=KEEP_PROB, seed=0),
        "engine fast backward": lambda: mask.apply(x),
    }
