"""The two engines, and the parameters that most benchmarks run them with."""

from asv_runner.benchmarks.mark import SkipNotImplemented

import dropout_fast
from asv_bench.measuring import dropouts
from dropout_fast import reference

from .ratios import Array, Functions

ENGINES = ("numpy", "fast")
DTYPES = ("float32", "float64")
SIZES = (2**10, 3 * 2**14, 2**20, 2**24)
KEEP_PROBS = (0.5, 0.9)


def skip_if_missing(engine: str) -> None:
    """Make asv say "n/a" for engine fast in commits that do not have it yet."""
    if engine == "fast" and not hasattr(dropout_fast, "dropout"):
        raise SkipNotImplemented("this commit has no engine fast")


def calls(engine: str, keep_prob: float, x: Array, target: Array) -> Functions:
    """Make "ours forward" and "ours backward" of one engine; engine fast writes its results to `target`."""
    if engine == "fast":
        return dropouts.fast_engine("ours", dropout_fast, x, keep_prob, target)
    return dropouts.drop_in("ours", dropout_fast, x, keep_prob)


def calls_and_reference(engine: str, keep_prob: float, x: Array, target: Array) -> Functions:
    """Make the same functions, and "reference forward" and "reference backward" of the NumPy code."""
    return calls(engine, keep_prob, x, target) | dropouts.drop_in("reference", reference, x, keep_prob)
