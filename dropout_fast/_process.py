"""What a call must know of its process: threading layer, forks, cache sizes."""

import contextlib
import ctypes
import functools
import importlib.metadata
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba import config

try:
    from numba.np.ufunc import parallel as _parallel
except ImportError:  # another version of Numba, with other private names
    _parallel = None  # type: ignore[assignment]

try:
    from numba.core.compiler_lock import global_compiler_lock
except ImportError:  # another version of Numba, with other private names; then forks do not wait for a compilation
    global_compiler_lock = None  # type: ignore[assignment]

#: How many times an idle thread of GNU OpenMP looks for work before it sleeps: 20 us.
SPINS = "1000"

#: Bytes of cache assumed where the system does not tell, as on Windows and macOS.
USUAL_CACHE = 2**25

#: Where Linux tells of the caches.
CACHES = Path("/sys/devices/system/cpu/cpu0/cache")

#: Protects counters that threads share (steps of a layer). Like the locks below it is never held across a fork.
counter_lock = threading.Lock()

#: Held while a fork waits for the locks below, so that others come after it: see `yield_to_fork`.
fork_gate = threading.Lock()
_held_at_fork: list[Any] = []
_after_fork: list[Any] = []

#: Whether this process is a forked child, in which Numba's threads do not exist.
is_forked_child = False


def after_fork_in_child(function: Any) -> None:
    """Call the function in every forked child."""
    _after_fork.append(function)


#: What tells the number of threads that numba.set_num_threads allows. From `threading_layer` on in 0.1 us, instead of 0.7.
numba_threads: Callable[[], int] = numba.get_num_threads


@functools.cache
def threading_layer() -> str:
    """Numba's threading layer, loaded now: "omp", "tbb" or "workqueue"; "none" where none can be loaded.

    Warns, once, if the layer that NUMBA_THREADING_LAYER asks for cannot be loaded: all calls are serial then.
    """
    global numba_threads
    _preload_tbb()
    try:
        with _short_waiting():
            numba.get_num_threads()  # loads the layer
        numba_threads = getattr(_parallel, "_get_num_threads", numba.get_num_threads)
        return numba.threading_layer()  # type: ignore[attr-defined]
    except ValueError as error:
        asked = config.THREADING_LAYER  # type: ignore[attr-defined]  # set at run time
        warnings.warn(
            f"Numba cannot load the threading layer {asked!r}, so dropout_fast runs on one thread. Numba says: {error}",
            RuntimeWarning,
            stacklevel=_levels_to_the_user(),
        )
        return "none"


def _levels_to_the_user() -> int:
    """How many frames lie between the caller and the first that is not of this package, for ``stacklevel``."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == __package__:
        level, frame = level + 1, frame.f_back
    return level


def _preload_tbb() -> None:
    """Load the TBB library of the ``tbb`` wheel, if it is installed: Numba does not look in a virtual environment's lib.

    Not on one core: a process of two threads, one of which had launched kernels there, waited for TBB at its end for ever.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if cores == 1:
        return
    with contextlib.suppress(importlib.metadata.PackageNotFoundError, OSError):
        for file in importlib.metadata.files("tbb") or ():
            if file.name == "libtbb.so.12":
                ctypes.CDLL(str(file.locate()), mode=ctypes.RTLD_GLOBAL)


@contextlib.contextmanager
def _short_waiting() -> Iterator[None]:
    """Make idle threads of an OpenMP library that is loaded meanwhile sleep after 20 us.

    By default they spin for milliseconds on cores that BLAS needs: a step of training with BLAS on two threads
    took 1.4 to 3.7 times as long as with serial dropout; now it takes as long, and calls in a row keep their speed.
    """
    chosen_by_user = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & set(os.environ)
    if not chosen_by_user:
        os.environ["GOMP_SPINCOUNT"] = SPINS
    try:
        yield
    finally:
        if not chosen_by_user:
            os.environ.pop("GOMP_SPINCOUNT", None)  # another thread that came here at the same time may have removed it


@functools.cache
def last_level_cache() -> int:
    """Bytes of this machine's largest cache."""
    units = {"K": 2**10, "M": 2**20}
    sizes = []
    for file in CACHES.glob("index*/size"):
        text = file.read_text().strip()
        sizes.append(int(text[:-1]) * units[text[-1]] if text[-1] in units else int(text))
    return max(sizes, default=USUAL_CACHE)


def yield_to_fork() -> None:
    """Call before taking a lock that fork needs; a loop that re-takes it would starve the fork."""
    if fork_gate.locked():
        with fork_gate:
            pass


def _take_locks() -> None:
    """Wait until no thread draws or compiles: a forked child has no thread that could release those locks."""
    locks = fork_gate, np.random.get_bit_generator().lock, global_compiler_lock, counter_lock  # type: ignore[attr-defined]  # documented
    _held_at_fork[:] = [lock for lock in locks if lock is not None]
    for lock in _held_at_fork:
        lock.acquire()


def _release_locks() -> None:
    while _held_at_fork:
        _held_at_fork.pop().release()


def _settle_in_forked_child() -> None:
    global is_forked_child
    is_forked_child = True
    for function in _after_fork:
        function()
    _release_locks()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(before=_take_locks, after_in_parent=_release_locks, after_in_child=_settle_in_forked_child)
