"""Copies of an array: the least work that a dropout can do, and so the yardstick for its time."""

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from .clock import Function, median_ratio

#: Elements that one task of the parallel copy moves.
CHUNK = 16384

#: Bytes of an array from which on both engines used several threads when this was written. A constant of the measuring code,
#: because commits keep theirs under different names.
SEVERAL_THREADS_FROM = 2**22

#: Ratio of the parallel copy to the copy above which a machine counts as busy, on an array of at least that size.
BUSY = 1.5


@numba.njit(parallel=True, nogil=True)
def copy_in_parallel(source: npt.NDArray[Any], target: npt.NDArray[Any]) -> None:
    """Copy a flat array on all threads."""
    for chunk in numba.prange((source.size + CHUNK - 1) // CHUNK):
        start, stop = np.uintp(chunk) * CHUNK, np.uintp(chunk + 1) * CHUNK
        target[start:stop] = source[start:stop]


def copies(x: npt.NDArray[Any], target: npt.NDArray[Any]) -> dict[str, Function]:
    """Make functions that copy the bytes of x to `target`: by NumPy on one thread, and on all threads."""
    raw, target_raw = x.view(np.uint8), target.view(np.uint8)
    words, target_words = (raw, target_raw) if x.nbytes % 4 else (x.view(np.uint32), target.view(np.uint32))
    return {
        "copy": lambda: np.copyto(target_raw, raw),
        "parallel copy": lambda: copy_in_parallel(words, target_words),
    }


def fair_copy(nbytes: int) -> str:
    """Name the copy that uses as many threads as dropout does on an array of `nbytes` bytes."""
    return "parallel copy" if nbytes >= SEVERAL_THREADS_FROM else "copy"


def is_busy(times: dict[str, list[float]]) -> bool:
    """Tell from the times of both copies of a large array whether other programs use the cores.

    On a busy machine each parallel launch waits for the scheduler, for milliseconds. All parallel functions then take equally
    long, and their ratios are near 1 whatever they do.
    """
    return median_ratio(times["parallel copy"], times["copy"]) > BUSY
