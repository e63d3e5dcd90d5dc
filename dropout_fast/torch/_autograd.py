"""Multiplication by a mask as an operation that PyTorch differentiates: its gradient is the same operation."""

from typing import Any

import torch
from torch import Tensor

from ._masks import Mask, values
from ._memory import empty_like, in_large_pages
from ._usual import is_usual, wants_gradient


class _MultiplyByMask(torch.autograd.Function):
    """``x * mask``, or in the place of x. For `multiply` alone, which calls it where a gradient is wanted."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, mask: Mask, in_place: bool) -> Tensor:
        ctx.set_materialize_grads(False)
        if in_place:
            ctx.mark_dirty(x)
        out = _product(x, mask, in_place)
        ctx.mask, ctx.strides, ctx.is_contiguous = mask, out.stride(), out.is_contiguous()
        return out

    @staticmethod
    def backward(ctx: Any, gradient: Tensor | None) -> tuple[Any, ...]:
        if gradient is None:
            return None, None, None
        return multiply_gradient(gradient, ctx.mask, ctx.strides, ctx.is_contiguous), None, None

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor, *_: Any) -> Tensor:
        return multiply_gradient(tangent, ctx.mask, ctx.strides, ctx.is_contiguous)


# `Function.apply` itself looks for functorch's transforms, under which no tensor is usual: 9 us.
_multiply_by_mask = super(torch.autograd.Function, _MultiplyByMask).apply


def multiply(x: Tensor, mask: Mask, in_place: bool = False) -> Tensor:
    """``x * mask``; the mask's bits are counted in the order of the result's memory.

    Parameters
    ----------
    x : Tensor
        A usual one; to work in place, a dense one.
    mask : Mask
    in_place : bool
        Whether to write to x.

    Returns
    -------
    Tensor
        x itself in place; otherwise a new tensor of the layout that `torch.empty_like` gives.
    """
    if wants_gradient(x):
        found: Tensor = _multiply_by_mask(x, mask, in_place)
        return found
    out = _product(x, mask, in_place)
    if in_place and not x.is_inference():
        torch.autograd.graph.increment_version(x)
    return out


def multiply_gradient(gradient: Tensor, mask: Mask, strides: tuple[int, ...], is_contiguous: bool) -> Tensor:
    """The product of a gradient and the mask of a result that had these strides."""
    if not is_usual(gradient):
        return (gradient * values(mask, gradient, strides)).to(gradient.dtype)
    if gradient.is_contiguous() if is_contiguous else gradient.stride() == strides:
        return multiply(gradient, mask)
    # Such as that of `sum`, which is one number again and again.
    moved = in_large_pages(torch.empty_strided(gradient.shape, strides, dtype=gradient.dtype, device="cpu"))
    return multiply(moved.copy_(gradient), mask, in_place=True)


def _product(x: Tensor, mask: Mask, in_place: bool) -> Tensor:
    """The product by a kernel, as it lies in memory or on a copy."""
    if in_place:
        mask.multiply(x, x)
        return x
    out = empty_like(x)
    if x.is_contiguous() or x.stride() == out.stride():
        mask.multiply(x, out)
    else:
        out.detach().copy_(x.detach())
        mask.multiply(out, out)
    return out


def is_dense(x: Tensor) -> bool:
    """Whether the tensor fills one stretch of memory, in any order of its axes."""
    return x.is_contiguous() or x.stride() == torch.empty_like(x).stride()
