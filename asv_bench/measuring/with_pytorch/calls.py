"""Forward and backward of a dropout through PyTorch's autograd, on one tensor."""

from functools import partial
from typing import Any

import torch
from torch.nn import functional as pytorch

from dropout_fast.torch import dropout

from ..clock import Function

OWN, OURS, OWN_IN_PLACE, OURS_IN_PLACE, PRODUCT = "PyTorch's", "ours", "PyTorch's in place", "ours in place", "x * 1.0"

#: The probability of dropping.
P = 0.5


class _Start(torch.autograd.Function):
    """The tensor itself, as something that was computed: a leaf cannot be written to."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x.detach()

    @staticmethod
    def backward(ctx: Any, gradient: Any) -> Any:
        return gradient


def calls(size: int, dtype: str) -> dict[str, Function]:
    """Make forward and backward with each dropout, and with the least that any operation does: ``x * 1.0``."""
    x = torch.randn(size).to(getattr(torch, dtype)).requires_grad_()
    gradient = torch.ones_like(x)
    ways = {
        OWN: lambda: pytorch.dropout(x, P),
        OURS: lambda: dropout(x, P),
        PRODUCT: lambda: x * 1.0,
        OWN_IN_PLACE: lambda: pytorch.dropout(_Start.apply(x), P, inplace=True),
        OURS_IN_PLACE: lambda: dropout(_Start.apply(x), P, inplace=True),
    }
    return {name: partial(_there_and_back, x, gradient, way) for name, way in ways.items()}


def _there_and_back(x: Any, gradient: Any, way: Any) -> None:
    x.grad = None
    way().backward(gradient)
