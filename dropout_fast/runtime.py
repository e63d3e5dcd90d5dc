"""Serial or parallel: the one place that decides, so that no call ends a forked or threaded process.

Numba's OpenMP layer kills a forked child at its first parallel call, and its workqueue layer aborts
when two Python threads launch at once. The serial kernels give the same bits, so they step in.
"""

import os
import threading
from collections.abc import Callable
from typing import Any

from numba import config

#: Bytes of x from which more threads pay. Threads at work already start in 2 us, but a sleeping one wakes
#: in about 100 us (2 cores of an AMD EPYC virtual machine), as long as 4 MiB take serially.
PARALLEL_FROM = 2**21

_launching = threading.Lock()
_is_forked_child = False


def run(serial: Callable[..., Any], parallel: Callable[..., Any], nbytes: int, *arguments: Any) -> None:
    """Call one of two kernels that do the same, by the size and by what is safe here."""
    # numba.config, not get_num_threads(): asking the latter starts the threads.
    threads = config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]  # set at run time
    pays = nbytes >= PARALLEL_FROM and threads > 1 and not _is_forked_child
    if pays and _launching.acquire(blocking=False):
        try:
            parallel(*arguments)
        finally:
            _launching.release()
    else:
        serial(*arguments)


def _settle_in_forked_child() -> None:
    global _is_forked_child
    _is_forked_child = True


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_settle_in_forked_child)
