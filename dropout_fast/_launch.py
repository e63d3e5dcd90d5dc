"""Serial, parallel, or parallel past the caches: the one place that decides.

All variants of a kernel give the same bits, so the choice is free. It is made by what calls have cost lately in this process.
A second thread that is awake halves the time of a large array. But after a matrix product BLAS's idle threads hold the cores
for tens of milliseconds. A parallel call of 0.2 ms then takes 2 ms, because it waits for a thread that waits for a core. Neither
the size of an array nor the number of threads tells which of the two will happen.

How it is decided. Calls from `MEASURED_FROM` bytes on are clocked, which takes 0.1 us. For each kernel and size class (a power of
two), `Costs` remembers what either way costs a byte. The cheaper way is taken, and now and then the other is tried:

- The first calls are serial. The parallel way is tried soon after (see `Costs.choose`). A call that compiles teaches nothing.
- A parallel call that takes five times as long as a serial one is believed at once: the next call is serial. If it takes only
  somewhat longer, three more must confirm it: in a hot loop only the first calls have to wake their threads.
- Parallel is tried again after 4 or 16 calls, and if that fails after 16 times as many. The number of calls grows until all
  trials together take 1 % of the time of these calls, or 0.2 % of all time. So conditions that change are noticed, and
  trials cost next to nothing.
- While parallel is cheaper, serial is tried after 64 calls, then after 256, and every 1,024.
- While serial is settled, one call in eight is clocked.

What must not happen. Numba's OpenMP layer ends a forked child at its first parallel call, and its workqueue layer aborts when
two Python threads launch at once. There the serial kernel runs, whatever it costs.

The environment variable DROPOUT_FAST_LAUNCH switches measuring off: with "serial" no call launches threads, with "parallel" all
calls of 4 MiB or more do. `launches` shows what was measured.
"""

import os
import threading
import time
from collections.abc import Callable
from typing import Any

from numba import config

from . import _process
from .kernels.factory import Kernels

#: Bytes of x from which calls are clocked. For smaller arrays waking a thread takes longer than the call.
MEASURED_FROM = 2**18

#: Bytes of x from which the parallel way is tried at once, and always taken where DROPOUT_FAST_LAUNCH says so.
PARALLEL_FROM = 2**22

#: Nanoseconds of serial calls of smaller arrays before the parallel kernel is compiled, which takes a second, and for MT19937 up to
#: four. After 50 ms a short training, the demo's, was held up for 50 times as long as all its other calls took.
COMPILING_PAYS_FROM = 500_000_000

#: Nanoseconds that only a compilation takes, of what a kernel's threads need before it.
A_COMPILATION = 300_000_000

#: Serial calls before the parallel way is tried, if its kernel is there or the array is large.
FIRST_TRIAL = 2

#: The parallel way must take less than this part of the serial time.
GAIN = 0.95

#: A parallel call that takes this many times the serial time waits for a core. A smaller loss may be the waking of its threads.
HOPELESS = 5.0

#: Parallel calls in a row that may lose less than that: after a pause the first two take 3 times and once the serial time, and
#: only then 0.6 times (1 Mi float32, 2 cores).
MOST_DOUBTS = 3

#: Parallel calls before the first trial of the serial way.
FIRST_DOUBT = 64

#: Serial calls of which one is clocked, less one, while that way is settled.
SKIP = 7

#: Calls between trials that cost little, after some that changed nothing.
USUAL_WAIT = 64

#: The part of the time of all calls that trials may take, and the part of the time that passes: whichever allows a trial first.
BUDGET = 0.01
BUDGET_OF_ALL_TIME = 0.002

#: Nanoseconds between trials that the second of these allows, however little they lose.
LEAST_PAUSE = 200_000_000

#: Part of the last-level cache from which writing past it pays (32 MiB: for arrays of 24 MiB equal, of 32 MiB 15 % faster).
NONTEMPORAL_FROM = 0.75

MODES = ("measured", "serial", "parallel")

#: How calls are launched: one of `MODES`.
mode = os.environ.get("DROPOUT_FAST_LAUNCH", "measured")
if mode not in MODES:
    raise ValueError(f"The environment variable DROPOUT_FAST_LAUNCH is {mode!r}; expected one of {', '.join(MODES)}.")

#: The thread that runs a parallel kernel, and for a moment those that would like to. Not a lock: an interrupt between taking
#: it and the ``try`` would leave it locked for ever.
_launching: set[int] = set()

_process.after_fork_in_child(_launching.clear)


