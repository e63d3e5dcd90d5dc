"""What does all of Python cost around a small array, and around a layer?"""

from functools import cache
from typing import Any

from . import engines, ratios
from .tools import clock, small

CALLS = ("dropout of 16", "dropout of 1000", "Dropout and backward of 1000", "Dropout in evaluation mode")


class Overhead:
    params = CALLS
    param_names = ("call",)
    version = "1"

    def time_call(self, call: str) -> None:
        _small_calls()[call]()


class OverheadCost:
    params = tuple(small.PAIRS)
    param_names = ("call",)
    version = "1"
    unit = "x the NumPy call"

    def setup(self, call: str) -> None:
        engines.skip_if_missing("fast")

    def track_over_numpy(self, call: str) -> dict[str, Any]:
        """Over the NumPy call beside which bench sets it."""
        below = small.PAIRS[call]
        made = _small_calls()
        times = clock.seconds_a_call({name: made[name] for name in (call, below)}, ratios.PLACEMENTS * ratios.ROUNDS, ratios.BLOCK)
        return {"samples": clock.ratios(times[call], times[below]), "number": 1}


@cache
def _small_calls() -> ratios.Functions:
    engines.skip_if_missing("fast")
    return small.small_calls()
