"""Serial or parallel: the one place that decides, so that no call ends a forked or threaded process.

Numba's OpenMP layer kills a forked child at its first parallel call, and its workqueue layer aborts
when two Python threads launch at once. The serial kernels give the same bits, so they step in.
"""

import contextlib
import functools
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba import config
from numba.core.compiler_lock import global_compiler_lock

#: Bytes of x from which more threads pay. Threads at work already start in 2 us, but a sleeping one wakes
#: in about 100 us (2 cores of an AMD EPYC virtual machine), as long as 4 MiB take serially. A step of training with
#: BLAS on two threads takes 1.01 times that with serial dropout from here on, and 1.05 times at 2 MiB.
PARALLEL_FROM = 2**22

#: How often an idle thread of GNU OpenMP looks for work before it sleeps.
SPINS = "1000"

#: Sizes of the last-level cache from which writing past it pays (2 cores, 32 MiB: out of 24 MiB equal, of 32 MiB 15 % faster).
STREAMING_FROM = 0.75

#: Bytes of cache assumed where the system does not tell.
USUAL_CACHE = 2**25

#: The thread that runs a parallel kernel, and for a moment those that would like to. A lock would stay locked for ever
#: if an interrupt came between taking it and the ``try``.
_launching: set[int] = set()
_is_forked_child = False
_held_at_fork: list[Any] = []
_gate = threading.Lock()


def run(kernels: tuple[Callable[..., Any], ...], nbytes: int, in_place: bool, arguments: tuple[Any, ...]) -> None:
    """Call one of several kernels that do the same, by the size and by what is safe here.

    Parameters
    ----------
    kernels : tuple
        Serial, parallel, and perhaps streaming: parallel, writing past the caches.
    nbytes : int
        Size of x.
    in_place : bool
        Whether the caches hold what is to be overwritten, so that nothing is won past them.
    arguments : tuple
        For the kernel; those that are not serial get the number of threads besides.
    """
    if nbytes < PARALLEL_FROM or not _may_launch():
        kernels[0](*arguments)
        return
    this_thread = threading.get_ident()
    try:
        _launching.add(this_thread)
        if len(_launching) == 1:
            streams = len(kernels) == 3 and not in_place and nbytes > STREAMING_FROM * last_level_cache()
            kernels[2 if streams else 1](*arguments, config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]  # set at run time
        else:
            _launching.discard(this_thread)
            kernels[0](*arguments)
    finally:
        _launching.discard(this_thread)


def _may_launch() -> bool:
    """Whether this thread may start others without harm to the process."""
    # numba.config, not get_num_threads(): asking the latter starts the threads.
    if _is_forked_child or config.DISABLE_JIT or config.NUMBA_NUM_THREADS == 1:  # type: ignore[attr-defined]  # set at run time
        return False
    layer = _threading_layer()
    # The workqueue layer ends the process where two threads launch, and the other one's loop may be the user's own.
    return layer in ("omp", "tbb") or (layer == "workqueue" and threading.active_count() == 1 and _is_main_thread())


def _is_main_thread() -> bool:
    return threading.get_ident() == threading.main_thread().ident


@functools.cache
def _threading_layer() -> str:
    try:
        with _short_waiting():
            numba.get_num_threads()  # loads the layer
        return numba.threading_layer()  # type: ignore[attr-defined]
    except ValueError:  # none can be loaded: NUMBA_THREADING_LAYER names one that is not there
        return "none"


@contextlib.contextmanager
def _short_waiting() -> Iterator[None]:
    """Let an OpenMP library that is loaded meanwhile have its idle threads spin for 20 us and then sleep.

    By default they spin for milliseconds, in which BLAS wants the cores: a step of training with BLAS on two threads
    took 1.4 to 3.7 times as long as with serial dropout; so it takes as long, and calls in a row keep their speed.
    """
    chosen = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & set(os.environ)  # by the user
    if not chosen:
        os.environ["GOMP_SPINCOUNT"] = SPINS
    try:
        yield
    finally:
        if not chosen:
            del os.environ["GOMP_SPINCOUNT"]


@functools.cache
def last_level_cache() -> int:
    """Bytes of this machine's largest cache."""
    units = {"K": 2**10, "M": 2**20}
    sizes = []
    for file in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size"):
        text = file.read_text().strip()
        sizes.append(int(text[:-1]) * units[text[-1]] if text[-1] in units else int(text))
    return max(sizes, default=USUAL_CACHE)


def let_forks_pass() -> None:
    """Come before taking a lock that a fork waits for: whoever takes it again and again would let no fork have it."""
    if _gate.locked():
        with _gate:
            pass


def _take_locks() -> None:
    """Wait until no thread draws or compiles: a forked child has no thread that could release those locks."""
    _held_at_fork[:] = _gate, np.random.get_bit_generator().lock, global_compiler_lock  # type: ignore[attr-defined]  # documented
    for lock in _held_at_fork:
        lock.acquire()


def _release_locks() -> None:
    while _held_at_fork:
        _held_at_fork.pop().release()


def _settle_in_forked_child() -> None:
    global _is_forked_child
    _is_forked_child = True
    _launching.clear()
    _release_locks()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(before=_take_locks, after_in_parent=_release_locks, after_in_child=_settle_in_forked_child)
