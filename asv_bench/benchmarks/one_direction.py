"""What `forward.py` and `backward.py` share: times, and ratios to a copy and to the NumPy code."""

from functools import cache, partial
from typing import Any, ClassVar

import numpy as np

from asv_bench.measuring import copies

from . import engines, ratios


class _Params:
    params: ClassVar[Any] = (engines.ENGINES, engines.DTYPES, engines.SIZES, engines.KEEP_PROBS)
    param_names: ClassVar[Any] = ("engine", "dtype", "size", "keep_prob")


class _Seconds(_Params):
    """No setup: asv clocks single calls of a benchmark that has one, and small calls then seem to take twice as long."""

    direction: str
    version = "1"

    def time_call(self, engine: str, dtype: str, size: int, keep_prob: float) -> None:
        _call(self.direction, engine, dtype, size, keep_prob)()


class _Cost(_Params):
    direction: str
    version = "1"

    def setup(self, engine: str, dtype: str, size: int, keep_prob: float) -> None:
        engines.skip_if_missing(engine)
        self.x = _array(dtype, size)

    def track_over_copy(self, engine: str, dtype: str, size: int, keep_prob: float) -> dict[str, Any]:
        make = partial(engines.calls, engine, keep_prob)
        return ratios.samples(make, self.x, f"ours {self.direction}", copies.fair_copy(self.x.nbytes))

    def track_over_reference(self, engine: str, dtype: str, size: int, keep_prob: float) -> dict[str, Any]:
        make = partial(engines.calls_and_reference, engine, keep_prob)
        return ratios.samples(make, self.x, f"ours {self.direction}", f"reference {self.direction}")

    track_over_copy.unit = "x a copy"  # type: ignore[attr-defined]
    track_over_reference.unit = "x the NumPy code"  # type: ignore[attr-defined]


@cache
def _call(direction: str, engine: str, dtype: str, size: int, keep_prob: float) -> Any:
    engines.skip_if_missing(engine)
    x = _array(dtype, size)
    return engines.calls(engine, keep_prob, x, np.empty_like(x))[f"ours {direction}"]


def _array(dtype: str, size: int) -> ratios.Array:
    return np.random.default_rng(0).standard_normal(size).astype(dtype)