class Costs:
    """What serial and parallel calls of one kernel and size class have cost lately, in nanoseconds a byte.

    Attributes
    ----------
    serial, parallel : float
        0.0 while unknown.
    is_parallel : bool
        Which way is taken at present.
    doubts : int
        How many of the last parallel calls took longer than a serial one.
    wait : int
        Calls until the other way is tried.
    retry_at : int
        Nanoseconds on the clock from which the parallel way is tried in any case.
    skip : int
        Serial calls to come that are not clocked, while that way is settled: clocking takes 5 us where the caches are cold.
    threads : int
        How many run a parallel call.
    failures : int
        How often the parallel way was left, or failed in a trial, since a trial of the serial way confirmed it.
    confirmations : int
        How many trials of the serial way have confirmed the parallel way since it was taken.
    serial_calls, parallel_calls : int
        How many calls were clocked. Serial ones before the first trial count too.
    """

    __slots__ = (
        "confirmations",
        "doubts",
        "failures",
        "is_parallel",
        "parallel",
        "parallel_calls",
        "retry_at",
        "serial",
        "serial_calls",
        "skip",
        "threads",
        "wait",
    )

    def __init__(self, threads: int = 2) -> None:
        self.threads, self.skip = threads, 0
        self.serial = self.parallel = 0.0
        self.is_parallel = False
        self.doubts = 0
        self.wait = self.retry_at = self.failures = self.confirmations = self.serial_calls = self.parallel_calls = 0

    def choose(self, nbytes: int, is_compiled: bool, now: int) -> bool:
        """Whether the next call is to be parallel; `is_compiled` tells whether that kernel is there, `now` is the clock's time."""
        if self.serial_calls < FIRST_TRIAL:
            return False
        if not self.parallel:
            is_ready = is_compiled or nbytes >= PARALLEL_FROM
            return is_ready or self.serial * nbytes * self.serial_calls >= COMPILING_PAYS_FROM
        self.wait -= 1
        if self.is_parallel:
            return self.wait >= 0
        return self.wait < 0 or now >= self.retry_at

    def learn(self, was_parallel: bool, nanoseconds: int, nbytes: int, now: int) -> None:
        """Take note of a call, and decide for the next calls."""
        if not was_parallel:
            self._learn_serial(nanoseconds / nbytes)
        elif self.is_parallel and self.doubts == 0 and nanoseconds < self.parallel * nbytes:  # the usual, in few steps
            self.parallel_calls += 1
            self.parallel = (self.parallel + nanoseconds / nbytes) / 2
        elif self._learn_parallel(nanoseconds / nbytes):
            loss = nanoseconds - self.serial * nbytes
            self.retry_at = now + max(LEAST_PAUSE, int(loss / BUDGET_OF_ALL_TIME))

    def _learn_parallel(self, cost: float) -> bool:
        """Returns whether the parallel way is left, or its trial failed."""
        self.parallel_calls += 1
        was_trial = not self.is_parallel
        self.parallel = cost if was_trial else (self.parallel + cost) / 2
        if cost < (GAIN if was_trial else 1.0) * self.serial and self.parallel < self.serial:
            self.doubts = 0
            if was_trial:
                self.is_parallel, self.confirmations, self.wait = True, 0, FIRST_DOUBT
        elif cost < HOPELESS * self.serial and self.doubts < MOST_DOUBTS:
            self.doubts += 1  # the threads may have slept; the next call may find them awake
        else:
            self.is_parallel, self.doubts = False, 0
            self.failures += 2 if was_trial else 1  # a way that was good for a while is tried again sooner
            self.wait = self._wait(self.failures, cost - self.serial, self.serial)
            return True
        return False

    def _learn_serial(self, cost: float) -> None:
        self.serial_calls += 1
        # A call that was interrupted may take a hundred times as long.
        self.serial = (self.serial + min(cost, 2 * self.serial)) / 2 if self.serial else cost
        if self.is_parallel:
            self.failures = 0
            self.confirmations += 1
            self.is_parallel = self.parallel < self.serial
            # Rare, because the threads fall asleep meanwhile; a parallel way that gets worse is noticed without such trials.
            self.wait = FIRST_DOUBT * 4 ** min(self.confirmations, 2)
        elif self.parallel:
            self.skip = max(0, min(SKIP, self.wait))
            self.wait -= self.skip
        elif self.serial_calls > FIRST_TRIAL:
            self.skip = SKIP
            self.serial_calls += SKIP

    @staticmethod
    def _wait(trials: int, loss: float, usual: float) -> int:
        """Calls before the next trial, after so many with one outcome, the last of which lost so much."""
        affordable = int(loss / (BUDGET * usual))
        return int(min(4 ** min(trials, 10), max(USUAL_WAIT, affordable)))


#: Kernels of which calls were clocked; each holds its `Costs` by size class, and by whether x is written to.
_known: set[Kernels] = set()


def run(
    kernels: Kernels,
    arguments: tuple[Any, ...],
    shares: Callable[[int, int], tuple[Any, ...]],
    x: Any,
    in_place: bool,
    most_threads: int | None = None,
) -> None:
    """Call the variant of a kernel that is cheapest at present, and safe.

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
    most_threads : int, optional
        How many threads the call may take, where another library than Numba has a say in it.
    """
    nbytes = x.nbytes
    if nbytes >= MEASURED_FROM and mode != "serial":
        costs = kernels.costs.get((nbytes.bit_length(), in_place)) if mode == "measured" else None
        if costs is None or costs.skip == 0:
            _run_large(kernels, arguments, shares, x, in_place, most_threads)
            return
        costs.skip -= 1
    kernels.serial(*arguments)


