"""What a new process waits for: imports and the first call, with a cache of compiled kernels and without."""

import os
import statistics
import subprocess
import sys
import tempfile

PROGRAM = """
import time
clock = [time.perf_counter()]
import numpy, numba
clock.append(time.perf_counter())
numba.njit(lambda number: number + 1)(1)
clock.append(time.perf_counter())
import dropout_fast
clock.append(time.perf_counter())
dropout_fast.dropout(numpy.ones(1000, numpy.float32), seed=0)
clock.append(time.perf_counter())
print(*(after - before for before, after in zip(clock, clock[1:])))
"""

NAMES = ("import numba", "Numba's set-up at its first call", "import dropout_fast", "first call, kernel cached")


def seconds(repeats: int) -> dict[str, float]:
    """Medians over new processes; the first of them, with an empty cache, tells what compiling takes."""
    with tempfile.TemporaryDirectory() as cache:
        cold, *warm = (_new_process(cache) for _ in range(1 + repeats))
    medians = [statistics.median(values) for values in zip(*warm, strict=True)]
    return dict(zip(NAMES, medians, strict=True)) | {"first call, kernel compiled": cold[-1]}


def _new_process(cache: str) -> list[float]:
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    return [float(number) for number in done.stdout.split()]
