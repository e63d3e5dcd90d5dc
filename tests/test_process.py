"""Forks and process pools after parallel kernels: right results, and every process ends."""

import multiprocessing
import os

import pytest
from helpers import run_python

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")

# `work` is what every child does: both engines, above the crossover, and an own seed.
COMMON = """
import hashlib, os, signal, sys, warnings
warnings.simplefilter("ignore")  # of forking with threads about, which is the point
import numpy as np
import dropout_fast
X = np.ones(2**20, np.float32)
def work(_=0):
    if hasattr(signal, "alarm"):
        signal.alarm(60)  # a process that waits for ever is ended, and its parent fails
    out, mask = dropout_fast.dropout(X, 0.9, seed=1)
    exact, cache = dropout_fast.dropout_forward(X, {"p": 0.5, "mode": "train", "seed": 2})
    dx = dropout_fast.dropout_backward(X, cache)
    digest = hashlib.sha256(out.tobytes() + mask.apply(X).tobytes() + exact.tobytes() + dx.tobytes()).hexdigest()
    return digest, dropout_fast.dropout(X[:9])[1].seed
"""

FORKS = """
def in_child(task):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, repr(task()).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader) as pipe:
        said = pipe.read()
    assert os.waitpid(child, 0)[1] == 0
    return eval(said)
expected, own_seed = work()
children = [in_child(work) for _ in range(3)]
grandchildren = [in_child(lambda: in_child(work)) for _ in range(2)]
digests, seeds = zip((expected, own_seed), *children, *grandchildren)
assert set(digests) == {expected}, digests
assert len(set(seeds)) == len(seeds), seeds
work()  # the parent's threads are as they were
print("alive")
"""

POOLS = """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
if __name__ == "__main__":
    expected, own_seed = work()
    context = multiprocessing.get_context(METHOD)
    with context.Pool(2) as pool:
        results = pool.map(work, range(6), chunksize=1)
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        results += pool.map(work, range(6))
    digests, seeds = zip((expected, own_seed), *results)
    assert set(digests) == {expected}, digests
    assert len(set(seeds)) == len(seeds), seeds
    print("alive")
"""

# A child must not wait for a lock that only another thread of its parent could release.
WHILE_OTHERS_WORK = """
import threading, time
from numba import njit
long = np.ones(2**24, np.float32)
param = {"p": 0.3, "mode": "train"}
dropout_fast.dropout_forward(X, param)
stop = threading.Event()
def draw():
    while not stop.is_set():
        dropout_fast.dropout_forward(long, param, out=long)
def compile():
    while not stop.is_set():
        njit(lambda x: x + 1)(1)
        time.sleep(0.01)
threads = [threading.Thread(target=target, daemon=True) for target in (draw, compile)]
[thread.start() for thread in threads]
for dtype in (np.float64, np.float16) * ROUNDS:
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        dropout_fast.dropout_forward(np.ones(1000), param)
        dropout_fast.dropout(np.ones(1000, dtype))  # to be loaded or compiled
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, "the child waits"
stop.set()
[thread.join() for thread in threads]
print("alive")
"""


@pytest.mark.parametrize("layer", ["omp", "workqueue"])
def test_children_and_grandchildren(layer):
    assert run_python(COMMON + FORKS, NUMBA_THREADING_LAYER=layer, NUMBA_NUM_THREADS="2") == "alive\n"


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_pools(method, tmp_path):
    script = tmp_path / "pools.py"  # spawn and forkserver import the main module
    script.write_text(COMMON + POOLS.replace("METHOD", repr(method)))
    assert run_python(script) == "alive\n"


@pytest.mark.parametrize("rounds", [1, pytest.param(100, marks=pytest.mark.long)])
def test_a_fork_while_other_threads_draw_and_compile(rounds):
    assert run_python(f"ROUNDS = {rounds}\n{COMMON}{WHILE_OTHERS_WORK}", 3600) == "alive\n"
