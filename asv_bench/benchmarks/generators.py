"""Other generators and forms of NumPy dropout: our time over that of the NumPy lines with the same generator."""

from typing import Any, ClassVar

from asv_runner.benchmarks.mark import SkipNotImplemented

import dropout_fast
from asv_bench.measuring import clock
from asv_bench.measuring.generators import measure

from . import ratios

NAMES = (
    "Generator, PCG64",
    "Generator, PCG64, float32 draws",
    "Generator, SFC64",
    "np.random, NNFS, keep_prob 0.8",
    "np.random, DEZERO, keep_prob 0.8",
    "np.random, COURSERA, keep_prob 0.8",
)


class GeneratorCost:
    params: ClassVar[Any] = (NAMES, (2**10, 2**14, 2**20))
    param_names = ("case", "size")
    version = "1"
    unit = "x the NumPy code"

    def setup(self, name: str, size: int) -> None:
        if not hasattr(dropout_fast, "forms"):
            raise SkipNotImplemented("this commit has no forms")
        self.calls = measure.calls(measure.cases()[name], size)

    def track_forward_over_reference(self, name: str, size: int) -> dict[str, Any]:
        ours, numpys = measure.PAIRS["forward"]
        pair = {key: self.calls[key] for key in (ours, numpys)}
        times = clock.seconds_a_call(pair, ratios.PLACEMENTS * ratios.ROUNDS, ratios.BLOCK)
        return {"samples": clock.ratios(times[ours], times[numpys]), "number": 1}
