"""NumPy's SFC64 and Philox: keep bits by the C function with which NumPy makes each draw, without an array of draws."""

import ctypes
import functools
import math
from typing import Any

import numpy as np

from ..kernels.rng.next_double import draw_bits as draw_bits_by_kernel
from .base import Bits, Key, Stream, draw_under_lock, no_arguments, threads_alone
from .mt19937 import empty_bits

#: Whose C functions need nothing but their state, and are the same for each generator of a type.
BIT_GENERATORS = (np.random.SFC64, np.random.Philox)


@functools.cache
def next_double_address(kind: type[Any]) -> int:
    """Address of the function of a type of bit generators."""
    return ctypes.cast(kind(0).ctypes.next_double, ctypes.c_void_p).value or 0


def draw_bits(key: Key, shape: tuple[int, ...]) -> Bits:
    """Draw the keep bits; NumPy's state is then what ``rng.random(shape)`` would leave."""
    bit_generator, p = key
    size = math.prod(shape)
    bits = empty_bits(key, size)
    address, state_address = next_double_address(bit_generator.__class__), bit_generator.ctypes.state_address
    draw_under_lock(bit_generator, draw_bits_by_kernel, address, state_address, float(p), size, bits)
    return bits


NEXT_DOUBLE = Stream(
    name="next double",
    is_repeatable=False,
    draw_bits=draw_bits,
    drawing_pass=None,
    positive_pass=None,
    arguments=no_arguments,
    shares=threads_alone,
    empty_bits=empty_bits,
    locks_generator=True,
)
