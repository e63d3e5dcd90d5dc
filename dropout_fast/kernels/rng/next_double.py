"""Draws of any bit generator, by the C functions with which NumPy itself makes each."""

import numpy as np

from ..factory import make_kernel
from ..options import tiny_helper
from ..simd.memory import call_for_double, call_for_uint32, store_uint64
from ..simd.vectors import GROUP

#: NumPy's draws are integers below this, divided by it; those of float32 below `FLOAT32_DRAWS`.
DRAWS, FLOAT32_DRAWS = 2**53, 2**24


def _make_draw_bits(draw):
    def draw_bits(function_address, state_address, limit, keeps_upper, count, bits):
        """Draw ``count`` keep bits, as ``rng.random(count) < limit``.

        Parameters
        ----------
        function_address, state_address : int
            ``ctypes.next_double`` of a bit generator (for float32 ``next_uint32``), and what that takes; the caller holds the
            generator's lock.
        limit : float
        keeps_upper : bool
            Whether the others are kept.
        count : int
        bits : ndarray of uint8
            Written, in words of eight bytes: bit ``i % 8`` of ``bits[i // 8]`` is element i's; bits past ``count`` are 0.
        """
        for done in range(0, count, GROUP):
            word = np.uint64(0)
            for bit in range(min(GROUP, count - done)):
                is_below = draw(function_address, state_address) < limit
                word |= np.uint64(is_below != keeps_upper) << np.uint64(bit)
            store_uint64(bits, done // 8, word)

    return draw_bits


@tiny_helper
def _draw_float32(function_address, state_address):
    """As ``rng.random(dtype=np.float32)``: the upper 24 bits of a uint32."""
    return np.float64(call_for_uint32(function_address, state_address) >> np.uint32(8)) / FLOAT32_DRAWS


draw_bits = make_kernel(_make_draw_bits(call_for_double), "next_double_draw_bits")
draw_bits_of_float32 = make_kernel(_make_draw_bits(_draw_float32), "next_float32_draw_bits")
