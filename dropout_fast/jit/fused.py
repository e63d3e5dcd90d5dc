"""Dropout fused with its neighbours, for a user's own ``@njit`` functions."""

import numba
import numpy as np

from ..kernels.bernoulli import BLOCK
from ..kernels.epilogues import relu_scale_or_zero, scale_or_zero, scale_or_zero_and_add
from ..kernels.notes import note_nothing, note_positive
from ..kernels.passes.column_sums import add_up, blocks_of, sum_blocks
from ..kernels.passes.counter import copy_bits, copy_nothing, draw_and_apply
from ..kernels.periodic import period_of, reciprocal_of
from ..kernels.shares import bounds, chunks_of
from ..kernels.simd.memory import store
from ..kernels.simd.vectors import GROUP
from .checks import check_bits, check_columns, check_key, flat, njit, njit_parallel, scale

_period_of, _reciprocal_of, _blocks_of = njit(period_of), njit(reciprocal_of), njit(blocks_of)


@njit
def relu_dropout(x, bias, keep_prob, seed, step, offset, bits, out):
    """Write ``dropout(np.maximum(x + bias, 0))`` to `out`, and one bit an element, kept and positive, to `bits`.

    Parameters
    ----------
    x, out : ndarray, C-contiguous, any shape, float32 or float64
        May be the same array.
    bias : ndarray, shape (x.shape[-1],), x's dtype
        Added to each row.
    keep_prob, seed, step, offset
        As for `dropout`.
    bits : ndarray of uint8
        Written: from `empty_bits`. `apply` with them is the backward with respect to ``x + bias``.

    Raises
    ------
    ValueError
        As `dropout`, and for a `bias` of another length, or `bits` that are empty.
    """
    check_bits(x.size, keep_prob, offset, bits)
    check_columns(x, bias)
    flat_x, flat_out = flat(x, out)
    operands = _operands(keep_prob, bias + bias.dtype.type(0), flat_x)  # without -0.0, as the epilogue needs it
    p, stop = np.float64(keep_prob), offset + x.size
    draw_and_apply(
        relu_scale_or_zero, store, copy_nothing, note_positive,
        seed, step, offset, p, flat_x, bits, operands, flat_out, offset, stop,
    )  # fmt: skip


@njit_parallel
def relu_dropout_parallel(x, bias, keep_prob, seed, step, offset, bits, out):
    """`relu_dropout` on several threads."""
    check_bits(x.size, keep_prob, offset, bits)
    check_columns(x, bias)
    flat_x, flat_out = flat(x, out)
    operands = _operands(keep_prob, bias + bias.dtype.type(0), flat_x)
    p, shares = np.float64(keep_prob), chunks_of(x.size, offset)
    for share in numba.prange(shares):
        start, stop = bounds(share, shares, x.size, offset)
        draw_and_apply(
            relu_scale_or_zero, store, copy_nothing, note_positive,
            seed, step, offset, p, flat_x, bits, operands, flat_out, start, stop,
        )  # fmt: skip


@njit
def dropout_add(x, residual, bias, keep_prob, seed, step, offset, bits, out):
    """Write ``residual + dropout(x + bias)`` to `out`, and the keep bits to `bits`.

    Parameters
    ----------
    x, residual, out : ndarray, C-contiguous, any shape, float32 or float64
        `out` may be one of the others.
    bias : ndarray, shape (x.shape[-1],), x's dtype
        Added to each row of x.
    keep_prob, seed, step, offset, bits
        As for `dropout`.

    Raises
    ------
    ValueError
        As `dropout`, and for a `residual` of another size or a `bias` of another length.
    """
    check_key(x.size, keep_prob, offset, bits)
    check_columns(x, bias)
    flat_x, flat_out = flat(x, out)
    operands = _operands(keep_prob, bias, flat(residual, out)[0])
    p, stop = np.float64(keep_prob), offset + x.size
    draw_and_apply(
        scale_or_zero_and_add, store, copy_bits, note_nothing,
        seed, step, offset, p, flat_x, bits, operands, flat_out, offset, stop,
    )  # fmt: skip


@njit_parallel
def dropout_add_parallel(x, residual, bias, keep_prob, seed, step, offset, bits, out):
    """`dropout_add` on several threads."""
    check_key(x.size, keep_prob, offset, bits)
    check_columns(x, bias)
    flat_x, flat_out = flat(x, out)
    operands = _operands(keep_prob, bias, flat(residual, out)[0])
    p, shares = np.float64(keep_prob), chunks_of(x.size, offset)
    for share in numba.prange(shares):
        start, stop = bounds(share, shares, x.size, offset)
        draw_and_apply(
            scale_or_zero_and_add, store, copy_bits, note_nothing,
            seed, step, offset, p, flat_x, bits, operands, flat_out, start, stop,
        )  # fmt: skip


@njit
def apply_bias_gradient(a, keep_prob, offset, bits, out, bias_gradient):
    """Do as `apply`, and write the sum of the result over all axes but the last to `bias_gradient`.

    Parameters
    ----------
    a, keep_prob, offset, bits, out
        As for `apply`.
    bias_gradient : ndarray, shape (a.shape[-1],), C-contiguous, a's dtype
        Written. The order of summation is that of `KeepMask.apply`: the same bits for any number of threads.

    Raises
    ------
    ValueError
        As `apply`, and for a `bias_gradient` of another length.
    """
    check_bits(a.size, keep_prob, offset, bits)
    check_columns(a, bias_gradient)
    flat_a, flat_out = flat(a, out)
    if a.size == 0:
        bias_gradient[:] = 0
        return
    block_sums = np.empty((_blocks_of(a.size // bias_gradient.size), bias_gradient.size), bias_gradient.dtype)
    shift = offset % BLOCK
    sum_blocks(scale_or_zero, shift, flat_a, bits, scale(keep_prob), flat_out, block_sums, 0, block_sums.shape[0])
    add_up(block_sums, bias_gradient)


@njit_parallel
def apply_bias_gradient_parallel(a, keep_prob, offset, bits, out, bias_gradient):
    """`apply_bias_gradient` on several threads."""
    check_bits(a.size, keep_prob, offset, bits)
    check_columns(a, bias_gradient)
    flat_a, flat_out = flat(a, out)
    if a.size == 0:
        bias_gradient[:] = 0
        return
    block_sums = np.empty((_blocks_of(a.size // bias_gradient.size), bias_gradient.size), bias_gradient.dtype)
    shift, operands = offset % BLOCK, scale(keep_prob)
    for block in numba.prange(block_sums.shape[0]):
        sum_blocks(scale_or_zero, shift, flat_a, bits, operands, flat_out, block_sums, block, block + 1)
    add_up(block_sums, bias_gradient)


@njit
def _operands(keep_prob, bias, residual):
    """What the epilogues take."""
    period = _period_of(bias.size)
    tiled = np.empty(period + GROUP, bias.dtype)
    for i in range(tiled.size):
        tiled[i] = bias[i % bias.size]
    return scale(keep_prob), tiled, period, _reciprocal_of(period), residual
