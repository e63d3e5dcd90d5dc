"""``out = x * (scale where the element is kept, else 0)``: the forward's scaling and the backward."""

import numba
import numpy as np

from .compiling import helper, kernel
from .vectors import LANES, load, load_lanes, narrow, select, store, widen

#: Elements a thread takes at a time: a multiple of 128, so that chunks meet between cache lines of bits and of x.
CHUNK = 16384


@kernel()
def scale_masked_float32(x, bits, scale, out):
    """Multiply float32 elements as NumPy does a float32 array by a float64 mask, rounded to float32.

    Parameters
    ----------
    x, out : ndarray, 1-d, C-contiguous, float32
        May be the same array.
    bits : ndarray of uint8
        Keep bit of element i at bit ``i % 8`` of ``bits[i // 8]``.
    scale : float
        The mask's value at kept elements, in float64.
    """
    scale_float32(x, bits, scale, out)


@kernel(parallel=True)
def scale_masked_float32_parallel(x, bits, scale, out):
    """The same on several threads."""
    for chunk in numba.prange((x.size + CHUNK - 1) // CHUNK):
        start, stop = np.uintp(chunk) * CHUNK, np.uintp(chunk + 1) * CHUNK
        scale_float32(x[start:stop], bits[start // 8 : stop // 8], scale, out[start:stop])


@kernel()
def scale_masked_float64(x, bits, scale, out):
    """Multiply float64 elements by the mask; parameters as for float32."""
    scale_float64(x, bits, scale, out)


@kernel(parallel=True)
def scale_masked_float64_parallel(x, bits, scale, out):
    """The same on several threads."""
    for chunk in numba.prange((x.size + CHUNK - 1) // CHUNK):
        start, stop = np.uintp(chunk) * CHUNK, np.uintp(chunk + 1) * CHUNK
        scale_float64(x[start:stop], bits[start // 8 : stop // 8], scale, out[start:stop])


@helper
def scale_float32(x, bits, scale, out):
    """Scale one chunk, in float32 where that is exactly what float64 would give.

    A product of two float32 numbers fits float64 exactly, so where `scale` is a float32 number the
    one rounding of a float32 product is the rounding of the float64 product to float32.
    """
    scale32 = np.float32(scale)
    if np.float64(scale32) == scale:
        scale_lanes(x, bits, scale32, np.float32(0), out)
        return
    vectors = x.size // LANES * LANES
    for i in range(0, vectors, LANES):
        factor = select(load_lanes(bits, i // 8), scale, 0.0)
        store(out, i, narrow(widen(load(x, i)) * factor))
    for i in range(vectors, x.size):
        out[i] = np.float32(np.float64(x[i]) * (scale if is_kept(bits, i) else 0.0))


@helper
def scale_float64(x, bits, scale, out):
    """Scale one chunk."""
    scale_lanes(x, bits, scale, 0.0, out)


@helper
def scale_lanes(x, bits, scale, zero, out):
    """Scale one chunk in the one dtype that all have; `zero` is what dropped elements are multiplied by."""
    vectors = x.size // LANES * LANES
    for i in range(0, vectors, LANES):
        store(out, i, load(x, i) * select(load_lanes(bits, i // 8), scale, zero))
    for i in range(vectors, x.size):
        out[i] = x[i] * (scale if is_kept(bits, i) else zero)


@helper
def is_kept(bits, i):
    """The keep bit of one element."""
    return (bits[i >> 3] >> (i & 7)) & 1 != 0
