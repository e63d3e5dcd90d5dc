"""Measure how long a new process waits for the imports and the first call, with and without compiled kernels on disk."""

import os
import statistics
import subprocess
import sys
import tempfile

#: What each new process runs. It prints the seconds of the phases in `NAMES`.
PROGRAM = """
import time
clock = [time.perf_counter()]
import numpy, numba
clock.append(time.perf_counter())
numba.njit(lambda number: number + 1)(1)
clock.append(time.perf_counter())
import dropout_fast
clock.append(time.perf_counter())
dropout_fast.dropout(numpy.ones(1000, numpy.float32), keep_prob=0.5, seed=0)
clock.append(time.perf_counter())
print(*(after - before for before, after in zip(clock, clock[1:])))
"""

NAMES = ("import numba", "Numba's set-up at its first call", "import dropout_fast", "first call, kernel cached")


def seconds(repeats: int) -> dict[str, float]:
    """Return the seconds of each phase.

    The first process starts with an empty cache, and so gives the time with compiling. The others give medians.
    """
    with tempfile.TemporaryDirectory() as cache:
        cold, *warm = (_new_process(cache) for _ in range(1 + repeats))
    medians = [statistics.median(values) for values in zip(*warm, strict=True)]
    return dict(zip(NAMES, medians, strict=True)) | {"first call, kernel compiled": cold[-1]}


def _new_process(cache: str) -> list[float]:
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    return [float(number) for number in done.stdout.split()]
