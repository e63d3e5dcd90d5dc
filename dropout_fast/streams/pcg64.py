"""NumPy's PCG64, the generator of `np.random.default_rng`, and PCG64DXSM: the keep bits of ``rng.random(shape) < p``."""

import ctypes
import functools
import math
from typing import Any

import numpy as np

from ..kernels.factory import Pass
from ..kernels.passes import pcg64
from .base import Bits, Stream, draw_under_lock, threads_alone
from .mt19937 import empty_bits

#: The bit generator, and the parts of a `thresholds.Comparison`.
Pcg64Key = tuple[Any, int, float, bool]


def arguments(key: Pcg64Key) -> tuple[int, int]:
    """Address of the generator's state, and the threshold."""
    return key[0].ctypes.state_address, key[1]


def _make_stream(name: str, drawing_pass: Pass, draw_bits_by_kernel: Any) -> Stream:
    def draw_bits(key: Pcg64Key, shape: tuple[int, ...]) -> Bits:
        """Draw the keep bits alone; NumPy's state is then what ``rng.random(shape)`` would leave."""
        size = math.prod(shape)
        bits = empty_bits(key, size)
        draw_under_lock(key[0], draw_bits_by_kernel, *arguments(key), size, bits)
        return bits

    return Stream(
        name=name,
        is_repeatable=False,
        draw_bits=draw_bits,
        drawing_pass=drawing_pass,
        positive_pass=None,
        arguments=arguments,
        shares=threads_alone,
        empty_bits=empty_bits,
        locks_generator=True,
    )


PCG64 = _make_stream("pcg64", pcg64.pcg64, pcg64.draw_bits_of_pcg64)
PCG64DXSM = _make_stream("pcg64dxsm", pcg64.pcg64dxsm, pcg64.draw_bits_of_pcg64dxsm)


@functools.cache
def has_known_layout() -> bool:
    """Whether NumPy's state lies in memory as the kernels read it: with compilers that lack 128 bits the halves change places."""
    generator = np.random.PCG64(0)
    state = generator.state["state"]
    words = ctypes.c_uint64 * 4
    found = words.from_address(ctypes.c_void_p.from_address(generator.ctypes.state_address).value or 0)
    return list(found) == [number >> shift & 2**64 - 1 for number in (state["state"], state["inc"]) for shift in (0, 64)]
