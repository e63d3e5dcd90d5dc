"""Dropout alone, for a user's own ``@njit`` functions."""

import numba
import numpy as np

from ..kernels.bernoulli import BLOCK, BLOCK_BYTES
from ..kernels.elementwise import apply_range
from ..kernels.epilogues import scale_or_zero
from ..kernels.notes import note_nothing
from ..kernels.passes.counter import copy_bits, draw_and_apply
from ..kernels.shares import bounds, chunks_of
from ..kernels.simd.memory import store
from .checks import check_bits, check_key, flat, njit, njit_parallel, scale


@njit
def empty_bits(size, offset=0):
    """Room for the keep bits of `size` elements, the first of which has flat index `offset`.

    Parameters
    ----------
    size, offset : int

    Returns
    -------
    ndarray of uint8
        64 bytes for each block of 512 flat indices that holds an element.
    """
    return np.empty((offset % BLOCK + size + BLOCK - 1) // BLOCK * BLOCK_BYTES, np.uint8)


@njit
def dropout(x, keep_prob, seed, step, offset, bits, out):
    """Write x, with elements dropped and the others divided by `keep_prob`, to `out`, and the keep bits to `bits`.

    Parameters
    ----------
    x, out : ndarray, C-contiguous, any shape, float32 or float64
        May be the same array.
    keep_prob : float, 0 to 1
        Probability of KEEPING an element.
    seed, step : int
        The mask is a function of them; their lower 64 bits count.
    offset : int, 0 to 2**62 - 1
        Flat index of x's first element, where x is a shard of a larger array.
    bits : ndarray of uint8
        Written: from `empty_bits`; or empty, and the keep bits are not kept.

    Raises
    ------
    ValueError
        `keep_prob` or `offset` is out of its range, `out` has another size than x, or `bits` is too small.
    """
    check_key(x.size, keep_prob, offset, bits)
    flat_x, flat_out = flat(x, out)
    p, operands, stop = np.float64(keep_prob), scale(keep_prob), offset + x.size
    draw_and_apply(
        scale_or_zero, store, copy_bits, note_nothing, seed, step, offset, p, flat_x, bits, operands, flat_out, offset, stop
    )


@njit_parallel
def dropout_parallel(x, keep_prob, seed, step, offset, bits, out):
    """`dropout` on several threads."""
    check_key(x.size, keep_prob, offset, bits)
    flat_x, flat_out = flat(x, out)
    p, operands = np.float64(keep_prob), scale(keep_prob)
    shares = chunks_of(x.size, offset)
    for share in numba.prange(shares):
        start, stop = bounds(share, shares, x.size, offset)
        draw_and_apply(
            scale_or_zero, store, copy_bits, note_nothing, seed, step, offset, p, flat_x, bits, operands, flat_out, start, stop
        )


@njit
def apply(a, keep_prob, offset, bits, out):
    """Write `a`, scaled and dropped by the bits of a `dropout`, to `out`: its backward.

    Parameters
    ----------
    a, out : ndarray, C-contiguous, any shape, float32 or float64
        May be the same array.
    keep_prob, offset
        As given to `dropout`.
    bits : ndarray of uint8
        As `dropout` has written them.

    Raises
    ------
    ValueError
        `keep_prob` or `offset` is out of its range, `out` has another size than `a`, or there are too few `bits`.
    """
    check_bits(a.size, keep_prob, offset, bits)
    flat_x, flat_out = flat(a, out)
    apply_range(scale_or_zero, store, flat_x, bits, offset % BLOCK, scale(keep_prob), flat_out, 0, a.size)


@njit_parallel
def apply_parallel(a, keep_prob, offset, bits, out):
    """`apply` on several threads."""
    check_bits(a.size, keep_prob, offset, bits)
    flat_x, flat_out = flat(a, out)
    shares = chunks_of(a.size, 0)
    for share in numba.prange(shares):
        start, stop = bounds(share, shares, a.size, 0)
        apply_range(scale_or_zero, store, flat_x, bits, offset % BLOCK, scale(keep_prob), flat_out, start, stop)
