"""Dropout as plain NumPy: the numbers that everything here is held to, and the oracle of the tests.

Both forms are here: scaling in training ("inverted" dropout, the default) and, with
``dropout_param["scale_at"] = "test"``, the older one that scales when the network is used. ``dropout_param["rng"]`` may be
`np.random` (the default), a RandomState or a Generator.
"""

from typing import Any

import numpy as np
import numpy.typing as npt


def dropout_forward(x: npt.NDArray[Any], dropout_param: dict[str, Any]) -> tuple[Any, tuple[Any, Any]]:
    """Drop each element with probability ``1 - p`` (mode "train") or none (mode "test")."""
    p, mode = dropout_param["p"], dropout_param["mode"]
    scaled_at_test = dropout_param.get("scale_at", "train") == "test"
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    mask = None
    out: Any = x
    if mode == "train":
        rng = dropout_param.get("rng", np.random)
        mask = (rng.random(x.shape) if isinstance(rng, np.random.Generator) else rng.rand(*x.shape)) < p
        if not scaled_at_test:
            mask = mask / p
        out = x * mask
    elif scaled_at_test:
        out = x * p
    return out.astype(x.dtype, copy=False), (dropout_param, mask)


def dropout_backward(dout: npt.NDArray[Any], cache: tuple[Any, Any]) -> Any:
    """Gradient with respect to x; in mode "train" float32 times the float64 mask becomes float64."""
    dropout_param, mask = cache
    return dout * mask if dropout_param["mode"] == "train" else dout
