"""``out = x`` scaled where an element is kept, nothing elsewhere: the forward's scaling and the backward.

One walk over memory serves three products: `drop` (engine fast: dropped elements are +0 whatever x
holds), `multiply` and `multiply_in_float64` (engine numpy: what NumPy's ``x * mask`` gives).
"""

import numba
import numpy as np

from . import numpy_loops
from .bernoulli import CHUNK
from .compiling import helper, kernel_by_dtype, tiny_helper, without_jit
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
from .vectors import GROUP, LANES, as_element, choose, keep, narrow, select, widen


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
    return choose(lanes, narrow(widen(x) * scale), x * as_element(x, 0.0))


@without_jit(numpy_loops.scale_range)
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
    while i + GROUP + LANES <= stop:  # one vector more, as load_lanes reads bits past its own
        scale_group(product, write, x, bits, shift, scale, out, i)
        i += GROUP
    while i < stop:
        scale_part(product, x, bits, shift, scale, out, i, min(stop - i, LANES))
        i += LANES


@helper
def scale_group(product, write, x, bits, shift, scale, out, i):
    """Scale four vectors, all of which are loaded before the first is written.

    A processor tells loads from earlier stores by the lower bits of their addresses. In turn, 1 Mi took 27 % longer where
    `out` lay 64 bytes behind `x`, modulo 4 KiB, and 1 to 3 % longer elsewhere.
    """
    first = product(load(x, i), load_lanes(bits, i + shift), scale)
    second = product(load(x, i + LANES), load_lanes(bits, i + shift + LANES), scale)
    third = product(load(x, i + 2 * LANES), load_lanes(bits, i + shift + 2 * LANES), scale)
    fourth = product(load(x, i + 3 * LANES), load_lanes(bits, i + shift + 3 * LANES), scale)
    write(out, i, first)
    write(out, i + LANES, second)
    write(out, i + 2 * LANES, third)
    write(out, i + 3 * LANES, fourth)


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
def drop_parallel(x, bits, shift, scale, out, threads):
    """`drop_serial` on several threads, of which there are `threads`."""
    shares = min(threads, chunks_of(x.size, 0))
    for share in numba.prange(shares):
        start, stop = bounds(share, shares, x.size, 0)
        scale_range(drop, store, x, bits, shift, scale, out, start, stop)


@kernel_by_dtype("float32", "float64", "float16", "bfloat16", parallel=True)
def drop_streaming(x, bits, shift, scale, out, threads):
    """`drop_parallel` for an `out` that no cache holds."""
    shares = min(threads, chunks_of(x.size, 0))
    for share in numba.prange(shares):
        start, stop = bounds(share, shares, x.size, 0)
        scale_range(drop, stream, x, bits, shift, scale, out, start, stop)
        fence()


@kernel_by_dtype("float32", "float64")
def multiply_serial(x, bits, shift, scale, out):
    """Multiply as NumPy does by a mask of 0 and `scale`; parameters as for `drop_serial`."""
    scale_range(multiply, store, x, bits, shift, scale, out, 0, x.size)


@kernel_by_dtype("float32", "float64", parallel=True)
def multiply_parallel(x, bits, shift, scale, out, threads):
    """`multiply_serial` on several threads."""
    shares = min(threads, chunks_of(x.size, 0))
    for share in numba.prange(shares):
        start, stop = bounds(share, shares, x.size, 0)
        scale_range(multiply, store, x, bits, shift, scale, out, start, stop)


@kernel_by_dtype("float32")
def multiply_in_float64_serial(x, bits, shift, scale, out):
    """`multiply_serial` for a float32 x and a scale that is no float32 number."""
    scale_range(multiply_in_float64, store, x, bits, shift, scale, out, 0, x.size)


@kernel_by_dtype("float32", parallel=True)
def multiply_in_float64_parallel(x, bits, shift, scale, out, threads):
    """`multiply_in_float64_serial` on several threads."""
    shares = min(threads, chunks_of(x.size, 0))
    for share in numba.prange(shares):
        start, stop = bounds(share, shares, x.size, 0)
        scale_range(multiply_in_float64, store, x, bits, shift, scale, out, start, stop)


@tiny_helper
def bounds(share, shares, size, offset):
    """Absolute indices where a share starts and stops: between chunks, of which no two threads need the same.

    One share a thread: with several the kernels alone took 2 to 6 % longer at 1 Mi, as each begins with two blocks that are
    drawn while nothing is scaled. The kernels are told how many threads there are, as Numba cannot cache one that asks.
    """
    chunks, first = chunks_of(size, offset), offset // CHUNK
    start = (first + np.intp(share) * chunks // shares) * CHUNK
    stop = (first + (np.intp(share) + 1) * chunks // shares) * CHUNK
    return max(offset, start), min(offset + size, stop)


@tiny_helper
def chunks_of(size, offset):
    """How many chunks an array of which the first element has absolute index `offset` lies in."""
    return (offset + size + CHUNK - 1) // CHUNK - offset // CHUNK
