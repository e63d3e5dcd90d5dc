"""``out = x`` scaled where an element is kept, nothing elsewhere: the forward's scaling and the backward.

One walk over memory serves three products: `drop` (engine fast: dropped elements are +0 whatever x
holds), `multiply` and `multiply_in_float64` (engine numpy: what NumPy's ``x * mask`` gives).
"""

import numba
import numpy as np

from .compiling import helper, kernel_by_dtype, tiny_helper
from .memory import (
    elements_to_alignment,
    fence,
    first_lanes,
    load,
    load_lanes,
    load_last_lanes,
    load_part,
    store,
    store_part,
    stream,
)
from .vectors import LANES, as_element, keep, narrow, select, widen

#: Elements of which a thread takes whole numbers: pieces meet between cache lines of bits, and a multiple of the elements
#: that one start of the fast engine's generator serves.
PIECE = 65536


@helper
def drop(x, lanes, scale):
    """Product of engine fast, in x's own dtype."""
    return keep(lanes, x * as_element(x, scale))


@helper
def multiply(x, lanes, scale):
    """Product of engine numpy, in x's own dtype."""
    return x * select(lanes, as_element(x, scale), as_element(x, 0.0))


@helper
def multiply_in_float64(x, lanes, scale):
    """Product of engine numpy, in float64 and rounded to float32."""
    return narrow(widen(x) * select(lanes, scale, 0.0))


@helper
def scale_range(product, write, x, bits, shift, scale, out, start, stop):
    """Scale the elements from `start` to `stop`; element i's keep bit is bit ``i + shift`` of `bits`.

    Vectors lie where stores straddle no cache line of `out`: 10 % faster at 1 Mi where that is NumPy's own memory,
    which starts 16 bytes into a line.
    """
    i = start
    if i < stop:
        unaligned = min(elements_to_alignment(out, i), stop - i)
        scale_part(product, x, bits, shift, scale, out, i, unaligned)
        i += unaligned
    while i + 2 * LANES <= stop:  # two, as load_lanes reads bits past its own
        write(out, i, product(load(x, i), load_lanes(bits, i + shift), scale))
        i += LANES
    while i < stop:
        scale_part(product, x, bits, shift, scale, out, i, min(stop - i, LANES))
        i += LANES


@helper
def scale_part(product, x, bits, shift, scale, out, i, count):
    """Scale up to sixteen elements and touch no memory but theirs."""
    if count > 0:
        inside = first_lanes(count)
        store_part(out, i, product(load_part(x, i, inside), load_last_lanes(bits, i + shift), scale), inside)


@kernel_by_dtype("float32", "float64", "float16", "bfloat16")
def drop_serial(x, bits, shift, scale, out):
    """Scale kept elements, and write +0 for the others.

    Parameters
    ----------
    x, out : ndarray, 1-d, C-contiguous, of one dtype
        May be the same array. float16 comes as its bits in int16, bfloat16 as its bits in uint16.
    bits : ndarray of uint8
        Keep bit of element i at bit ``i + shift``, counted from the lowest of ``bits[0]``.
    shift : int
    scale : float
        What kept elements are multiplied by, rounded to x's dtype (float32 for the half formats).
    """
    scale_range(drop, store, x, bits, shift, scale, out, 0, x.size)


@kernel_by_dtype("float32", "float64", "float16", "bfloat16", parallel=True)
def drop_parallel(x, bits, shift, scale, out):
    """`drop_serial` on several threads."""
    for piece in numba.prange(pieces_of(x.size, 0)):
        start, stop = bounds(piece, x.size, 0)
        scale_range(drop, store, x, bits, shift, scale, out, start, stop)


@kernel_by_dtype("float32", "float64", "float16", "bfloat16", parallel=True)
def drop_streaming(x, bits, shift, scale, out):
    """`drop_parallel` for an `out` that no cache holds."""
    for piece in numba.prange(pieces_of(x.size, 0)):
        start, stop = bounds(piece, x.size, 0)
        scale_range(drop, stream, x, bits, shift, scale, out, start, stop)
        fence()


@kernel_by_dtype("float32", "float64")
def multiply_serial(x, bits, shift, scale, out):
    """Multiply as NumPy does by a mask of 0 and `scale`; parameters as for `drop_serial`."""
    scale_range(multiply, store, x, bits, shift, scale, out, 0, x.size)


@kernel_by_dtype("float32", "float64", parallel=True)
def multiply_parallel(x, bits, shift, scale, out):
    """`multiply_serial` on several threads."""
    for piece in numba.prange(pieces_of(x.size, 0)):
        start, stop = bounds(piece, x.size, 0)
        scale_range(multiply, store, x, bits, shift, scale, out, start, stop)


@kernel_by_dtype("float32")
def multiply_in_float64_serial(x, bits, shift, scale, out):
    """`multiply_serial` for a float32 x and a scale that is no float32 number."""
    scale_range(multiply_in_float64, store, x, bits, shift, scale, out, 0, x.size)


@kernel_by_dtype("float32", parallel=True)
def multiply_in_float64_parallel(x, bits, shift, scale, out):
    """`multiply_in_float64_serial` on several threads."""
    for piece in numba.prange(pieces_of(x.size, 0)):
        start, stop = bounds(piece, x.size, 0)
        scale_range(multiply_in_float64, store, x, bits, shift, scale, out, start, stop)


@tiny_helper
def pieces_of(size, offset):
    """How many pieces the threads share."""
    return (offset + size + PIECE - 1) // PIECE - offset // PIECE


@tiny_helper
def bounds(piece, size, offset):
    """Absolute indices where a piece starts and stops."""
    start = (offset // PIECE + np.intp(piece)) * PIECE
    return max(offset, start), min(offset + size, start + PIECE)
