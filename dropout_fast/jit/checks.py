"""What the functions for a user's own compiled code check, and how they are compiled."""

import numba
import numpy as np
from numba import types
from numba.extending import intrinsic

from ..kernels.bernoulli import BLOCK, BLOCK_BYTES
from ..kernels.options import OPTIONS, interpreted_as
from ..kernels.simd.vectors import GROUP

njit = numba.njit(**OPTIONS)
njit_parallel = numba.njit(parallel=True, **OPTIONS)


@njit
def check_key(size, keep_prob, offset, bits):
    """Refuse a key that is out of range, and `bits` that are too small but not empty."""
    if bits.size > 0:
        check_bits(size, keep_prob, offset, bits)
    else:
        check_bits(0, keep_prob, offset, bits)


@njit
def check_bits(size, keep_prob, offset, bits):
    """Refuse a key that is out of range, and `bits` that are too small."""
    if not 0.0 <= keep_prob <= 1.0:
        raise ValueError("`keep_prob` is out of range; expected a number in [0, 1], the probability of keeping.")
    if not 0 <= offset < 2**62:
        raise ValueError("`offset` is out of range; expected an integer from 0 to 2**62 - 1.")
    if size > 0 and bits.size < (offset % BLOCK + size + BLOCK - 1) // BLOCK * BLOCK_BYTES:
        raise ValueError("`bits` is too small; expected the size that empty_bits(x.size, offset) gives.")


@njit
def check_columns(x, row):
    """Refuse a bias, or room for its gradient, that is not as long as a row of x."""
    if row.size != x.shape[-1]:
        raise ValueError("`bias` or `bias_gradient` has another size than a row of `x`; expected x.shape[-1].")
    if float(x.size) * (row.size + GROUP) >= 2.0**64:
        raise ValueError("`x` is too large for its rows; expected x.size * x.shape[-1] below 2**64.")


@njit
def scale(keep_prob):
    """What kept elements are multiplied by."""
    return 1.0 / keep_prob if keep_prob > 0.0 else 0.0


@njit
def flat(x, out):
    """X and `out` as one-dimensional arrays."""
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
