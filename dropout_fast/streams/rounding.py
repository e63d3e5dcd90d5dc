"""Rounding rules: what kept and dropped elements become, and in which precision.

A rule is data, part of each mask:

ZERO
    The counter stream's. Kept elements times 1 / keep_prob rounded to x's dtype (float32 for the half formats);
    dropped elements are +0, whatever x holds.
NUMPY
    What NumPy makes of the form's product, ``x * mask`` say, rounded to x's dtype; dropped elements are ``x * 0``: NaN for NaN,
    -0 for -1.
OPERATOR
    The same, by NumPy's operators alone: where the mask is no array, because x is 0-d, or p has a type of NumPy's own.
"""

import math
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..forms.form import NumpyForm
from ..kernels.epilogues import divide, divide_in_float64, multiply, multiply_in_float64, scale_or_zero

Rounding = Literal["zero", "numpy", "operator"]

ZERO: Rounding = "zero"
NUMPY: Rounding = "numpy"
OPERATOR: Rounding = "operator"


def epilogue_and_operand(rounding: Rounding, form: NumpyForm, dtype: np.dtype[Any], keep_prob: float) -> tuple[Any, float] | None:
    """The epilogue that rounds by this rule, and the number that it takes; None where no kernel does.

    `keep_prob` is a Python number, and dtype that of x: for the rule NUMPY float32 or float64.
    """
    if rounding == ZERO:
        return scale_or_zero, 1.0 / float(keep_prob) if form.scale and keep_prob else 1.0
    with np.errstate(all="ignore"):  # a tiny keep_prob
        mask = form.mask(np.array([True, False]), keep_prob)
        computed = np.result_type(dtype, mask.dtype)  # NumPy multiplies in this dtype, and divides
        if not {dtype.name, computed.name} <= {"float32", "float64"} or mask[1] != 0:  # 0 / 0 in a dtype of the mask's own
            return None
        if form.scale == "divide":
            return _division(dtype, computed, float(computed.type(keep_prob)))
        scale = float(computed.type(1.0 / keep_prob) if form.scale == "multiply" else mask[0])
    if form.scale == "multiply" and scale == math.inf:
        return None  # NumPy's x * 0 * inf is NaN
    return _multiplication(dtype, computed, scale)


def _multiplication(dtype: np.dtype[Any], computed: np.dtype[Any], scale: float) -> tuple[Any, float]:
    """A product of two float32 numbers fits float64 exactly, so it is rounded to float32 once, in either."""
    return multiply if dtype == computed or _is_float32(scale) else multiply_in_float64, scale


def _division(dtype: np.dtype[Any], computed: np.dtype[Any], divisor: float) -> tuple[Any, float] | None:
    """Division, or multiplication by the reciprocal where that gives the same numbers: where the divisor is a power of 2."""
    if divisor == 0:
        return None
    reciprocal = 1.0 / divisor
    if math.frexp(divisor)[0] == 0.5 and reciprocal < math.inf:
        return _multiplication(dtype, computed, reciprocal)
    return divide if dtype == computed else divide_in_float64, divisor


def _is_float32(scale: float) -> bool:
    """Whether a scale, which is 1 or more, is a float32 number: it has at most 24 significant bits, and is not too large."""
    return scale == math.inf or (scale < 2.0**128 and (math.frexp(scale)[0] * 2**24).is_integer())


def multiply_by_numpy(a: npt.NDArray[Any], values: Any, out: npt.NDArray[Any] | None) -> Any:
    """``a * values`` by the rules NUMPY and OPERATOR, into `out`, or rounded to `a`'s dtype where that is a floating one."""
    return _stored(_product(a, values), a, out)


def apply_form_by_numpy(a: npt.NDArray[Any], mask: Any, form: NumpyForm, keep_prob: Any, out: npt.NDArray[Any] | None) -> Any:
    """The same for the mask that a form keeps, and what the form does to the product."""
    product = _product(a, mask)
    if form.scale == "divide":
        product = product / keep_prob
    if form.scale == "multiply":
        product = product * (1 / keep_prob)
    return _stored(product, a, out)


def _product(a: npt.NDArray[Any], values: Any) -> Any:
    # The operator of np.matrix is the matrix product.
    return np.multiply(a, values) if isinstance(a, np.matrix) else a * values


def _stored(product: Any, a: npt.NDArray[Any], out: npt.NDArray[Any] | None) -> Any:
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
