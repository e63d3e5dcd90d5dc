"""PyTorch's dropout on a CPU, by our kernels. Here `p` is PyTorch's: the probability of DROPPING an element.

>>> import torch
>>> from dropout_fast.torch import Dropout, replace_dropout
>>> model = torch.nn.Sequential(torch.nn.Linear(64, 128), torch.nn.ReLU(), Dropout(0.5), torch.nn.Linear(128, 10))
>>> model(torch.ones(32, 64)).shape
torch.Size([32, 10])

Functions and modules have PyTorch's names, arguments and meaning. `replace_dropout` changes a model that exists. Seeds come
from PyTorch's generator, so `torch.manual_seed` makes a run repeatable.
"""

from .features import alpha_dropout, dropout1d, dropout2d, dropout3d, feature_alpha_dropout
from .functional import dropout
from .fused import dropout_add, relu_dropout
from .modules import AlphaDropout, Dropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout
from .replace import replace_dropout

__all__ = [
    "AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout", "alpha_dropout", "dropout",
    "dropout1d", "dropout2d", "dropout3d", "dropout_add", "feature_alpha_dropout", "relu_dropout", "replace_dropout",
]  # fmt: skip
