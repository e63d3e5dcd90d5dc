"""Serial or parallel: the choice by size, by threading layer, and by what else is running."""

import os
import threading

import internals
import numba
import numpy as np
import pytest
from helpers import run_program


def test_the_choice_between_serial_and_parallel():
    called = []
    kernels = [lambda: called.append("serial"), lambda threads: called.append(f"parallel, {threads}")]
    enough = internals.parallel_from()
    with internals.threads(2):
        internals.launch(kernels, enough, False, ())
        internals.launch(kernels, enough - 1, False, ())
        with internals.another_thread_launching():
            internals.launch(kernels, enough, False, ())
    with internals.threads(1):
        internals.launch(kernels, enough, False, ())
    assert called == ["parallel, 2", "serial", "serial", "serial"]
    assert internals.launching() == set()


def test_the_choice_of_writing_past_the_caches():
    called = []
    kernels = internals.fast_kernels_named(
        tuple(lambda *arguments, name=name: called.append(name) for name in ("serial", "parallel", "streaming"))
    )
    with internals.threads(2), internals.force_parallel(from_bytes=4000), internals.last_level_cache(8000):
        for size in (999, 1000, 1500, 1501):
            x = np.ones(size, np.float32)
            internals.scale_by_bits(kernels, x, np.ones_like(x))
        internals.scale_by_bits(kernels, x, x)
    assert called == ["serial", "parallel", "parallel", "streaming", "parallel"]


@pytest.mark.parametrize(("layer", "may"), [("omp", True), ("tbb", True), ("workqueue", False), ("none", False)])
def test_which_layers_allow_several_threads(layer, may):
    answers = []
    with internals.threads(2), internals.threading_layer(layer):
        asked = threading.Thread(target=lambda: answers.append(internals.may_launch()))
        asked.start()
        asked.join()
        assert answers == [may]
        assert internals.may_launch() == (may or (layer == "workqueue" and threading.active_count() == 1))


def test_a_layer_that_is_not_there_leaves_the_serial_kernels():
    environment = {"NUMBA_THREADING_LAYER": "tbb", "NUMBA_NUM_THREADS": "2", "LD_LIBRARY_PATH": ""}
    assert run_program("no_threading_layer", **environment) == "right\n"


@pytest.mark.parametrize("chosen", [None, "GOMP_SPINCOUNT", "OMP_WAIT_POLICY"])
def test_idle_threads_sleep_soon_unless_the_user_says_otherwise(chosen, monkeypatch):
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    if chosen:
        monkeypatch.setenv(chosen, "active")
    before, seen = dict(os.environ), []
    monkeypatch.setattr(numba, "get_num_threads", lambda: seen.append(dict(os.environ)))
    monkeypatch.setattr(numba, "threading_layer", lambda: "omp")
    assert internals.load_threading_layer() == "omp"
    assert seen == [before if chosen else before | {"GOMP_SPINCOUNT": internals.GOMP_SPINCOUNT}]
    assert dict(os.environ) == before
