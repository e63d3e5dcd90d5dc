"""What is measured: each column of the table as a function of nothing, made for one array."""

from functools import partial
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

import dropout_fast
from dropout_fast import reference, runtime

from .clock import Function, median_ratio
from .peers import peers

CHUNK = 16384

#: Above this ratio of the parallel copy to the copy, of an array for which threads pay, a thread has no core of its own.
BUSY = 1.5


@numba.njit(parallel=True, nogil=True)
def copy_in_parallel(source: npt.NDArray[Any], target: npt.NDArray[Any]) -> None:
    """Copy on all threads: the least that any dropout must do."""
    for chunk in numba.prange((source.size + CHUNK - 1) // CHUNK):
        start, stop = np.uintp(chunk) * CHUNK, np.uintp(chunk + 1) * CHUNK
        target[start:stop] = source[start:stop]


def columns(x: npt.NDArray[Any], keep_prob: float) -> dict[str, Function]:
    """The functions to clock on `x`, by column name; each is called once here, and so compiled."""
    target = np.empty_like(x)
    return _called(
        {
            **copies(x, target),
            **drop_in("reference", reference, x, keep_prob),
            **drop_in("numpy", dropout_fast, x, keep_prob),
            "numpy forward, out=": partial(dropout_fast.dropout_forward, x, {"p": keep_prob, "mode": "train"}, out=target),
            **fast_engine("fast", dropout_fast, x, keep_prob, target),
            **peers(x, keep_prob),
        }
    )


def copies(x: npt.NDArray[Any], target: npt.NDArray[Any]) -> dict[str, Function]:
    """A copy of x's bytes by NumPy, on one thread, and on all."""
    octets, target_octets = x.view(np.uint8), target.view(np.uint8)
    words, target_words = (octets, target_octets) if x.nbytes % 4 else (x.view(np.uint32), target.view(np.uint32))
    return {
        "copy": lambda: np.copyto(target_octets, octets),
        "parallel copy": lambda: copy_in_parallel(words, target_words),
    }


def fair_copy(nbytes: int) -> str:
    """Which of the copies works on as many threads as dropout does on an array of that size."""
    return "parallel copy" if nbytes >= runtime.PARALLEL_FROM else "copy"


def is_busy(times: dict[str, list[float]]) -> bool:
    """Whether both copies' times of an array for which threads pay show a busy machine.

    Each parallel launch then waits for the scheduler, milliseconds long, and whatever is launched takes equally
    long: ratios near 1, which say nothing.
    """
    return median_ratio(times["parallel copy"], times["copy"]) > BUSY


def fast_engine(name: str, package: Any, x: npt.NDArray[Any], keep_prob: float, out: npt.NDArray[Any]) -> dict[str, Function]:
    """Forward and backward of engine fast into `out`, as in a training loop: the seed given, the bits stored.

    `package` is dropout_fast, of this commit or of another.
    """
    _, mask = package.dropout(x, keep_prob, seed=0, out=out)
    return {
        f"{name} forward": lambda: package.dropout(x, keep_prob, seed=0, out=out),
        f"{name} backward": lambda: mask.apply(x, out),
    }


def drop_in(name: str, package: Any, x: npt.NDArray[Any], keep_prob: float) -> dict[str, Function]:
    """Forward and backward by the NumPy code's signatures: of dropout_fast, or of its `reference`."""
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


def against_copies(x: npt.NDArray[Any], keep_probs: tuple[float, ...]) -> dict[str, Function]:
    """Engine fast at several keep probabilities, beside both copies of the same array."""
    target = np.empty_like(x)
    made = copies(x, target)
    for keep_prob in keep_probs:
        made |= fast_engine(f"{keep_prob:.3g}", dropout_fast, x, keep_prob, target)
    return _called(made)
