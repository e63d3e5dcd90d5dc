"""Dropout of whole channels, and dropout that keeps mean and variance of SELU's results (Alpha dropout)."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as pytorch

from . import functional
from ._autograd import is_dense, multiply
from ._masks import Redrawn, draw_seed
from ._usual import is_usual
from .functional import check_probability, refuses_in_place

Function = Callable[[Tensor, float, bool, bool], Tensor]

#: Minus what dropped elements become before they are shifted: scale times alpha of SELU (Klambauer et al., "Self-Normalizing
#: Neural Networks", NeurIPS 2017).
ALPHA = 1.7580993408473766


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero whole channels of (N, C, L) with probability `p`, the probability of DROPPING; as `torch.nn.functional.dropout1d`."""
    return _dropout_of_channels(pytorch.dropout1d, 3, input, p, training, inplace)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero whole channels of (N, C, H, W) with probability `p`, the probability of DROPPING; as `torch.nn.functional.dropout2d`."""
    return _dropout_of_channels(pytorch.dropout2d, 4, input, p, training, inplace)


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero whole channels of (N, C, D, H, W) with probability `p`, of DROPPING; as `torch.nn.functional.dropout3d`."""
    return _dropout_of_channels(pytorch.dropout3d, 5, input, p, training, inplace)


def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """`alpha_dropout` of whole channels of (N, C, ...); as `torch.nn.functional.feature_alpha_dropout`."""
    if not (_is_for_kernels(input, p, training) and input.dim() >= 2 and _channels(input) > functional.SMALL):
        check_probability(p)
        return pytorch.feature_alpha_dropout(input, p, training, inplace)
    scale = _scale(p)
    factor = _noise(input, p, (1.0 - p) * scale)
    shift = (factor - (1.0 - p) * scale).mul_(ALPHA)
    return (input.mul_(factor) if inplace else input * factor).add_(shift)


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Drop with probability `p`, of DROPPING, and keep mean 0 and variance 1; as `torch.nn.functional.alpha_dropout`.

    float32 and float64 take our kernels.
    """
    is_ours = _is_for_kernels(input, p, training) and input.dtype in (torch.float32, torch.float64)
    if not is_ours or input.numel() <= functional.SMALL or (inplace and (refuses_in_place(input) or not is_dense(input))):
        check_probability(p)
        return pytorch.alpha_dropout(input, p, training, inplace)
    # Kept elements x become scale * (x + ALPHA * p) and dropped ones scale * (ALPHA * p - ALPHA). With D for dropout, which
    # divides by 1 - p, both are scale * (1 - p) * (D(x + ALPHA) - ALPHA).
    moved = input.add_(ALPHA) if inplace else input + ALPHA
    return multiply(moved, Redrawn(draw_seed(), 1.0 - p), in_place=True).sub_(ALPHA).mul_((1.0 - p) * _scale(p))


def _dropout_of_channels(own: Function, axes: int, input: Tensor, p: float, training: bool, inplace: bool) -> Tensor:
    """Draw one element for each channel and multiply by PyTorch, which draws slowly and multiplies fast."""
    if not (_is_for_kernels(input, p, training) and input.dim() == axes and _channels(input) > functional.SMALL):
        check_probability(p)
        return own(input, p, training, inplace)
    noise = _noise(input, p, 1.0)
    return input.mul_(noise) if inplace else input * noise


def _is_for_kernels(input: Tensor, p: float, training: bool) -> bool:
    return not torch.compiler.is_compiling() and training and isinstance(p, float) and 0.0 < p < 1.0 and is_usual(input)


def _channels(input: Tensor) -> int:
    return input.shape[0] * input.shape[1]


def _noise(input: Tensor, p: float, value: float) -> Tensor:
    """For each channel 0, or `value` over the probability of keeping."""
    noise = torch.full((*input.shape[:2], *(1,) * (input.dim() - 2)), value, dtype=input.dtype, device="cpu")
    return multiply(noise, Redrawn(draw_seed(), 1.0 - p), in_place=True)


def _scale(p: float) -> float:
    """What makes the variance 1 again."""
    return 1.0 / math.sqrt((ALPHA**2 * p + 1.0) * (1.0 - p))
