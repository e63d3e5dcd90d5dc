"""Draws of any bit generator of NumPy's, by the C function with which NumPy itself makes each."""

import numpy as np

from ..factory import make_kernel
from ..simd.memory import call_for_double, store_uint64
from ..simd.vectors import GROUP


def _draw_bits(next_double_address, state_address, p, count, bits):
    """Draw ``count`` keep bits, as ``rng.random(count) < p``.

    Parameters
    ----------
    next_double_address, state_address : int
        ``ctypes.next_double`` of a bit generator, and what that takes; the caller holds the generator's lock.
    p : float
    count : int
    bits : ndarray of uint8
        Written, in words of eight bytes: bit ``i % 8`` of ``bits[i // 8]`` is element i's; bits past ``count`` are 0.
    """
    for done in range(0, count, GROUP):
        word = np.uint64(0)
        for bit in range(min(GROUP, count - done)):
            word |= np.uint64(call_for_double(next_double_address, state_address) < p) << np.uint64(bit)
        store_uint64(bits, done // 8, word)


draw_bits = make_kernel(_draw_bits, "next_double_draw_bits")
