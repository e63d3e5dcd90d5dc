"""Python threads that call at once get the bits that each gets alone, and each number of np.random is drawn once."""

import threading

import internals
import numpy as np
import pytest
from helpers import TBB, floats, run_program

import dropout_fast
from dropout_fast import reference

SIZE = 2**20 + 77  # large enough for parallel kernels in both dtypes
DROPOUT_PARAM = {"p": 0.7, "mode": "train", "seed": 1}

ROUNDS = [60, pytest.param(20_000, marks=pytest.mark.long)]


def outcome(dtype):
    """Run a forward and a backward; returns all values, and which kernels computed them."""
    x = floats((SIZE,), dtype, np.random.default_rng(0))
    with internals.kernels_called() as called:
        out, cache = dropout_fast.dropout_forward(x, DROPOUT_PARAM)
        dx = dropout_fast.dropout_backward(x, cache)
    return out.tobytes() + dx.tobytes(), called


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_serial_and_parallel_kernels_give_the_same_bits(dtype):
    with internals.force_parallel(), internals.never_nontemporal():
        in_parallel, called = outcome(dtype)
    assert called == ["parallel", "parallel"]
    with internals.force_serial():
        alone, called = outcome(dtype)
    assert called == ["serial", "serial"]
    assert alone == in_parallel


@pytest.mark.parametrize("layer", ["omp", "workqueue", "tbb"])
@pytest.mark.parametrize("calls", ROUNDS)
def test_sixteen_threads_at_once(layer, calls):
    if layer == "tbb" and not TBB:
        pytest.skip("needs the extra tbb")
    environment = {"NUMBA_THREADING_LAYER": layer, "NUMBA_NUM_THREADS": "2", "LD_LIBRARY_PATH": ""}
    assert run_program("threads_at_once", 16, calls, timeout=3600, **environment) == f"wrong: 0 {layer}\n"


@pytest.mark.parametrize("layer", ["omp", "workqueue"])
@pytest.mark.parametrize("rounds", ROUNDS)
def test_beside_a_parallel_loop_of_the_users_own(layer, rounds):
    environment = {"NUMBA_THREADING_LAYER": layer, "NUMBA_NUM_THREADS": "2"}
    assert run_program("beside_a_users_prange", rounds, timeout=3600, **environment) == "alive\n"


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
