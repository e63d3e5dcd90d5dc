"""Epilogues: what happens to one vector of x, given its keep bits. A new fused operation is a function here.

An epilogue takes a vector of x, a vector of booleans (kept or not), the index of the vector's first element in x, and the
scale of kept elements; it returns the vector to write. Numba compiles it into the loop of each pass.
"""

from .options import helper
from .simd.vectors import as_element, narrow, select, select_or_zero, select_scalars, widen


@helper
def scale_or_zero(vector, kept, index, scale):
    """Kept elements times the scale, in x's own dtype; +0 for the others, whatever x holds."""
    return select_or_zero(kept, vector * as_element(vector, scale))


@helper
def multiply(vector, kept, index, scale):
    """NumPy's ``x * mask`` for a mask of 0 and the scale, in x's own dtype."""
    return vector * select_scalars(kept, as_element(vector, scale), as_element(vector, 0.0))


@helper
def multiply_in_float64(vector, kept, index, scale):
    """NumPy's ``(x * mask).astype(np.float32)`` for a float32 x and a float64 mask: the product is rounded from float64."""
    return select(kept, narrow(widen(vector) * scale), vector * as_element(vector, 0.0))
