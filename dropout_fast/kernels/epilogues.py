"""Epilogues: what happens to one vector of x, given its keep bits. A new fused operation is a function here.

An epilogue takes a vector of x, a vector of booleans (kept or not), the index of its group's first element in x, where in the
group the vector starts, which of its lanes lie inside x (all but for the last few elements), and its operands; it returns the
vector to write. Numba compiles it into the loop of each pass, and what depends on the group alone is computed once a group.

Operands of plain dropout are one number: the scale of kept elements, or the divisor. Fused operations take a tuple:

- scale: float
- bias: an array that holds the bias again and again (`periodic.repeated`); in front of a ReLU without a -0.0
- period, reciprocal: ints (`periodic.period_of`, `periodic.reciprocal_of`)
- residual: an array of x's size; any where the epilogue adds none

The sum with the bias is rounded to x's dtype before it is dropped, and so is what is dropped before the residual is added: the
values are those of the operations one after another.
"""

import numpy as np

from .options import helper, interpreted_as, tiny_helper
from .periodic import remainder
from .simd.interpreted_half import widened
from .simd.memory import load, load_masked, round_as
from .simd.vectors import add_floats, as_element, narrow, rectify, select, select_or_zero, select_scalars, widen


@helper
def scale_or_zero(vector, kept, group, lane, inside, operands):
    """Kept elements times the scale, in x's own dtype; +0 for the others, whatever x holds."""
    return select_or_zero(kept, vector * as_element(vector, operands))


@helper
def multiply(vector, kept, group, lane, inside, operands):
    """NumPy's ``x * mask`` for a mask of 0 and the scale, in x's own dtype."""
    return vector * select_scalars(kept, as_element(vector, operands), as_element(vector, 0.0))


@helper
def multiply_in_float64(vector, kept, group, lane, inside, operands):
    """NumPy's ``(x * mask).astype(np.float32)`` for a float32 x and a float64 mask: the product is rounded from float64."""
    return select(kept, narrow(widen(vector) * operands), vector * as_element(vector, 0.0))


@helper
def divide(vector, kept, group, lane, inside, operands):
    """NumPy's ``x * kept / keep_prob``, in x's own dtype. What is divided by infinity becomes what NumPy's product with 0 is."""
    return vector / select_scalars(kept, as_element(vector, operands), as_element(vector, np.inf))


@helper
def divide_in_float64(vector, kept, group, lane, inside, operands):
    """The same for a float32 x and a mask of integers: the quotient is rounded from float64."""
    return narrow(divide(widen(vector), kept, group, lane, inside, operands))


@helper
def relu_scale_or_zero(vector, kept, group, lane, inside, operands):
    """`scale_or_zero` of the larger of ``x + bias`` and 0."""
    return scale_or_zero(rectified(vector, group, lane, inside, operands), kept, group, lane, inside, operands[0])


@helper
def relu_multiply(vector, kept, group, lane, inside, operands):
    """`multiply` of the larger of ``x + bias`` and 0."""
    return multiply(rectified(vector, group, lane, inside, operands), kept, group, lane, inside, operands[0])


@helper
def relu_multiply_in_float64(vector, kept, group, lane, inside, operands):
    """`multiply_in_float64` of the larger of ``x + bias`` and 0."""
    return multiply_in_float64(rectified(vector, group, lane, inside, operands), kept, group, lane, inside, operands[0])


@helper
def scale_or_zero_and_add(vector, kept, group, lane, inside, operands):
    """`scale_or_zero` of ``x + bias``, and the residual added."""
    dropped = scale_or_zero(with_bias(vector, group, lane, inside, operands), kept, group, lane, inside, operands[0])
    return with_residual(dropped, group, lane, inside, operands)


@helper
def multiply_and_add(vector, kept, group, lane, inside, operands):
    """`multiply` of ``x + bias``, and the residual added."""
    dropped = multiply(with_bias(vector, group, lane, inside, operands), kept, group, lane, inside, operands[0])
    return with_residual(dropped, group, lane, inside, operands)


@helper
def multiply_in_float64_and_add(vector, kept, group, lane, inside, operands):
    """`multiply_in_float64` of ``x + bias``, and the residual added."""
    dropped = multiply_in_float64(with_bias(vector, group, lane, inside, operands), kept, group, lane, inside, operands[0])
    return with_residual(dropped, group, lane, inside, operands)


@tiny_helper
def rectified(vector, group, lane, inside, operands):
    """The larger of ``x + bias`` and 0, rounded to x's dtype."""
    return round_as(operands[1], rectify(sum_with_bias(vector, group, lane, operands)))


@tiny_helper
def with_bias(vector, group, lane, inside, operands):
    """``x + bias``, rounded to x's dtype."""
    return round_as(operands[1], sum_with_bias(vector, group, lane, operands))


def _sum_with_bias_of_numpy(vector, group, lane, operands):
    bias, period = operands[1], operands[2]
    return vector + widened(bias[(group + lane + np.arange(vector.size)) % period])


@interpreted_as(_sum_with_bias_of_numpy)
@tiny_helper
def sum_with_bias(vector, group, lane, operands):
    """``x + bias``, unrounded in half formats."""
    column = remainder(group, operands[2], operands[3])
    return add_floats(vector, load(operands[1], column + lane))


@tiny_helper
def with_residual(vector, group, lane, inside, operands):
    """The sum of a vector, rounded to x's dtype, and the residual."""
    residual = operands[4]
    return add_floats(round_as(residual, vector), load_masked(residual, group + lane, inside))
