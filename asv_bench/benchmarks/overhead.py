"""How long does the Python around the kernel take, for small arrays and for a layer?"""

from functools import cache
from typing import Any

from asv_bench.measuring import clock, small_calls

from . import engines, ratios

CALLS = ("dropout of 16", "dropout of 1000", "Dropout and backward of 1000", "Dropout in evaluation mode")


class Overhead:
    params = CALLS
    param_names = ("call",)
    version = "1"

    def time_call(self, call: str) -> None:
        _small_calls()[call]()


class OverheadCost:
    params = tuple(small_calls.COMPARED_WITH)
    param_names = ("call",)
    version = "1"
    unit = "x the NumPy call"

    def setup(self, call: str) -> None:
        engines.skip_if_missing("fast")

    def track_over_numpy(self, call: str) -> dict[str, Any]:
        """Over the NumPy call that `COMPARED_WITH` names."""
        numpys = small_calls.COMPARED_WITH[call]
        made = _small_calls()
        times = clock.seconds_a_call({name: made[name] for name in (call, numpys)}, ratios.PLACEMENTS * ratios.ROUNDS, ratios.BLOCK)
        return {"samples": clock.ratios(times[call], times[numpys]), "number": 1}


@cache
def _small_calls() -> ratios.Functions:
    engines.skip_if_missing("fast")
    return small_calls.small_calls()
