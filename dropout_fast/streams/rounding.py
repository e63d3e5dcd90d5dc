"""Rounding rules: what kept and dropped elements become, and in which precision.

A rule is data, part of each mask:

ZERO
    The counter stream's. Kept elements times 1 / keep_prob rounded to x's dtype (float32 for the half formats);
    dropped elements are +0, whatever x holds.
NUMPY
    NumPy's product ``x * mask``, rounded to x's dtype; dropped elements are ``x * 0``: NaN for NaN, -0 for -1.
OPERATOR
    The same, by NumPy's operator alone: where the mask is no float64 array, because x is 0-d or p has a type of NumPy's own.
"""

import math
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..kernels.epilogues import multiply, multiply_in_float64, scale_or_zero

Rounding = Literal["zero", "numpy", "operator"]

ZERO: Rounding = "zero"
NUMPY: Rounding = "numpy"
OPERATOR: Rounding = "operator"


def scale_of(keep_prob: float, scaled: bool) -> float:
    """What kept elements are multiplied by."""
    return 1.0 / float(keep_prob) if scaled and keep_prob else 1.0


def epilogue_for(rounding: Rounding, dtype: str, scale: float) -> Any:
    """The epilogue that rounds by this rule.

    A product of two float32 numbers fits float64 exactly. So where the scale is a float32 number, the
    float32 product is the float64 product rounded to float32.
    """
    if rounding == ZERO:
        return scale_or_zero
    return multiply if dtype == "float64" or _is_float32(scale) else multiply_in_float64


def _is_float32(scale: float) -> bool:
    """Whether a scale, which is 1 or more, is a float32 number: it has at most 24 significant bits, and is not too large."""
    return scale == math.inf or (scale < 2.0**128 and (math.frexp(scale)[0] * 2**24).is_integer())


def multiply_by_numpy(a: npt.NDArray[Any], values: Any, out: npt.NDArray[Any] | None) -> Any:
    """``a * values`` by the rules NUMPY and OPERATOR, into `out`, or rounded to `a`'s dtype where that is a floating one."""
    # The operator of np.matrix is the matrix product.
    product = np.multiply(a, values) if isinstance(a, np.matrix) else a * values
    if out is not None:
        np.copyto(out, product, casting="unsafe")
        return out
    return product.astype(a.dtype, copy=False) if a.dtype.kind in "fc" else product


def scale_or_zero_by_numpy(a: npt.NDArray[Any], kept: npt.NDArray[np.bool_], scale: Any, out: npt.NDArray[Any] | None) -> Any:
    """The rule ZERO, for integers, complex numbers and long doubles, which all keep their kind; into `out` if it is given."""
    product = a.astype(np.result_type(a.dtype, scale))  # a subclass stays one, and 0-d an array
    plain = product.view(np.ndarray)
    np.multiply(plain, scale, out=plain)
    plain[~kept] = 0  # inf and NaN too
    if out is not None:
        np.copyto(out, product, casting="unsafe")
        return out
    return product.astype(a.dtype, copy=False) if a.dtype.kind in "fc" else product
