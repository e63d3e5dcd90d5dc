"""Dropout on a CPU at the speed of a memory copy, for NumPy code. `p` and `keep_prob` are the probability of KEEPING."""

from . import forms
from ._launch import launches
from .alpha import alpha_dropout
from .drop_in import dropout_backward, dropout_forward
from .functional import dropout
from .fused import dropout_add, relu_dropout
from .layer import Dropout
from .mask import KeepMask
from .shaped import drop_path, spatial_dropout
from .warmup import warmup

__version__ = "0.1.0"

__all__ = [
    "Dropout", "KeepMask", "__version__", "alpha_dropout", "drop_path", "dropout", "dropout_add", "dropout_backward",
    "dropout_forward", "forms", "launches", "relu_dropout", "spatial_dropout", "warmup",
]  # fmt: skip
