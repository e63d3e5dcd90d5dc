"""What `forward` and `backward` have in common: times, and costs over a copy and over the NumPy code."""

from functools import cache, partial
from typing import Any, ClassVar

import numpy as np

from . import engines, ratios
from .tools import columns


class _Params:
    params: ClassVar[Any] = (engines.ENGINES, engines.DTYPES, engines.SIZES, engines.KEEP_PROBS)
    param_names: ClassVar[Any] = ("engine", "dtype", "size", "keep_prob")


class _Seconds(_Params):
    """No setup: with one asv would clock single calls, and small ones would read as twice as long as they are."""

    way: str
    version = "1"

    def time_call(self, engine: str, dtype: str, size: int, keep_prob: float) -> None:
        _call(self.way, engine, dtype, size, keep_prob)()


class _Cost(_Params):
    way: str
    version = "1"

    def setup(self, engine: str, dtype: str, size: int, keep_prob: float) -> None:
        engines.skip_if_missing(engine)
        self.x = _array(dtype, size)

    def track_over_copy(self, engine: str, dtype: str, size: int, keep_prob: float) -> dict[str, Any]:
        make = partial(engines.calls, engine, keep_prob)
        return ratios.samples(make, self.x, f"ours {self.way}", columns.fair_copy(self.x.nbytes))

    def track_over_reference(self, engine: str, dtype: str, size: int, keep_prob: float) -> dict[str, Any]:
        make = partial(engines.beside_the_reference, engine, keep_prob)
        return ratios.samples(make, self.x, f"ours {self.way}", f"reference {self.way}")

    track_over_copy.unit = "x a copy"  # type: ignore[attr-defined]
    track_over_reference.unit = "x the NumPy code"  # type: ignore[attr-defined]


@cache
def _call(way: str, engine: str, dtype: str, size: int, keep_prob: float) -> Any:
    engines.skip_if_missing(engine)
    x = _array(dtype, size)
    return engines.calls(engine, keep_prob, x, np.empty_like(x))[f"ours {way}"]


def _array(dtype: str, size: int) -> ratios.Array:
    return np.random.default_rng(0).standard_normal(size).astype(dtype)
