"""PyTorch's modules of dropout, by our kernels: each is a subclass of PyTorch's own of the same name.

``repr``, ``state_dict``, pickling, ``train`` and ``eval`` are PyTorch's. `torch.jit.script` compiles PyTorch's own function.
"""

import torch
from torch import Tensor
from torch.nn import functional as pytorch

from . import features
from .functional import dropout


class Dropout(torch.nn.Dropout):
    """Zero each element with probability `p`, the probability of DROPPING, in training mode; as `torch.nn.Dropout`.

    >>> import torch
    >>> from dropout_fast.torch import Dropout
    >>> module = Dropout(p=0.2)
    >>> module
    Dropout(p=0.2, inplace=False)
    >>> isinstance(module, torch.nn.Dropout)
    True
    >>> x = torch.ones(3)
    >>> module.eval()(x) is x
    True

    Parameters
    ----------
    p : float, 0 to 1
        Probability of dropping an element.
    inplace : bool
        Whether a call writes to its input.

    Raises
    ------
    ValueError
        `p` is outside [0, 1].

    Notes
    -----
    See `dropout_fast.torch.dropout` for seeds, gradients, and when PyTorch's own function is called.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Drop in training mode; the input itself otherwise."""
        if torch.jit.is_scripting():
            return pytorch.dropout(input, self.p, self.training, self.inplace)
        return dropout(input, self.p, self.training, self.inplace)


class Dropout1d(torch.nn.Dropout1d):
    """Zero whole channels of (N, C, L) with probability `p`, the probability of DROPPING; as `torch.nn.Dropout1d`."""

    def forward(self, input: Tensor) -> Tensor:
        """Drop in training mode; the input itself otherwise."""
        if torch.jit.is_scripting():
            return pytorch.dropout1d(input, self.p, self.training, self.inplace)
        return features.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(torch.nn.Dropout2d):
    """Zero whole channels of (N, C, H, W) with probability `p`, the probability of DROPPING; as `torch.nn.Dropout2d`."""

    def forward(self, input: Tensor) -> Tensor:
        """Drop in training mode; the input itself otherwise."""
        if torch.jit.is_scripting():
            return pytorch.dropout2d(input, self.p, self.training, self.inplace)
        return features.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(torch.nn.Dropout3d):
    """Zero whole channels of (N, C, D, H, W) with probability `p`, the probability of DROPPING; as `torch.nn.Dropout3d`."""

    def forward(self, input: Tensor) -> Tensor:
        """Drop in training mode; the input itself otherwise."""
        if torch.jit.is_scripting():
            return pytorch.dropout3d(input, self.p, self.training, self.inplace)
        return features.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(torch.nn.AlphaDropout):
    """Drop with probability `p`, of DROPPING, and keep mean and variance of SELU's results; as `torch.nn.AlphaDropout`."""

    def forward(self, input: Tensor) -> Tensor:
        """Drop in training mode; the input itself otherwise."""
        if torch.jit.is_scripting():
            return pytorch.alpha_dropout(input, self.p, self.training)
        return features.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(torch.nn.FeatureAlphaDropout):
    """`AlphaDropout` of whole channels, with probability `p` of DROPPING; as `torch.nn.FeatureAlphaDropout`."""

    def forward(self, input: Tensor) -> Tensor:
        """Drop in training mode; the input itself otherwise."""
        if torch.jit.is_scripting():
            return pytorch.feature_alpha_dropout(input, self.p, self.training)
        return features.feature_alpha_dropout(input, self.p, self.training)
