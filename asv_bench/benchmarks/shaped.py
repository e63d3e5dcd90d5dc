"""Masks whose elements share bits, and blocks of larger arrays: times over those of the usual dropout, in place."""

import inspect
from typing import Any, ClassVar

from asv_runner.benchmarks.mark import SkipNotImplemented

import dropout_fast
from asv_bench.measuring import clock
from asv_bench.measuring.shaped import measure

from . import ratios


class ShapedCost:
    params: ClassVar[Any] = (tuple(measure.CASES),)
    param_names = ("case",)
    version = "1"
    unit = "x the usual dropout"

    def setup(self, name: str) -> None:
        if "noise_shape" not in inspect.signature(dropout_fast.dropout).parameters:
            raise SkipNotImplemented("this commit has no noise_shape")
        self.calls = measure.calls(measure.CASES[name], 0.5)

    def track_forward_over_usual(self, name: str) -> dict[str, Any]:
        return self._samples("forward")

    def track_backward_over_usual(self, name: str) -> dict[str, Any]:
        return self._samples("backward")

    def _samples(self, direction: str) -> dict[str, Any]:
        pair = {key: self.calls[key] for key in (f"shaped {direction}", f"usual {direction}")}
        times = clock.seconds_a_call(pair, ratios.PLACEMENTS * ratios.ROUNDS, ratios.BLOCK)
        above, below = (times[key] for key in pair)
        return {"samples": clock.ratios(above, below), "number": 1}
