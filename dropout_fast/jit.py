"""Engine fast for a user's own ``@njit`` functions: the same bits as `dropout_fast.dropout`, on arrays that the user owns.

A whole step of training. Numba multiplies matrices by SciPy's BLAS, so SciPy must be installed:

>>> import numpy as np
>>> from numba import njit
>>> from dropout_fast import jit
>>> @njit
... def train_step(w1, w2, x, y, keep_prob, seed, step, learning_rate):
...     hidden = np.maximum(x @ w1, 0.0)
...     dropped = np.empty_like(hidden)
...     bits = jit.empty_bits(hidden.size)
...     jit.dropout(hidden, keep_prob, seed, step, 0, bits, dropped)  # 0: flat index of hidden's first element
...     error = dropped @ w2 - y
...     dhidden = error @ w2.T
...     jit.apply(dhidden, keep_prob, 0, bits, dhidden)  # in place
...     w2 -= learning_rate * (dropped.T @ error)
...     w1 -= learning_rate * (x.T @ (dhidden * (hidden > 0.0)))
...     return (error**2).sum() / 2
>>> rng = np.random.default_rng(0)
>>> x = rng.standard_normal((20, 5))
>>> y = x[:, :2] + 1
>>> w1, w2 = rng.standard_normal((5, 40)), rng.standard_normal((40, 2)) / 10
>>> losses = [train_step(w1, w2, x, y, 0.5, 4, step, 0.002) for step in range(200)]
>>> bool(np.mean(losses[-10:]) < losses[0] / 2)
True

Arrays are C-contiguous, of any shape, float32 or float64; `x` (or `a`) and `out` have one dtype and one size and may be
the same array.

`dropout` and `apply` run on the calling thread, so they may be called inside a ``prange``. `dropout_parallel` and
`apply_parallel` are for large arrays outside of one. They do not protect the process as `dropout_fast.dropout` does: Numba's
workqueue layer ends it if two Python threads run parallel functions at once, and Numba's OpenMP layer ends a forked child that
runs one.

A function of the user's own that is compiled with ``cache=True`` holds a copy of these. After an upgrade of dropout_fast,
clear its cache.
"""

import numba
import numpy as np
from numba import types
from numba.extending import intrinsic

from .kernels.bernoulli import BLOCK, BLOCK_BYTES
from .kernels.elementwise import apply_range
from .kernels.epilogues import scale_or_zero
from .kernels.notes import note_nothing
from .kernels.options import OPTIONS, interpreted_as
from .kernels.passes.counter import copy_bits, draw_and_apply
from .kernels.shares import bounds, chunks_of
from .kernels.simd.memory import store

_njit = numba.njit(**OPTIONS)
_njit_parallel = numba.njit(parallel=True, **OPTIONS)


@_njit
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


@_njit
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
    _check_key(x.size, keep_prob, offset, bits)
    flat, flat_out = _flat(x, out)
    p, scale, stop = np.float64(keep_prob), _scale(keep_prob), offset + x.size
    draw_and_apply(scale_or_zero, store, copy_bits, note_nothing, seed, step, offset, p, flat, bits, scale, flat_out, offset, stop)


@_njit_parallel
def dropout_parallel(x, keep_prob, seed, step, offset, bits, out):
    """`dropout` on several threads."""
    _check_key(x.size, keep_prob, offset, bits)
    flat, flat_out = _flat(x, out)
    p, scale = np.float64(keep_prob), _scale(keep_prob)
    shares = chunks_of(x.size, offset)
    for share in numba.prange(shares):
        start, stop = bounds(share, shares, x.size, offset)
        draw_and_apply(
            scale_or_zero, store, copy_bits, note_nothing, seed, step, offset, p, flat, bits, scale, flat_out, start, stop
        )


@_njit
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
    _check_bits(a.size, keep_prob, offset, bits)
    flat, flat_out = _flat(a, out)
    apply_range(scale_or_zero, store, flat, bits, offset % BLOCK, _scale(keep_prob), flat_out, 0, a.size)


@_njit_parallel
def apply_parallel(a, keep_prob, offset, bits, out):
    """`apply` on several threads."""
    _check_bits(a.size, keep_prob, offset, bits)
    flat, flat_out = _flat(a, out)
    shares = chunks_of(a.size, 0)
    for share in numba.prange(shares):
        start, stop = bounds(share, shares, a.size, 0)
        apply_range(scale_or_zero, store, flat, bits, offset % BLOCK, _scale(keep_prob), flat_out, start, stop)


@_njit
def _check_key(size, keep_prob, offset, bits):
    if bits.size > 0:
        _check_bits(size, keep_prob, offset, bits)
    else:
        _check_bits(0, keep_prob, offset, bits)


@_njit
def _check_bits(size, keep_prob, offset, bits):
    if not 0.0 <= keep_prob <= 1.0:
        raise ValueError("`keep_prob` is out of range; expected a number in [0, 1], the probability of keeping.")
    if not 0 <= offset < 2**62:
        raise ValueError("`offset` is out of range; expected an integer from 0 to 2**62 - 1.")
    if size > 0 and bits.size < (offset % BLOCK + size + BLOCK - 1) // BLOCK * BLOCK_BYTES:
        raise ValueError("`bits` is too small; expected the size that empty_bits(x.size, offset) gives.")


@_njit
def _scale(keep_prob):
    return 1.0 / keep_prob if keep_prob > 0.0 else 0.0


@_njit
def _flat(x, out):
    _require_same_floats(x, out)
    if x.size != out.size:
        raise ValueError("`out` has another size than `x`; expected the same.")
    return x.reshape(-1), out.reshape(-1)


def _require_same_floats_of_numpy(x, out):
    if not all(
        type(array) is np.ndarray and array.flags.c_contiguous and array.dtype in (np.float32, np.float64) for array in (x, out)
    ):
        raise TypeError("`x` and `out` are expected to be C-contiguous arrays of float32 or float64.")
    if x.dtype != out.dtype:
        raise TypeError(f"`out` has dtype {out.dtype}; expected {x.dtype}, the dtype of `x`.")


@interpreted_as(_require_same_floats_of_numpy)
@intrinsic
def _require_same_floats(typing_context, x, out):
    """Refuse other arrays while the user's function is compiled."""
    for name, array in (("x", x), ("out", out)):
        if not isinstance(array, types.Array) or array.dtype not in (types.float32, types.float64) or array.layout != "C":
            raise numba.TypingError(f"`{name}` is {array}; expected a C-contiguous array of float32 or float64.")
    if x.dtype != out.dtype:
        raise numba.TypingError(f"`out` has dtype {out.dtype}; expected {x.dtype}, the dtype of `x`.")

    def generate(context, builder, signature, values):
        return context.get_dummy_value()

    return types.void(x, out), generate
