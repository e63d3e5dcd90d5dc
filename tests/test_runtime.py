"""Threads and forks: the same bits, and nobody dies."""

import multiprocessing
import os
import sys
import threading

import numpy as np
import pytest
from helpers import floats, run_python

import dropout_fast
from dropout_fast import reference, runtime

SIZE = 2**20 + 77  # above the crossover for both dtypes
DROPOUT_PARAM = {"p": 0.7, "mode": "train", "seed": 1}


def outcome(dtype):
    x = floats((SIZE,), dtype, np.random.default_rng(0))
    out, cache = dropout_fast.dropout_forward(x, DROPOUT_PARAM)
    return out.tobytes() + dropout_fast.dropout_backward(x, cache).tobytes()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_serial_and_parallel_kernels_give_the_same_bits(dtype, monkeypatch):
    in_parallel = outcome(dtype)
    monkeypatch.setattr(runtime, "PARALLEL_FROM", sys.maxsize)
    assert outcome(dtype) == in_parallel


def test_the_choice_between_serial_and_parallel(monkeypatch):
    called = []
    kernels = [lambda: called.append("serial"), lambda threads: called.append(f"parallel, {threads}")]
    monkeypatch.setattr(runtime.config, "NUMBA_NUM_THREADS", 2)
    runtime.run(kernels, runtime.PARALLEL_FROM, False, ())
    runtime.run(kernels, runtime.PARALLEL_FROM - 1, False, ())
    with runtime._launching:
        runtime.run(kernels, runtime.PARALLEL_FROM, False, ())
    monkeypatch.setattr(runtime.config, "NUMBA_NUM_THREADS", 1)
    runtime.run(kernels, runtime.PARALLEL_FROM, False, ())
    assert called == ["parallel, 2", "serial", "serial", "serial"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning", "ignore:os.fork.*JAX:RuntimeWarning")
def test_a_child_forked_after_a_parallel_call_lives():
    expected = outcome(np.float32)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(outcome, [np.float32] * 3) == [expected] * 3


@pytest.mark.parametrize("layer", ["default", "workqueue"])
def test_several_python_threads_at_once(layer):
    program = """
import threading, numpy as np, dropout_fast
x = np.ones(2**20, np.float32)
cache = dropout_fast.dropout_forward(x, {"p": 0.5, "mode": "train", "seed": 1})[1]
expected = dropout_fast.dropout_backward(x, cache)
wrong = []
def work():
    for _ in range(30):
        if not np.array_equal(dropout_fast.dropout_backward(x, cache), expected):
            wrong.append(1)
threads = [threading.Thread(target=work) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print("wrong", len(wrong))
"""
    assert run_python(program, NUMBA_THREADING_LAYER=layer) == "wrong 0\n"


def test_threads_share_one_stream_without_losing_a_draw():
    """Each element is drawn once: the keep bits of all threads together are those of one long draw."""
    calls, size = 10, 100_000  # long enough for the threads to meet inside the kernel
    np.random.seed(5)
    expected = sorted(reference.dropout_forward(np.ones(size), {"p": 0.5, "mode": "train"})[0].tobytes() for _ in range(2 * calls))
    np.random.seed(5)
    seen = []

    def work():
        for _ in range(calls):
            seen.append(dropout_fast.dropout_forward(np.ones(size), {"p": 0.5, "mode": "train"})[0].tobytes())

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == expected
