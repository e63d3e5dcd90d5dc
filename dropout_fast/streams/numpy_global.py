"""Which stream draws as `np.random` does at the moment."""

from typing import Any

import numpy as np
from numba import config

from .any_bit_generator import ANY_BIT_GENERATOR
from .base import Key, Stream
from .mt19937 import MT19937
from .rounding import NUMPY, OPERATOR, Rounding

#: Types of p whose mask is a float64 array, which NumPy compares with and multiplies by as Python and the kernels do.
PLAIN_NUMBERS = (float, int)

_get_bit_generator = np.random.get_bit_generator  # type: ignore[attr-defined]  # documented, absent from NumPy's stubs
_MT19937 = np.random.MT19937
_COMPILES = not config.DISABLE_JIT  # type: ignore[attr-defined]  # set at run time


def numpy_stream(shape: tuple[int, ...], p: Any, scaled: bool) -> tuple[Stream, Key, Rounding]:
    """The stream and key for ``np.random.rand(*shape) < p``, and the rounding rule of the mask that NumPy code makes of it.

    A kernel draws where it compares as NumPy does.
    """
    bit_generator = _get_bit_generator()
    is_plain = isinstance(p, PLAIN_NUMBERS)
    stream = MT19937 if _COMPILES and is_plain and type(bit_generator) is _MT19937 else ANY_BIT_GENERATOR
    # For a 0-d x the NumPy code's mask is a Python number, which NumPy multiplies by in x's own dtype.
    return stream, (bit_generator, p), NUMPY if shape and (is_plain or not scaled) else OPERATOR
