"""Serial or parallel: the choice by size, by threading layer, and by what else is running."""

import os
import threading

import internals
import numba
import numpy as np
import pytest
from helpers import TBB, run_program


def launched(nbytes, *, in_place=False):
    """The variant of a kernel that an array of that many bytes reaches."""
    called = []
    kernels = internals.variants(lambda name: lambda *arguments: called.append((name, *arguments)))
    internals.launch(kernels, (), lambda size, threads: (threads,), np.empty(nbytes, np.uint8), in_place)
    (only,) = called
    return only


def test_the_choice_between_serial_and_parallel():
    enough = internals.parallel_from()
    with internals.threads(2):
        assert launched(enough) == ("parallel", 2)
        assert launched(enough - 1) == ("serial",)
        with internals.another_thread_launching():
            assert launched(enough) == ("serial",)
    with internals.threads(1):
        assert launched(enough) == ("serial",)
    assert internals.launching() == set()


def test_the_choice_of_writing_past_the_caches():
    with internals.threads(2), internals.force_parallel(from_bytes=4000), internals.last_level_cache(8000):
        assert [launched(size)[0] for size in (3999, 4000, 6000, 6001)] == ["serial", "parallel", "parallel", "nontemporal"]
        assert launched(6001, in_place=True)[0] == "parallel"


def test_the_number_of_threads_that_numba_is_told_at_run_time():
    """`numba.set_num_threads`, and `numba.config`, hold for the next call."""
    enough = internals.parallel_from()
    assert launched(enough) == ("parallel", numba.config.NUMBA_NUM_THREADS)
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        assert launched(enough) == ("serial",)
        others = []
        other = threading.Thread(target=lambda: others.append(launched(enough)))  # the mask is the thread's own
        other.start()
        other.join()
        assert others == [("parallel", before)]
    finally:
        numba.set_num_threads(before)
    with internals.Changed((numba.config, "NUMBA_NUM_THREADS", 1)):
        assert launched(enough) == ("serial",)


@pytest.mark.parametrize(("layer", "may"), [("omp", True), ("tbb", True), ("workqueue", False), ("none", False)])
def test_which_layers_allow_several_threads(layer, may):
    answers = []
    with internals.threads(2), internals.threading_layer(layer):
        asked = threading.Thread(target=lambda: answers.append(internals.may_launch()))
        asked.start()
        asked.join()
        assert answers == [may]
        assert internals.may_launch() == (may or (layer == "workqueue" and threading.active_count() == 1))


@pytest.mark.parametrize("layer", ["tbb", "safe", "no such layer"])
def test_a_layer_that_cannot_be_loaded_leaves_the_serial_kernels_and_warns_once(layer):
    environment = {"NUMBA_THREADING_LAYER": layer, "NUMBA_NUM_THREADS": "2", "LD_LIBRARY_PATH": ""}
    said, where = run_program("no_threading_layer", **environment).splitlines()
    assert said.startswith(f"RuntimeWarning: Numba cannot load the threading layer {layer!r}, so dropout_fast runs on one thread.")
    assert where == "no_threading_layer.py"


@pytest.mark.skipif(not TBB, reason="needs the extra tbb")
@pytest.mark.parametrize(("asked", "loaded"), [("tbb", "tbb"), ("safe", "tbb"), ("default", "tbb"), ("omp", "omp")])
def test_the_tbb_wheel_is_found_in_a_virtual_environment(asked, loaded):
    environment = {"NUMBA_THREADING_LAYER": asked, "NUMBA_THREADING_LAYER_PRIORITY": "tbb omp workqueue", "LD_LIBRARY_PATH": ""}
    assert run_program("which_threading_layer", **environment) == f"parallel {loaded}\n"


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
