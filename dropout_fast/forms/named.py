"""The forms of dropout that courses, books and libraries teach, each with the NumPy lines that it equals."""

from typing import Any

import numpy as np

from .form import NumpyForm


def _named(lines: str, **fields: Any) -> NumpyForm:
    """A form whose ``__doc__`` is the code that it equals: with x, and keep_prob or rate, it makes out and mask."""
    form = NumpyForm(**fields)
    object.__setattr__(form, "__doc__", lines)
    return form


CS231N = _named(
    """Stanford's CS231n: dropout_forward.

    mask = (np.random.rand(*x.shape) < keep_prob) / keep_prob
    out = x * mask
    """
)

CS231N_2016 = _named(
    """The same as given until 2016, where p is the rate.

    mask = (np.random.rand(*x.shape) >= rate) / (1 - rate)
    out = x * mask
    """,
    keep=">=",
)

VANILLA = _named(
    """CS231n's notes, "vanilla dropout": scaled by keep_prob when the net is used.

    mask = np.random.rand(*x.shape) < keep_prob
    out = x * mask
    """,
    scale=None,
)

COURSERA = _named(
    """deeplearning.ai, "Improving Deep Neural Networks": forward_propagation_with_dropout. Its mask is called D1.

    mask = np.random.rand(x.shape[0], x.shape[1])
    mask = (mask < keep_prob).astype(int)
    out = x * mask
    out = out / keep_prob
    """,
    scale="divide",
    mask_dtype=np.int64,
)

COURSERA_BOOL = _named(
    """The same as given at first, with a mask of booleans.

    mask = np.random.rand(x.shape[0], x.shape[1])
    mask = mask < keep_prob
    out = np.multiply(x, mask)
    out = out / keep_prob
    """,
    scale="divide",
)

OREILLY = _named(
    """Saito, "Deep Learning from Scratch" (O'Reilly): class Dropout. Scaled when the net is used.

    mask = np.random.rand(*x.shape) > rate
    out = x * mask
    """,
    keep=">",
    scale=None,
)

NNFS = _named(
    """Kinsley and Kukieła, "Neural Networks from Scratch": class Layer_Dropout, which keeps its probability of keeping as rate.

    mask = np.random.binomial(1, keep_prob, size=x.shape) / keep_prob
    out = x * mask
    """,
    draw="binomial",
)

HOLBERTON = _named(
    """Holberton School: dropout_forward_prop.

    mask = np.random.binomial(1, keep_prob, size=x.shape)
    out = x * mask
    out = out / keep_prob
    """,
    draw="binomial",
    scale="divide",
)

NEEDLE = _named(
    """CMU's "Deep Learning Systems", the library needle: class Dropout, by init.randb.

    mask = np.random.rand(*x.shape) <= 1 - rate
    out = x * mask / (1 - rate)
    """,
    keep="<=",
    scale="divide",
)

CHAINER = _named(
    """Chainer: functions.dropout. Its mask is scaled already, ours is not; out and the gradient are the same.

    scale = x.dtype.type(1.0 / (1 - rate))
    mask = np.random.rand(*x.shape) >= rate
    out = x * (scale * mask)
    """,
    keep=">=",
    scale="multiply",
)

DEZERO = _named(
    """Saito, "Deep Learning from Scratch 3", the library DeZero: functions.dropout.

    mask = np.random.rand(*x.shape) > rate
    scale = np.array(1.0 - rate).astype(x.dtype)
    out = x * mask / scale
    """,
    keep=">",
    scale="divide",
)

NUMPY_ML = _named(
    """numpy-ml: class Dropout.

    scaler = 1.0 / (1.0 - rate)
    mask = np.random.rand(*x.shape) >= rate
    out = scaler * (mask * x)
    """,
    keep=">=",
    scale="multiply",
)

CHOICE = _named(
    """The mask by np.random.choice.

    mask = np.random.choice([0, 1], size=x.shape, p=[1 - keep_prob, keep_prob]) / keep_prob
    out = x * mask
    """,
    draw="choice",
)

#: All of them, by name.
NAMED: dict[str, NumpyForm] = {name: form for name, form in globals().items() if isinstance(form, NumpyForm)}
