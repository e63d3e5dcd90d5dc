"""Engine fast for a user's own ``@njit`` functions: the same bits as `dropout_fast.dropout`, on arrays that the user owns.

A whole step of training. Numba multiplies matrices by SciPy's BLAS, so SciPy must be installed:

>>> import numpy as np
>>> from numba import njit
>>> from dropout_fast import jit
>>> @njit
... def train_step(w1, w2, x, y, keep_prob, seed, step, learning_rate):
...     hidden = np.maximum(x @ w1, 0.0)
...     dropped = np.empty_like(hidden)
...     bits = jit.empty_bits(hidden.size)
...     jit.dropout(hidden, keep_prob, seed, step, 0, bits, dropped)  # 0: flat index of hidden's first element
...     error = dropped @ w2 - y
...     dhidden = error @ w2.T
...     jit.apply(dhidden, keep_prob, 0, bits, dhidden)  # in place
...     w2 -= learning_rate * (dropped.T @ error)
...     w1 -= learning_rate * (x.T @ (dhidden * (hidden > 0.0)))
...     return (error**2).sum() / 2
>>> rng = np.random.default_rng(0)
>>> x = rng.standard_normal((20, 5))
>>> y = x[:, :2] + 1
>>> w1, w2 = rng.standard_normal((5, 40)), rng.standard_normal((40, 2)) / 10
>>> losses = [train_step(w1, w2, x, y, 0.5, 4, step, 0.002) for step in range(200)]
>>> bool(np.mean(losses[-10:]) < losses[0] / 2)
True

Arrays are C-contiguous, of any shape, float32 or float64; `x` (or `a`) and `out` have one dtype and one size and may be
the same array.

`dropout` and `apply` run on the calling thread, so they may be called inside a ``prange``. `dropout_parallel` and
`apply_parallel` are for large arrays outside of one. They do not protect the process as `dropout_fast.dropout` does: Numba's
workqueue layer ends it if two Python threads run parallel functions at once, and Numba's OpenMP layer ends a forked child that
runs one.

A function of the user's own that is compiled with ``cache=True`` holds a copy of these. After an upgrade of dropout_fast,
clear its cache.

`relu_dropout` and `dropout_add` fuse dropout with its neighbours, as those of `dropout_fast` do. The backward of both is `apply`,
or `apply_bias_gradient`.
"""

from .fused import (
    apply_bias_gradient,
    apply_bias_gradient_parallel,
    dropout_add,
    dropout_add_parallel,
    relu_dropout,
    relu_dropout_parallel,
)
from .plain import apply, apply_parallel, dropout, dropout_parallel, empty_bits

__all__ = [
    "apply", "apply_bias_gradient", "apply_bias_gradient_parallel", "apply_parallel", "dropout", "dropout_add",
    "dropout_add_parallel", "dropout_parallel", "empty_bits", "relu_dropout", "relu_dropout_parallel",
]  # fmt: skip
