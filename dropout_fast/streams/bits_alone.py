"""Streams of bit generators whose kernels draw keep bits alone; these are applied by a pass of their own.

The kernels take addresses first, then the limit and which side of it is kept, the number of draws, and the array of bits.
"""

import ctypes
import math
from typing import Any

import numpy as np

from ..kernels.rng import next_double, pcg64_float32
from .base import Bits, Drawing, Key, Stream, draw_under_lock
from .mt19937 import empty_bits


def offers_next_double(bit_generator: Any) -> bool:
    """Whether it has the interface of NumPy's bit generators, as those of other packages have it too."""
    return isinstance(bit_generator, np.random.BitGenerator)


def by_next_double(bit_generator: Any) -> tuple[Any, tuple[int, int]]:
    """For ``rng.random()`` of any bit generator: by the C function with which NumPy makes each draw; takes a microsecond."""
    return next_double.draw_bits, _addresses(bit_generator, "next_double")


def by_next_float32(bit_generator: Any) -> tuple[Any, tuple[int, int]]:
    """For ``rng.random(dtype=np.float32)`` of any bit generator."""
    return next_double.draw_bits_of_float32, _addresses(bit_generator, "next_uint32")


def of_pcg64_float32(bit_generator: Any) -> tuple[Any, tuple[int]]:
    """For ``rng.random(dtype=np.float32)`` of PCG64."""
    return pcg64_float32.draw_bits_of_pcg64, (bit_generator.ctypes.state_address,)


def of_pcg64dxsm_float32(bit_generator: Any) -> tuple[Any, tuple[int]]:
    """For ``rng.random(dtype=np.float32)`` of PCG64DXSM."""
    return pcg64_float32.draw_bits_of_pcg64dxsm, (bit_generator.ctypes.state_address,)


def _addresses(bit_generator: Any, function: str) -> tuple[int, int]:
    interface = bit_generator.ctypes
    return ctypes.cast(getattr(interface, function), ctypes.c_void_p).value or 0, interface.state_address


def _make_stream(name: str, drawing: Drawing) -> Stream:
    def draw_bits(key: Key, shape: tuple[int, ...]) -> Bits:
        """Draw the keep bits; the generator's state is then what its own call would leave."""
        bit_generator, _, limit, keeps_upper = key
        kernel, addresses = drawing(bit_generator)
        size = math.prod(shape)
        bits = empty_bits(None, size)
        draw_under_lock(bit_generator, kernel, *addresses, limit, keeps_upper, size, bits)
        return bits

    return Stream(
        name=name,
        is_repeatable=False,
        draw_bits=draw_bits,
        locks_generator=True,
        draws_alone_by=drawing,
    )


NEXT_DOUBLE = _make_stream("next double", by_next_double)
NEXT_FLOAT32 = _make_stream("next float32", by_next_float32)
PCG64_FLOAT32 = _make_stream("pcg64 float32", of_pcg64_float32)
PCG64DXSM_FLOAT32 = _make_stream("pcg64dxsm float32", of_pcg64dxsm_float32)
