"""Which stream draws as `np.random` does at the moment."""

from typing import Any

import numpy as np
from numba import config

from .any_bit_generator import ANY_BIT_GENERATOR
from .base import Key, Stream
from .mt19937 import MT19937
from .rounding import PLAIN_NUMBERS

_get_bit_generator = np.random.get_bit_generator  # type: ignore[attr-defined]  # documented, absent from NumPy's stubs
_MT19937 = np.random.MT19937


def numpy_stream(p: Any) -> tuple[Stream, Key]:
    """The stream and key for ``np.random.rand(*shape) < p``: by a kernel where one draws and compares as NumPy does."""
    bit_generator = _get_bit_generator()
    compiles = not config.DISABLE_JIT  # type: ignore[attr-defined]  # set at run time
    if compiles and type(bit_generator) is _MT19937 and isinstance(p, PLAIN_NUMBERS):
        return MT19937, (bit_generator, p)
    return ANY_BIT_GENERATOR, (bit_generator, p)
