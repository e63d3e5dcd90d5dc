"""The two engines as functions of a keep probability and two arrays, for any commit that has them."""

from asv_runner.benchmarks.mark import SkipNotImplemented

import dropout_fast
from dropout_fast import reference

from .ratios import Array, Functions
from .tools import columns

ENGINES = ("numpy", "fast")
DTYPES = ("float32", "float64")
SIZES = (2**10, 3 * 2**14, 2**20, 2**24)
KEEP_PROBS = (0.5, 0.9)


def skip_if_missing(engine: str) -> None:
    """In a commit from before engine fast asv shall say "n/a"."""
    if engine == "fast" and not hasattr(dropout_fast, "dropout"):
        raise SkipNotImplemented("this commit has no engine fast")


def calls(engine: str, keep_prob: float, x: Array, target: Array) -> Functions:
    """Forward and backward of one engine, "ours forward" and "ours backward"; engine fast writes to `target`."""
    if engine == "fast":
        return columns.fast_engine("ours", dropout_fast, x, keep_prob, target)
    return columns.drop_in("ours", dropout_fast, x, keep_prob)


def beside_the_reference(engine: str, keep_prob: float, x: Array, target: Array) -> Functions:
    """The same, and "reference forward" and "reference backward"."""
    return calls(engine, keep_prob, x, target) | columns.drop_in("reference", reference, x, keep_prob)
