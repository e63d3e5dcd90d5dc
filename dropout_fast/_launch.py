"""Serial, parallel, or parallel past the caches: the one place that decides.

All variants of a kernel give the same bits, so the choice is free. It must keep the process alive: Numba's OpenMP layer ends a
forked child at its first parallel call, and its workqueue layer aborts when two Python threads launch at once. Then
the serial kernel runs.
"""

import threading
from collections.abc import Callable
from typing import Any

from numba import config

from . import _process
from .kernels.factory import Kernel, Kernels

#: Bytes of x from which more threads pay. Threads at work already start in 2 us, but a sleeping one wakes
#: in about 100 us (2 cores of an AMD EPYC virtual machine), as long as 4 MiB take serially. A step of training with
#: BLAS on two threads takes 1.01 times that with serial dropout from here on, and 1.05 times at 2 MiB.
PARALLEL_FROM = 2**22

#: Part of the last-level cache from which writing past it pays (2 cores, 32 MiB: for 24 MiB equal, for 32 MiB 15 % faster).
NONTEMPORAL_FROM = 0.75

#: The thread that runs a parallel kernel, and for a moment those that would like to. Not a lock: an interrupt between taking
#: it and the ``try`` would leave it locked for ever.
_launching: set[int] = set()

_process.after_fork_in_child(_launching.clear)


def run(
    kernels: Kernels, arguments: tuple[Any, ...], shares: Callable[[int, int], tuple[Any, ...]], x: Any, in_place: bool
) -> None:
    """Call the variant of a kernel that suits the size, and that is safe now.

    Parameters
    ----------
    kernels : Kernels
    arguments : tuple
        Of the serial kernel.
    shares : (size, threads) -> tuple
        What the parallel kernels take after these.
    x : ndarray
        The array that is read.
    in_place : bool
        Whether x is written to as well. Then the caches hold what is overwritten, and nothing is won by writing past them.
    """
    nbytes = x.nbytes
    if nbytes >= PARALLEL_FROM and may_launch():
        threads = _threads()
        if threads > 1:
            nontemporal = not in_place and nbytes > NONTEMPORAL_FROM * _process.last_level_cache()
            parallel = kernels.nontemporal if nontemporal else kernels.parallel
            run_in_parallel(kernels.serial, parallel, arguments, shares(x.size, threads))
            return
    kernels.serial(*arguments)


def run_in_parallel(serial: Kernel, parallel: Kernel, arguments: tuple[Any, ...], shares: tuple[Any, ...]) -> None:
    """Call the parallel kernel, or the serial one while another thread runs a parallel one; see `may_launch` first."""
    this_thread = threading.get_ident()
    try:
        _launching.add(this_thread)
        if len(_launching) == 1:
            parallel(*arguments, *shares)
            return
    finally:
        _launching.discard(this_thread)
    serial(*arguments)


def _threads() -> int:
    """As many as numba.set_num_threads allows, and numba.config."""
    return min(_process.numba_threads(), int(config.NUMBA_NUM_THREADS))  # type: ignore[attr-defined]  # set at run time


def may_launch() -> bool:
    """Whether this thread may start others without harm to the process."""
    # numba.config, not get_num_threads(): asking the latter starts the threads.
    if _process.is_forked_child or config.DISABLE_JIT or config.NUMBA_NUM_THREADS == 1:  # type: ignore[attr-defined]  # set at run time
        return False
    layer = _process.threading_layer()
    # The workqueue layer ends the process where two threads launch, and the other one's loop may be the user's own.
    return layer in ("omp", "tbb") or (layer == "workqueue" and threading.active_count() == 1 and _is_main_thread())


def _is_main_thread() -> bool:
    return threading.get_ident() == threading.main_thread().ident
