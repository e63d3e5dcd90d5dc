"""Dropout under `torch.compile`: operators of PyTorch's that the compiler takes as they are.

``dropout_fast::dropout`` draws a seed and multiplies by the mask; ``dropout_fast::multiply`` multiplies by the mask of a seed, and
is the gradient of both. The compiler may lay out tensors as it likes, so here elements are counted in the order of their indices.
"""

from typing import Any

import torch
from torch import Tensor

from ._masks import Redrawn, draw_seed
from ._usual import NAMES


def dropout(input: Tensor, p: float, training: bool, inplace: bool) -> Tensor:
    """As the function of the same name in `functional`, while the compiler reads it."""
    if not training or input.device.type != "cpu" or input.dtype not in NAMES or not 0.0 < p < 1.0:
        if not 0.0 <= p <= 1.0:
            raise ValueError(f"`p` is {p}; expected a number in [0, 1], the probability of dropping.")
        by_pytorch: Tensor = torch.nn.functional.dropout(input, p, training, inplace)
        return by_pytorch
    out: Tensor = torch.ops.dropout_fast.dropout(input, p)[0]
    return input.copy_(out) if inplace else out


@torch.library.custom_op("dropout_fast::dropout", mutates_args=(), device_types="cpu", tags=torch.Tag.nondeterministic_seeded)
def _dropout(x: torch.Tensor, p: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns the result and the seed."""
    seed = draw_seed()
    return _product(x, Redrawn(seed, 1.0 - p)), torch.tensor(seed)


@torch.library.custom_op("dropout_fast::multiply", mutates_args=(), device_types="cpu")
def _multiply(x: torch.Tensor, seed: torch.Tensor, p: float) -> torch.Tensor:
    return _product(x, Redrawn(int(seed.item()), 1.0 - p))


@_dropout.register_fake
def _fake_dropout(x: Tensor, p: float) -> tuple[Tensor, Tensor]:
    return torch.empty_like(x), torch.empty((), dtype=torch.int64, device=x.device)


@_multiply.register_fake
def _fake_multiply(x: Tensor, seed: Tensor, p: float) -> Tensor:
    return torch.empty_like(x)


def _keep_seed_of_dropout(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    ctx.p = inputs[1]
    ctx.save_for_backward(output[1])


def _keep_seed_of_multiply(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    ctx.p = inputs[2]
    ctx.save_for_backward(inputs[1])


def _gradient_of_dropout(ctx: Any, gradient: Tensor, _: Any) -> tuple[Any, ...]:
    return torch.ops.dropout_fast.multiply(gradient, *ctx.saved_tensors, ctx.p), None


def _gradient_of_multiply(ctx: Any, gradient: Tensor) -> tuple[Any, ...]:
    return torch.ops.dropout_fast.multiply(gradient, *ctx.saved_tensors, ctx.p), None, None


_dropout.register_autograd(_gradient_of_dropout, setup_context=_keep_seed_of_dropout)
_multiply.register_autograd(_gradient_of_multiply, setup_context=_keep_seed_of_multiply)


def _product(x: Tensor, mask: Redrawn) -> Tensor:
    """``x * mask``, bits counted in the order of indices, in the layout of `torch.empty_like`."""
    out = torch.empty_like(x)
    if x.numel() == 0:
        return out
    if x.is_contiguous() and out.is_contiguous():
        mask.multiply(x, out)
        return out
    in_order = x.clone(memory_format=torch.contiguous_format)
    mask.multiply(in_order, in_order)
    return out.copy_(in_order)
