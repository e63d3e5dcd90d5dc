"""The global generator of `np.random`, whatever it is: NumPy itself draws, and the comparison is packed into bits."""

from typing import Any

import numpy as np

from .base import Bits, Key, Stream, threads_alone

#: The kernels read four bytes of a mask at a time.
LEAST_BYTES = 4


def draw_bits(key: tuple[Any, Any], shape: tuple[int, ...]) -> Bits:
    """The bits of ``np.random.rand(*shape) < p``; NumPy compares, as a `p` of NumPy's own types may need."""
    packed = np.packbits(np.ravel(np.random.rand(*shape) < key[1]), bitorder="little")
    return np.pad(packed, (0, max(0, LEAST_BYTES - packed.size)))


def _no_arguments(key: Key) -> tuple[Any, ...]:
    raise NotImplementedError("this stream has no drawing pass")


def _no_bits(key: Key, size: int) -> Bits:
    raise NotImplementedError("this stream has no drawing pass")


ANY_BIT_GENERATOR = Stream(
    name="any bit generator",
    is_repeatable=False,
    draw_bits=draw_bits,
    drawing_pass=None,
    positive_pass=None,
    arguments=_no_arguments,
    shares=threads_alone,
    empty_bits=_no_bits,
    locks_generator=False,  # np.random.rand takes it itself
)
