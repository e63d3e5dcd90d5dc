"""Serial or parallel: the one place that decides, so that no call ends a forked or threaded process.

Numba's OpenMP layer kills a forked child at its first parallel call, and its workqueue layer aborts
when two Python threads launch at once. The serial kernels give the same bits, so they step in.
"""

import functools
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import config

#: Bytes of x from which more threads pay. Threads at work already start in 2 us, but a sleeping one wakes
#: in about 100 us (2 cores of an AMD EPYC virtual machine), as long as 4 MiB take serially.
PARALLEL_FROM = 2**21

#: Sizes of the last-level cache from which writing past it pays (2 cores, 32 MiB: out of 24 MiB equal, of 32 MiB 15 % faster).
STREAMING_FROM = 0.75

#: Bytes of cache assumed where the system does not tell.
USUAL_CACHE = 2**25

_launching = threading.Lock()
_is_forked_child = False


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
    # numba.config, not get_num_threads(): asking the latter starts the threads.
    threads = config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]  # set at run time
    if nbytes < PARALLEL_FROM or _is_forked_child or threads == 1:
        kernels[0](*arguments)
    elif not _launching.acquire(blocking=False):
        kernels[0](*arguments)
    else:
        streams = len(kernels) == 3 and not in_place and nbytes > STREAMING_FROM * last_level_cache()
        try:
            kernels[2 if streams else 1](*arguments, threads)
        finally:
            _launching.release()


@functools.cache
def last_level_cache() -> int:
    """Bytes of this machine's largest cache."""
    units = {"K": 2**10, "M": 2**20}
    sizes = []
    for file in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size"):
        text = file.read_text().strip()
        sizes.append(int(text[:-1]) * units[text[-1]] if text[-1] in units else int(text))
    return max(sizes, default=USUAL_CACHE)


def _settle_in_forked_child() -> None:
    global _is_forked_child
    _is_forked_child = True


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_settle_in_forked_child)
