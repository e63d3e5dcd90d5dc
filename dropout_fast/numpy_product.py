"""What NumPy multiplies by in ``x * mask``, and in which precision, so that the kernels round as it does."""

import math
from typing import Any

#: Types of p whose mask is float64, which NumPy compares with and multiplies by as Python and the kernels do.
PLAIN_NUMBERS = (float, int)


def scale_of(p: float, scaled: bool) -> float:
    """What kept elements are multiplied by."""
    return 1.0 / float(p) if scaled else 1.0


def exact(pair: tuple[Any, Any], scale: float) -> Any:
    """Those of two sets of kernels, for products in x's dtype and in float64, that NumPy's products are those of.

    A product of two float32 numbers fits float64 exactly, so where the scale is a float32 number, the one
    rounding of a float32 product is the rounding of the float64 product to float32.
    """
    return pair[0] if _is_float32(scale) else pair[1]


def _is_float32(scale: float) -> bool:
    """Whether a scale, which is 1 or more, is a float32 number: 24 bits in size, and not too large."""
    return scale == math.inf or (scale < 2.0**128 and (math.frexp(scale)[0] * 2**24).is_integer())
