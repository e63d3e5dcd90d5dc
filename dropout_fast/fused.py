"""Dropout fused with its neighbours in a network: bias and ReLU before it, or bias before and a residual after it."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _dispatch
from ._dispatch_fused import Inputs, Operation, forward
from ._draws import draws
from ._validate import as_bias, as_floating_array, as_residual, check_out, check_separate, refuse_complex
from .kernels.epilogues import (
    multiply,
    multiply_and_add,
    multiply_in_float64,
    multiply_in_float64_and_add,
    relu_multiply,
    relu_multiply_in_float64,
    relu_scale_or_zero,
    scale_or_zero,
    scale_or_zero_and_add,
)
from .mask import KeepMask
from .streams.base import Key, Stream


def relu_dropout(
    x: npt.ArrayLike,
    bias: npt.ArrayLike | None = None,
    *,
    keep_prob: float | None = None,
    rate: float | None = None,
    seed: int | None = None,
    step: int = 0,
    offset: int = 0,
    rng: Any = None,
    noise_shape: Sequence[int | None] | None = None,
    region: Any = None,
    out: npt.NDArray[Any] | None = None,
    store_mask: bool = True,
) -> tuple[Any, KeepMask | None]:
    """Add a bias, replace what is negative by 0, and drop: ``dropout(np.maximum(x + bias, 0))`` in one walk over memory.

    >>> import numpy as np
    >>> from dropout_fast import relu_dropout
    >>> x, bias = np.array([[1.0, -2.0, 3.0, 4.0], [5.0, 6.0, -7.0, 8.0]]), np.array([0.5, 0.5, 0.5, -9.0])
    >>> out, mask = relu_dropout(x, bias, keep_prob=0.5, seed=3)
    >>> out
    array([[0., 0., 7., 0.],
           [0., 0., 0., 0.]])
    >>> gradient = np.empty(4)
    >>> mask.apply(np.ones((2, 4)), bias_gradient=gradient)  # the backward of all three
    array([[0., 0., 2., 0.],
           [0., 0., 0., 0.]])
    >>> gradient
    array([0., 0., 2., 0.])

    Parameters
    ----------
    x : array_like of floats, any shape
        As for `dropout`, but no complex numbers.
    bias : array_like, shape (x.shape[-1],), x's dtype, optional
        Added to each row.
    keep_prob, rate, seed, step, offset
        As for `dropout`.
    rng : np.random, numpy.random.Generator or numpy.random.RandomState, optional
        Draw from this generator: the very numbers of ``dropout(np.maximum(x + bias, 0), rng=rng)``, and its state afterwards.
        `seed`, `step` and `offset` are refused beside it. In one walk over memory where it is an MT19937; otherwise one operation
        after another.
    noise_shape, region
        As for `dropout`. The operations are then done one after another: NumPy's for bias and ReLU, and dropout in a second walk.
    out : ndarray, optional
        Where the result goes: ``out=x`` (in place, fastest), or a separate array of x's shape and dtype.
    store_mask : bool
        False: where no backward follows. The mask is None then: no generator can draw again which sums were positive.

    Returns
    -------
    out : ndarray, x's shape and dtype
        `out` if given.
    mask : KeepMask or None
        One bit an element: kept and positive. ``mask.apply(dout)`` is the gradient with respect to ``x + bias``, and
        ``mask.apply(dout, bias_gradient=array)`` also sums it over the rows.

    Raises
    ------
    TypeError
        x holds no floats, both `keep_prob` and `rate` are given, `seed`, `step` or `offset` beside `rng`, or an argument is not
        of the type above.
    ValueError
        An argument is out of its range, `bias` or `out` has another shape or dtype than it must, or `out` is read-only or
        overlaps x in part, or `bias`.

    Notes
    -----
    NaN stays NaN, as in `np.maximum`, where it is kept; its gradient is 0, as the gradient of every sum that is not above 0 (NumPy
    code: ``dout * (h > 0)``). Where a sum is -0.0 its maximum with 0 is +0.0. In half formats the sum is rounded before it is
    dropped.
    """
    x = refuse_complex("x", as_floating_array("x", x))
    stream, key, mask = draws(x.shape, keep_prob, rate, seed, step, offset, rng, None, noise_shape, region)
    inputs = _checked(Inputs(x, as_bias(bias, x)), out)
    mask._is_positive = True
    return forward(RELU, stream, key, mask, inputs, out, store_mask), mask if store_mask else None


def dropout_add(
    x: npt.ArrayLike,
    residual: npt.ArrayLike,
    bias: npt.ArrayLike | None = None,
    *,
    keep_prob: float | None = None,
    rate: float | None = None,
    seed: int | None = None,
    step: int = 0,
    offset: int = 0,
    rng: Any = None,
    noise_shape: Sequence[int | None] | None = None,
    region: Any = None,
    out: npt.NDArray[Any] | None = None,
    store_mask: bool = True,
) -> tuple[Any, KeepMask]:
    """Drop, and add to a residual: ``residual + dropout(x + bias)`` in one walk over memory, as at the end of a residual block.

    >>> import numpy as np
    >>> from dropout_fast import dropout_add
    >>> out, mask = dropout_add(np.ones((2, 4)), np.full((2, 4), 10.0), keep_prob=0.5, seed=3)
    >>> out
    array([[10., 12., 12., 10.],
           [10., 10., 10., 12.]])
    >>> mask.apply(np.ones((2, 4)))  # the gradient with respect to x + bias; the residual's is dout itself
    array([[0., 2., 2., 0.],
           [0., 0., 0., 2.]])

    Parameters
    ----------
    x : array_like of floats, any shape
        As for `dropout`.
    residual : array_like, x's shape and dtype
    bias : array_like, shape (x.shape[-1],), x's dtype, optional
        Added to each row of x.
    keep_prob, rate, seed, step, offset, store_mask
        As for `dropout`; with `rng` the bits are stored in any case.
    rng : np.random, numpy.random.Generator or numpy.random.RandomState, optional
        As for `relu_dropout`.
    noise_shape, region
        As for `relu_dropout`.
    out : ndarray, optional
        Where the result goes: ``out=residual`` or ``out=x`` (in place), or a separate array of x's shape and dtype.

    Returns
    -------
    out : ndarray, x's shape and dtype
        `out` if given.
    mask : KeepMask
        ``mask.apply(dout)`` is the gradient with respect to ``x + bias``, and ``mask.apply(dout, bias_gradient=array)`` also sums
        it over the rows.

    Raises
    ------
    TypeError, ValueError
        As `relu_dropout`, and ValueError where `residual` has another shape or dtype than x, or `out` overlaps it in part.
    """
    x = as_floating_array("x", x)
    stream, key, mask = draws(x.shape, keep_prob, rate, seed, step, offset, rng, None, noise_shape, region)
    inputs = _checked(Inputs(x, as_bias(bias, x), as_residual(residual, x)), out)
    return forward(ADD, stream, key, mask, inputs, out, store_mask or not stream.is_repeatable), mask


def _checked(inputs: Inputs, out: Any) -> Inputs:
    if out is not None:
        check_out(out, "x", inputs.x)
        if inputs.residual is not None:
            check_out(out, "residual", inputs.residual)
        if inputs.bias is not None:
            check_separate("out", out, "bias", inputs.bias)
    return inputs


def _relu_one_after_another(
    stream: Stream, key: Key, mask: KeepMask, inputs: Inputs, out: npt.NDArray[Any], store_mask: bool
) -> Any:
    # NumPy's maximum of -0.0 and 0 is either, by dtype and processor; the sum with 0 is +0.0.
    hidden = np.maximum(inputs.with_bias(), inputs.x.dtype.type(0)) + inputs.x.dtype.type(0)
    result = _dispatch.forward(stream, key, mask, hidden.astype(inputs.x.dtype, copy=False), out)
    mask._keep_only(np.asarray(hidden) > 0)
    return result


def _add_one_after_another(
    stream: Stream, key: Key, mask: KeepMask, inputs: Inputs, out: npt.NDArray[Any], store_mask: bool
) -> Any:
    dropped = _dispatch.forward(stream, key, mask, np.asarray(inputs.with_bias()), None, store_mask)
    assert inputs.residual is not None
    np.copyto(out, inputs.residual + dropped)
    return out


RELU = Operation(
    attrgetter("positive_pass"),
    {scale_or_zero: relu_scale_or_zero, multiply: relu_multiply, multiply_in_float64: relu_multiply_in_float64},
    _relu_one_after_another,
)

ADD = Operation(
    attrgetter("drawing_pass"),
    {scale_or_zero: scale_or_zero_and_add, multiply: multiply_and_add, multiply_in_float64: multiply_in_float64_and_add},
    _add_one_after_another,
)