def _run_large(
    kernels: Kernels,
    arguments: tuple[Any, ...],
    shares: Callable[[int, int], tuple[Any, ...]],
    x: Any,
    in_place: bool,
    most_threads: int | None,
) -> None:
    """As `run`, for arrays from `MEASURED_FROM` on: a function of its own, so that other calls touch less code."""
    nbytes, threads = x.nbytes, _threads(most_threads) if may_launch() else 1
    if threads == 1 or (mode == "parallel" and nbytes < PARALLEL_FROM):
        kernels.serial(*arguments)
        return
    is_large = nbytes > NONTEMPORAL_FROM * _process.last_level_cache()
    nontemporal = is_large and not in_place and kernels.nontemporal is not None
    variant = "nontemporal" if nontemporal else "parallel"
    if mode == "parallel":
        if not _run_in_parallel(kernels, variant, arguments, shares(x.size, threads)):
            kernels.serial(*arguments)
        return
    costs = _costs_of(kernels, (nbytes.bit_length(), in_place), threads)
    compiled = kernels.compiled
    began = start = time.perf_counter_ns()
    parallel = costs.choose(nbytes, variant in compiled, began)
    teaches = (variant if parallel else "serial") in compiled  # asked before the call, which may compile
    if parallel:
        trailing = shares(x.size, threads)
        start = time.perf_counter_ns()  # what shares are computed or compiled once only is no cost of a call
        if start - began > A_COMPILATION:
            parallel = teaches = False  # one compilation a call is enough; the next call runs, or compiles, the kernel
    if not parallel:
        kernels.serial(*arguments)
    elif not _run_in_parallel(kernels, variant, arguments, trailing):
        kernels.serial(*arguments)
        teaches = False
    if teaches:
        now = time.perf_counter_ns()
        costs.learn(parallel, now - start, nbytes, now)


def _costs_of(kernels: Kernels, size_class: tuple[int, bool], threads: int) -> Costs:
    costs: Costs | None = kernels.costs.get(size_class)
    if costs is None or costs.threads != threads:
        costs = kernels.costs[size_class] = Costs(threads)
        _known.add(kernels)
    return costs


def _run_in_parallel(kernels: Kernels, variant: str, arguments: tuple[Any, ...], shares: tuple[Any, ...]) -> bool:
    """Call the parallel kernel, unless another thread runs one: it returns False then. Ask `may_launch` first."""
    this_thread = threading.get_ident()
    try:
        _launching.add(this_thread)
        if len(_launching) > 1:
            return False
        getattr(kernels, variant)(*arguments, *shares)
        return True
    finally:
        _launching.discard(this_thread)


def _threads(most_threads: int | None) -> int:
    """As many as numba.set_num_threads allows, and numba.config, and the caller."""
    allowed, most = _process.numba_threads(), config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]  # set at run time
    if most_threads is not None and most_threads < allowed:
        allowed = most_threads
    return allowed if allowed < most else int(most)


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


def launches() -> list[dict[str, Any]]:
    """What the calls of this process that were clocked have cost, and how the next ones will be launched.

    Returns
    -------
    list of dict
        One for each kernel, size class, and way of writing (in place or not). ``kernel``; ``bytes``, which the arrays have at
        most; ``threads`` of a parallel call; ``in_place``; ``parallel``, whether the next call is; ``serial_ns_per_byte`` and
        ``parallel_ns_per_byte``, None while unknown; ``serial_calls`` and ``parallel_calls``, which were clocked.

    Notes
    -----
    Arrays of less than 256 KiB are always dropped on the calling thread, and are not clocked. The environment variable
    DROPOUT_FAST_LAUNCH, read when dropout_fast is imported, is "measured" (the default), "serial", or "parallel" for arrays from
    4 MiB on.

    Examples
    --------
    >>> import numpy as np
    >>> from dropout_fast import dropout, launches
    >>> out, mask = dropout(np.ones(100), keep_prob=0.5)
    >>> isinstance(launches(), list)
    True
    """
    return [
        {
            "kernel": kernels.name,
            "bytes": 2**size_class,
            "threads": costs.threads,
            "in_place": in_place,
            "parallel": costs.is_parallel,
            "serial_ns_per_byte": costs.serial or None,
            "parallel_ns_per_byte": costs.parallel or None,
            "serial_calls": costs.serial_calls,
            "parallel_calls": costs.parallel_calls,
        }
        for kernels in sorted(_known, key=lambda kernels: kernels.name)
        for (size_class, in_place), costs in sorted(kernels.costs.items())
    ]
