"""Clock forwards and backwards with a noise shape or a region in place, beside those of the usual dropout."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

import dropout_fast

from ..clock import BLOCK, Function, median_ratio, seconds_a_call

DTYPE = "float32"

DIRECTIONS = ("forward", "backward")


class Case(NamedTuple):
    """An array, and what `dropout` is told besides."""

    shape: tuple[int, ...]
    options: dict[str, Any]


def _columns(count: int, width: int, rows: int) -> Case:
    """That many columns of an array of a certain width, away from its edge if there is room."""
    start = min(32, width - count)
    return Case((rows, count), {"region": ((rows, width), ((0, rows), (start, start + count)))})


#: By name. Regions have 1 Mi elements.
CASES = {
    "whole maps of 64 x 64 x 32 x 32": Case((64, 64, 32, 32), {"noise_shape": (64, 64, 1, 1)}),
    "whole maps of 64 x 512 x 7 x 7": Case((64, 512, 7, 7), {"noise_shape": (64, 512, 1, 1)}),
    "whole channels of 64 x 32 x 32 x 64, channels last": Case((64, 32, 32, 64), {"noise_shape": (64, 1, 1, 64)}),
    "one mask of 1024 units for 1024 rows": Case((1024, 1024), {"noise_shape": (1, 1024)}),
    "one mask of 256 units for 128 times": Case((64, 128, 256), {"noise_shape": (64, 1, 256)}),
    "one bit for each of 1024 rows": Case((1024, 1024), {"noise_shape": (1024, 1)}),
    "256 columns of 1024": _columns(256, 1024, 2**12),
    "256 columns of 4096": _columns(256, 4096, 2**12),
    "16 columns of 64": _columns(16, 64, 2**16),
    "16 columns of 256": _columns(16, 256, 2**16),
    "16 columns of 1024": _columns(16, 1024, 2**16),
}


def calls(case: Case, keep_prob: float) -> dict[str, Function]:
    """Make ours and the usual forward and backward, all in place. Each is called once here, so all are compiled."""
    x = np.zeros(case.shape, DTYPE)  # stays 0 however often it is scaled
    made: dict[str, Function] = {}
    for name, options in (("shaped", case.options), ("usual", {})):
        _, mask = dropout_fast.dropout(x, keep_prob=keep_prob, seed=0, **options, out=x)
        made[f"{name} forward"] = partial(dropout_fast.dropout, x, keep_prob=keep_prob, seed=0, **options, out=x)
        made[f"{name} backward"] = partial(mask.apply, x, out=x)
    for function in made.values():
        function()
    return made


def use_for_a_second(case: Case, keep_prob: float) -> None:
    """Draw as a training would: what draws a region in parallel is compiled after half a second of serial calls."""
    forward, stop = calls(case, keep_prob)["shaped forward"], time.monotonic() + 1.0
    while time.monotonic() < stop:
        forward()


def measure(keep_prob: float, rounds: int, on_row: Callable[[], object]) -> dict[str, Any]:
    """Return the ratios of all cases; calls `on_row` after each."""
    use_for_a_second(_columns(256, 1024, 2**12), keep_prob)
    rows = []
    for name, case in CASES.items():
        times = seconds_a_call(calls(case, keep_prob), rounds, BLOCK)
        ratios = {way: median_ratio(times[f"shaped {way}"], times[f"usual {way}"]) for way in DIRECTIONS}
        rows.append({"name": name, "over_usual": ratios})
        on_row()
    return {"dtype": DTYPE, "rows": rows}
