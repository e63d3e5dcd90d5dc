"""Dropout with its neighbours, in one walk over memory: bias and ReLU before it, or bias before and a residual after it."""

from typing import Any

import torch
from torch import Tensor

from .. import _dispatch_fused
from .._dispatch import NO_BITS, kernels_for
from ..kernels.epilogues import relu_scale_or_zero, scale_or_zero_and_add
from ..kernels.passes.counter import counter, counter_positive
from ..kernels.periodic import repeated
from ..kernels.simd.vectors import GROUP
from ..streams.base import Bits
from ..streams.counter import empty_bits
from . import functional
from ._autograd import multiply_gradient
from ._masks import Redrawn, Stored, draw_seed, flat_view, run
from ._memory import empty_like
from ._usual import NAMES, has_forward_gradients, is_usual
from .functional import dropout


def relu_dropout(input: Tensor, p: float = 0.5, training: bool = True, *, bias: Tensor | None = None) -> Tensor:
    """``dropout(relu(input + bias), p)`` in one walk over memory, where `p` is the probability of DROPPING.

    >>> import torch
    >>> from dropout_fast.torch import relu_dropout
    >>> x, bias = torch.randn(100, 80, requires_grad=True), torch.zeros(80, requires_grad=True)
    >>> relu_dropout(x, 0.5, bias=bias).sum().backward()
    >>> bool((bias.grad == x.grad.sum(0)).all())
    True

    Parameters
    ----------
    input : Tensor, any shape
    p : float, 0 to 1
        Probability of dropping an element.
    training : bool
        False: nothing is dropped.
    bias : Tensor, shape (input.shape[-1],), optional

    Returns
    -------
    Tensor
        The numbers of the operations one after another, from the same seed. One bit an element is saved for the backward: kept and
        positive.

    Raises
    ------
    ValueError
        `p` is outside [0, 1].

    Notes
    -----
    One walk for contiguous tensors that take our kernels (see `dropout`), of one dtype; otherwise one operation after another.
    """
    if _is_for_kernels(input, p, training, bias):
        found: Tensor = _ReluDropout.apply(input, bias, Redrawn(draw_seed(), 1.0 - p))
        return found
    return dropout(torch.nn.functional.relu(input if bias is None else input + bias), p, training)


def dropout_add(input: Tensor, residual: Tensor, p: float = 0.5, training: bool = True, *, bias: Tensor | None = None) -> Tensor:
    """``residual + dropout(input + bias, p)`` in one walk over memory, where `p` is the probability of DROPPING.

    >>> import torch
    >>> from dropout_fast.torch import dropout_add
    >>> x, residual = torch.ones(100, 80), torch.full((100, 80), 10.0)
    >>> dropout_add(x, residual, 0.5).unique()
    tensor([10., 12.])

    Parameters
    ----------
    input, residual : Tensor, of one shape
    p : float, 0 to 1
        Probability of dropping an element of ``input + bias``.
    training : bool
        False: nothing is dropped.
    bias : Tensor, shape (input.shape[-1],), optional

    Returns
    -------
    Tensor
        The numbers of the operations one after another, from the same seed. Nothing is saved for the backward.

    Raises
    ------
    ValueError
        `p` is outside [0, 1].

    Notes
    -----
    As for `relu_dropout`.
    """
    is_like_input = is_usual(residual) and residual.shape == input.shape and residual.dtype == input.dtype
    if is_like_input and residual.is_contiguous() and _is_for_kernels(input, p, training, bias):
        found: Tensor = _DropoutAdd.apply(input, residual, bias, Redrawn(draw_seed(), 1.0 - p))
        return found
    return residual + dropout(input if bias is None else input + bias, p, training)


class _ReluDropout(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, bias: Tensor | None, drawn: Redrawn) -> Tensor:
        bits = empty_bits((drawn.seed, 0, 0, drawn.keep_prob), x.numel())
        bits[-64:] = 0  # the kernel does not write past the last element's word
        out = _run(counter_positive, relu_scale_or_zero, x, bias, None, drawn, bits)
        ctx.mask, ctx.strides = Stored(bits, drawn.keep_prob), out.stride()
        return out

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Any, ...]:
        dx = multiply_gradient(gradient, ctx.mask, ctx.strides, True)
        return dx, _sum_of_rows(dx) if ctx.needs_input_grad[1] else None, None


class _DropoutAdd(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, residual: Tensor, bias: Tensor | None, drawn: Redrawn) -> Tensor:
        out = _run(counter, scale_or_zero_and_add, x, bias, residual, drawn, NO_BITS)
        ctx.mask, ctx.strides = drawn, out.stride()
        return out

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Any, ...]:
        of_x, _, of_bias, _ = ctx.needs_input_grad
        dx = multiply_gradient(gradient, ctx.mask, ctx.strides, True) if of_x or of_bias else None
        return dx, gradient, _sum_of_rows(dx) if of_bias else None, None


def _is_for_kernels(input: Any, p: Any, training: bool, bias: Tensor | None) -> bool:
    return (
        training
        and not torch.compiler.is_compiling()
        and isinstance(p, float)
        and 0.0 < p < 1.0
        and is_usual(input)
        and input.numel() > functional.SMALL
        and input.is_contiguous()
        and not has_forward_gradients()
        and (bias is None or (is_usual(bias) and bias.dtype == input.dtype and bias.shape == input.shape[-1:]))
    )


def _run(
    make_pass: Any, epilogue: Any, x: Tensor, bias: Tensor | None, residual: Tensor | None, drawn: Redrawn, bits: Bits
) -> Tensor:
    """Call the kernel of a fused operation; see `kernels.epilogues` for its operands."""
    is_relu = residual is None
    if bias is None:  # x + -0.0 is x, also where x is -0.0
        bias = torch.full((GROUP,), 0.0 if is_relu else -0.0, dtype=x.dtype, device="cpu")
    # The sum with +0.0 is never -0.0, and so is its maximum with 0.
    tiled = repeated(flat_view((bias + 0 if is_relu else bias).contiguous()))
    period, reciprocal = _dispatch_fused.period_and_reciprocal(bias.numel())
    out = empty_like(x)
    flat, flat_out = flat_view(x), flat_view(out)
    operands = (1.0 / drawn.keep_prob, tiled, period, reciprocal, tiled if residual is None else flat_view(residual))
    arguments = (drawn.seed, 0, 0, drawn.keep_prob, flat, bits, operands, flat_out)
    run(kernels_for(make_pass, epilogue, NAMES[x.dtype]), arguments, flat, False)
    return out


def _sum_of_rows(gradient: Any) -> Tensor:
    summed: Tensor = gradient.reshape(-1, gradient.shape[-1]).sum(0)
    return summed
