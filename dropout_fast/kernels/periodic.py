"""A bias laid out so that kernels can load any 64 elements of it that follow each other, past the end of a row.

Where a group starts in it is a remainder, which is computed without a division: by D. Lemire, O. Kaser, N. Kurz, "Faster remainder
by direct computation", Software: Practice and Experience 49(6) (2019).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from .options import tiny_helper
from .simd.vectors import GROUP, upper_half_of_product

#: Products of an array's size and a period are below this; up to there, the remainder is exact.
MOST_PRODUCT = 2**64


def period_of(length: int) -> int:
    """The least multiple of a bias's length that a group does not pass twice."""
    return (GROUP + length - 1) // length * length


def reciprocal_of(period: int) -> np.int64:
    """``2**64 / period``, rounded up."""
    return np.int64(np.uint64(2**64 - 1) // np.uint64(period)) + 1


def repeated(bias: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The bias again and again, for two periods and a group: the elements of any thread's share may start anywhere in the first.

    Parameters
    ----------
    bias : ndarray, 1-d, not empty

    Returns
    -------
    ndarray, 1-d, of bias's dtype
    """
    length = bias.size
    if length >= GROUP:
        return np.concatenate((bias, bias, bias[:GROUP]))
    return np.concatenate((bias,) * ((2 * period_of(length) + GROUP + length - 1) // length))


@tiny_helper
def remainder(index, period, reciprocal):
    """``index % period``: two multiplications, where a division takes 8 to 40 cycles."""
    return index - period * np.intp(upper_half_of_product(np.uint64(index), np.uint64(reciprocal)))
