"""What is measured: each column of the table as a function of nothing, made for one array."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

import dropout_fast
from dropout_fast import reference

from .clock import Function

CHUNK = 16384


@numba.njit(parallel=True, nogil=True)
def copy_in_parallel(source: npt.NDArray[Any], target: npt.NDArray[Any]) -> None:
    """Copy on all threads: the least that any dropout must do."""
    for chunk in numba.prange((source.size + CHUNK - 1) // CHUNK):
        start, stop = np.uintp(chunk) * CHUNK, np.uintp(chunk + 1) * CHUNK
        target[start:stop] = source[start:stop]


def columns(x: npt.NDArray[Any], keep_prob: float) -> dict[str, Function]:
    """The functions to clock on `x`, by column name; each is called once here, and so compiled."""
    target = np.empty_like(x)
    made: dict[str, Function] = {
        "copy": lambda: np.copyto(target, x),
        "parallel copy": lambda: copy_in_parallel(x, target),
        **_drop_in("reference", reference, x, {"p": keep_prob, "mode": "train"}),
        **_drop_in("numpy engine", dropout_fast, x, {"p": keep_prob, "mode": "train"}),
    }
    for function in made.values():
        function()
    return made


def forwards(x: npt.NDArray[Any], keep_prob: float) -> dict[str, Callable[[], Any]]:
    """The forwards whose memory is compared; what they return is kept."""
    dropout_param = {"p": keep_prob, "mode": "train"}
    return {
        "reference": lambda: reference.dropout_forward(x, dropout_param),
        "numpy engine": lambda: dropout_fast.dropout_forward(x, dropout_param),
    }


def _drop_in(name: str, dropout: Any, x: npt.NDArray[Any], dropout_param: dict[str, Any]) -> dict[str, Function]:
    _, cache = dropout.dropout_forward(x, dropout_param)
    return {
        f"{name} forward": lambda: dropout.dropout_forward(x, dropout_param),
        f"{name} backward": lambda: dropout.dropout_backward(x, cache),
    }
