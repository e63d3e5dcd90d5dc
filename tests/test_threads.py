"""Python threads: the same bits as alone, nobody dies, and each number of np.random is drawn once."""

import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from helpers import floats, run_python

import dropout_fast
from dropout_fast import reference, runtime

SIZE = 2**20 + 77  # above the crossover for both dtypes
DROPOUT_PARAM = {"p": 0.7, "mode": "train", "seed": 1}

# Sizes on both sides of the crossover, which is lowered: more calls in less time.
AT_ONCE = """
import threading, numba, numpy as np, dropout_fast
from dropout_fast import runtime
runtime.PARALLEL_FROM = 2**14
cases = []
for size in (100, 3_000, 30_000, 70_001):
    x = np.arange(size, dtype=np.float32)
    fast = dropout_fast.dropout(x, 0.9, seed=size)
    exact = dropout_fast.dropout_forward(x, {"p": 0.5, "mode": "train"})
    cases.append((x, *fast, exact[1], dropout_fast.dropout_backward(x, exact[1])))
wrong = []
start = threading.Barrier(THREADS)
def work(number):
    start.wait()
    for call in range(CALLS):
        x, dropped, mask, cache, scaled = cases[(number + call) % len(cases)]
        out, again = dropout_fast.dropout(x, 0.9, seed=x.size)
        dx = dropout_fast.dropout_backward(x, cache) if call % 2 else again.apply(x)
        if out.tobytes() != dropped.tobytes() or dx.tobytes() != (scaled if call % 2 else dropped).tobytes():
            wrong.append(call)
threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print("wrong:", len(wrong), numba.threading_layer())
"""

# A parallel loop of the user's own in one thread, ours in the others: workqueue would end the process.
BESIDE_A_USERS_OWN = """
import threading, numba, numpy as np, dropout_fast
from dropout_fast import runtime
runtime.PARALLEL_FROM = 2**14
@numba.njit(parallel=True, nogil=True)
def total(x):
    result = 0.0
    for i in numba.prange(x.size):
        result += x[i]
    return result
x = np.ones(70_001, np.float32)
expected, mask = dropout_fast.dropout(x, 0.9, seed=1)
total(x)
stop = threading.Event()
def work():
    while not stop.is_set():
        assert mask.apply(x).tobytes() == expected.tobytes()
threads = [threading.Thread(target=work) for _ in range(2)]
[thread.start() for thread in threads]
for _ in range(ROUNDS):
    assert total(x) == x.size
stop.set()
[thread.join() for thread in threads]
print("alive")
"""

TBB = list(Path(sys.prefix, "lib").glob("libtbb.so*"))

ROUNDS = [60, pytest.param(20_000, marks=pytest.mark.long)]


def outcome(dtype):
    x = floats((SIZE,), dtype, np.random.default_rng(0))
    out, cache = dropout_fast.dropout_forward(x, DROPOUT_PARAM)
    return out.tobytes() + dropout_fast.dropout_backward(x, cache).tobytes()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_serial_and_parallel_kernels_give_the_same_bits(dtype, monkeypatch):
    in_parallel = outcome(dtype)
    monkeypatch.setattr(runtime, "PARALLEL_FROM", sys.maxsize)
    assert outcome(dtype) == in_parallel


@pytest.mark.parametrize("layer", ["omp", "workqueue", "tbb"])
@pytest.mark.parametrize("calls", ROUNDS)
def test_sixteen_threads_at_once(layer, calls):
    if layer == "tbb" and not TBB:
        pytest.skip("needs the extra tbb")
    environment = {"NUMBA_THREADING_LAYER": layer, "NUMBA_NUM_THREADS": "2", "LD_LIBRARY_PATH": f"{sys.prefix}/lib"}
    printed = run_python(f"THREADS, CALLS = 16, {calls}\n{AT_ONCE}", 3600, **environment)
    assert printed == f"wrong: 0 {layer}\n"


@pytest.mark.parametrize("layer", ["omp", "workqueue"])
@pytest.mark.parametrize("rounds", ROUNDS)
def test_beside_a_parallel_loop_of_the_users_own(layer, rounds):
    printed = run_python(f"ROUNDS = {rounds}\n{BESIDE_A_USERS_OWN}", 3600, NUMBA_THREADING_LAYER=layer, NUMBA_NUM_THREADS="2")
    assert printed == "alive\n"


def test_threads_share_one_stream_without_losing_a_draw():
    """Each element is drawn once: the keep bits of all threads together are those of one long draw."""
    calls, size = 10, 100_000  # long enough for the threads to meet inside the kernel
    np.random.seed(5)
    expected = sorted(reference.dropout_forward(np.ones(size), {"p": 0.5, "mode": "train"})[0].tobytes() for _ in range(4 * calls))
    np.random.seed(5)
    seen = []

    def work():
        for _ in range(calls):
            seen.append(dropout_fast.dropout_forward(np.ones(size), {"p": 0.5, "mode": "train"})[0].tobytes())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == expected
