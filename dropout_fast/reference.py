"""Dropout as plain NumPy: the numbers that everything here is held to, and the oracle of the tests.

Every form of `dropout_fast.forms` is here, as its lines are written. ``dropout_param["rng"]`` may be `np.random` (the default), a
RandomState or a Generator. With ``dropout_param["noise_shape"]`` a mask of that shape is drawn, and broadcast. Without a form it is
CS231n's, or with ``dropout_param["scale_at"] = "test"`` the older one that scales when the network is used.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from .forms.form import NumpyForm
from .forms.named import CS231N, VANILLA


def dropout_forward(x: npt.NDArray[Any], dropout_param: dict[str, Any]) -> tuple[Any, tuple[Any, Any]]:
    """Drop each element with probability ``1 - p`` (mode "train") or none (mode "test")."""
    keep_prob, rate = probabilities(dropout_param)
    form = form_of(dropout_param)
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    mask = None
    out: Any = x
    if dropout_param["mode"] == "train":
        mask = draw_mask(dropout_param.get("rng", np.random), noise_shape(dropout_param, x.shape), form, keep_prob, rate)
        if dropout_param.get("noise_shape") is not None:
            mask = np.broadcast_to(mask, x.shape)
        out = multiply(x, mask, form, keep_prob)
    elif form.scale is None:
        out = x * keep_prob
    return out.astype(x.dtype, copy=False), (dropout_param, mask)


def dropout_backward(dout: npt.NDArray[Any], cache: tuple[Any, Any]) -> Any:
    """Gradient with respect to x; in mode "train" float32 times the float64 mask becomes float64."""
    dropout_param, mask = cache
    if dropout_param["mode"] == "test":
        return dout
    return multiply(dout, mask, form_of(dropout_param), probabilities(dropout_param)[0])


def draw_mask(rng: Any, shape: tuple[int, ...], form: NumpyForm, keep_prob: Any, rate: Any) -> Any:
    """The mask that NumPy code of this form keeps."""
    is_generator = isinstance(rng, np.random.Generator)
    mask: Any
    if form.draw == "binomial":
        mask = rng.binomial(1, keep_prob, size=shape)
    elif form.draw == "choice":
        mask = rng.choice([0, 1], size=shape, p=[rate, keep_prob])
    else:
        if form.draw == "random_float32":
            draws = rng.random(shape, dtype=np.float32)
        else:
            draws = rng.random(shape) if is_generator else rng.rand(*shape)
        if form.keep == "<":
            mask = draws < keep_prob
        elif form.keep == "<=":
            mask = draws <= keep_prob
        elif form.keep == ">":
            mask = draws > rate
        else:
            mask = draws >= rate
    if form.mask_dtype is not None:
        mask = np.asarray(mask).astype(form.mask_dtype)
    return mask / keep_prob if form.scale == "mask" else mask


def multiply(x: npt.NDArray[Any], mask: Any, form: NumpyForm, keep_prob: Any) -> Any:
    """What NumPy code of this form does to x, or to the gradient."""
    if form.scale == "divide":
        return x * mask / keep_prob
    if form.scale == "multiply":
        return x * mask * (1 / keep_prob)
    return x * mask


def probabilities(dropout_param: dict[str, Any]) -> tuple[Any, Any]:
    """The probabilities of keeping and of dropping."""
    if "rate" in dropout_param:
        return 1 - dropout_param["rate"], dropout_param["rate"]
    return dropout_param["p"], 1 - dropout_param["p"]


def noise_shape(dropout_param: dict[str, Any], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that is drawn: None stands for x's own length, and fewer axes than x's are the last ones."""
    given = dropout_param.get("noise_shape")
    if given is None:
        return shape
    lengths = [1] * (len(shape) - len(given)) + list(given)
    return tuple(own if length is None else length for length, own in zip(lengths, shape, strict=True))


def form_of(dropout_param: dict[str, Any]) -> NumpyForm:
    """The form that the NumPy code has."""
    of_scale_at = VANILLA if dropout_param.get("scale_at", "train") == "test" else CS231N
    form: NumpyForm = dropout_param.get("form", of_scale_at)
    return form
