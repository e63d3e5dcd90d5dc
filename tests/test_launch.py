"""Which kernel is called: by size, by threading layer, by what else is running."""

import os
import threading

import numba
import pytest
from helpers import run_python

from dropout_fast import runtime


def test_the_choice_between_serial_and_parallel(monkeypatch):
    called = []
    kernels = [lambda: called.append("serial"), lambda threads: called.append(f"parallel, {threads}")]
    monkeypatch.setattr(runtime.config, "NUMBA_NUM_THREADS", 2)
    runtime.run(kernels, runtime.PARALLEL_FROM, False, ())
    runtime.run(kernels, runtime.PARALLEL_FROM - 1, False, ())
    monkeypatch.setattr(runtime, "_launching", {-1})
    runtime.run(kernels, runtime.PARALLEL_FROM, False, ())
    assert runtime._launching == {-1}
    runtime._launching.clear()
    monkeypatch.setattr(runtime.config, "NUMBA_NUM_THREADS", 1)
    runtime.run(kernels, runtime.PARALLEL_FROM, False, ())
    assert called == ["parallel, 2", "serial", "serial", "serial"]


@pytest.mark.parametrize(("layer", "may"), [("omp", True), ("tbb", True), ("workqueue", False), ("none", False)])
def test_which_layers_allow_several_threads(layer, may, monkeypatch):
    monkeypatch.setattr(runtime.config, "NUMBA_NUM_THREADS", 2)
    monkeypatch.setattr(runtime, "_threading_layer", lambda: layer)
    monkeypatch.setattr(runtime, "_is_forked_child", False)
    asked = threading.Thread(target=lambda: answers.append(runtime._may_launch()))
    answers = []
    asked.start()
    asked.join()
    assert answers == [may]
    assert runtime._may_launch() == (may or (layer == "workqueue" and threading.active_count() == 1))


def test_a_layer_that_is_not_there_leaves_the_serial_kernels():
    program = """
import numpy as np, dropout_fast
out, mask = dropout_fast.dropout(np.ones(2**20, np.float32), seed=1)
assert mask.apply(np.ones(2**20, np.float32)).tobytes() == out.tobytes()
print("right")
"""
    assert run_python(program, NUMBA_THREADING_LAYER="tbb", NUMBA_NUM_THREADS="2", LD_LIBRARY_PATH="") == "right\n"


@pytest.mark.parametrize("chosen", [None, "GOMP_SPINCOUNT", "OMP_WAIT_POLICY"])
def test_idle_threads_sleep_soon_unless_the_user_says_otherwise(chosen, monkeypatch):
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    if chosen:
        monkeypatch.setenv(chosen, "active")
    before, seen = dict(os.environ), []
    monkeypatch.setattr(numba, "get_num_threads", lambda: seen.append(dict(os.environ)))
    monkeypatch.setattr(numba, "threading_layer", lambda: "omp")
    assert runtime._threading_layer.__wrapped__() == "omp"
    assert seen == [before if chosen else before | {"GOMP_SPINCOUNT": runtime.SPINS}]
    assert dict(os.environ) == before
