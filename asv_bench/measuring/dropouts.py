"""The dropouts to clock, each as a function without arguments, made for one array."""

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

import dropout_fast
from dropout_fast import reference

from .clock import Function
from .copies import copies
from .other_libraries import other_libraries


def all_dropouts(x: npt.NDArray[Any], keep_prob: float) -> dict[str, Function]:
    """Make the copies, the NumPy code and ours to compare on x. Each is called once here, so all are compiled."""
    target = np.empty_like(x)
    return _called(
        {
            **copies(x, target),
            **drop_in("reference", reference, x, keep_prob),
            **drop_in("numpy", dropout_fast, x, keep_prob),
            "numpy forward, out=": partial(dropout_fast.dropout_forward, x, {"p": keep_prob, "mode": "train"}, out=target),
            **fast_engine("fast", dropout_fast, x, keep_prob, target),
        }
    )


def beside_other_libraries(x: npt.NDArray[Any], keep_prob: float) -> dict[str, Function]:
    """Make the forwards of other libraries on x, and engine fast's to compare them with. Each is called once here."""
    return _called(fast_engine("fast", dropout_fast, x, keep_prob, np.empty_like(x)) | other_libraries(x, keep_prob))


def fast_engine_and_copies(x: npt.NDArray[Any], keep_probs: tuple[float, ...]) -> dict[str, Function]:
    """Make engine fast's functions for several keep probabilities, and both copies. Each is called once here."""
    target = np.empty_like(x)
    made = copies(x, target)
    for keep_prob in keep_probs:
        made |= fast_engine(f"{keep_prob:.3g}", dropout_fast, x, keep_prob, target)
    return _called(made)


def fast_engine(name: str, package: Any, x: npt.NDArray[Any], keep_prob: float, out: npt.NDArray[Any]) -> dict[str, Function]:
    """Make engine fast's forward and backward as a training loop calls them: given seed, stored bits, result in `out`.

    `package` is some commit's ``dropout_fast``.
    """
    _, mask = package.dropout(x, keep_prob=keep_prob, seed=0, out=out)
    return {
        f"{name} forward": lambda: package.dropout(x, keep_prob=keep_prob, seed=0, out=out),
        f"{name} backward": lambda: mask.apply(x, out=out),
    }


def drop_in(name: str, package: Any, x: npt.NDArray[Any], keep_prob: float) -> dict[str, Function]:
    """Make forward and backward with the NumPy code's signatures; `package` is some commit's ``dropout_fast`` or ``reference``."""
    dropout_param = {"p": keep_prob, "mode": "train"}
    _, cache = package.dropout_forward(x, dropout_param)
    return {
        f"{name} forward": lambda: package.dropout_forward(x, dropout_param),
        f"{name} backward": lambda: package.dropout_backward(x, cache),
    }


def _called(functions: dict[str, Function]) -> dict[str, Function]:
    for function in functions.values():
        function()
    return functions
