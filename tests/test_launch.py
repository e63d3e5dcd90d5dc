"""Serial or parallel: the choice by size, by threading layer, and by what else is running."""

import os
import threading

import internals
import numba
import numpy as np
import pytest
from helpers import TBB, run_program

import dropout_fast


def launched(nbytes, *, in_place=False):
    """The variant of a kernel that an array of that many bytes reaches."""
    called = []
    kernels = internals.variants(lambda name: lambda *arguments: called.append((name, *arguments)))
    internals.launch(kernels, (), lambda size, threads: (threads,), np.empty(nbytes, np.uint8), in_place)
    (only,) = called
    return only


def test_calls_that_are_forced():
    with internals.force_parallel(from_bytes=4000):
        with internals.threads(2):
            assert launched(4000) == ("parallel", 2)
            assert launched(3999) == ("serial",)
            with internals.another_thread_launching():
                assert launched(4000) == ("serial",)
            with internals.force_serial():
                assert launched(4000) == ("serial",)
        with internals.threads(1):
            assert launched(4000) == ("serial",)
    assert internals.launching() == set()


def test_the_choice_of_writing_past_the_caches():
    with internals.threads(2), internals.force_parallel(from_bytes=4000), internals.last_level_cache(8000):
        assert [launched(size)[0] for size in (3999, 4000, 6000, 6001)] == ["serial", "parallel", "parallel", "nontemporal"]
        assert launched(6001, in_place=True)[0] == "parallel"


def test_the_number_of_threads_that_numba_is_told_at_run_time():
    """`numba.set_num_threads`, and `numba.config`, hold for the next call."""
    with internals.force_parallel():
        assert launched(100) == ("parallel", numba.config.NUMBA_NUM_THREADS)
        before = numba.get_num_threads()
        numba.set_num_threads(1)
        try:
            assert launched(100) == ("serial",)
            others = []
            other = threading.Thread(target=lambda: others.append(launched(100)))  # the number is the thread's own
            other.start()
            other.join()
            assert others == [("parallel", before)]
        finally:
            numba.set_num_threads(before)
        with internals.Changed((numba.config, "NUMBA_NUM_THREADS", 1)):
            assert launched(100) == ("serial",)


def test_forced_calls_do_not_ask_what_was_measured():
    machine = Machine(100, 1000)
    machine.calls(50)  # serial is settled
    with internals.force_parallel():
        assert machine.calls(20)[0] == 20


class Machine:
    """A kernel whose serial and parallel calls take what they are told to, on a clock of its own, in microseconds."""

    def __init__(self, serial, parallel, nbytes=2**22):
        self.cost, self.now, self.called = {"serial": serial, "parallel": parallel}, 0, []
        self.kernels = internals.variants(lambda name: lambda *_: self.run(name))
        self.x = np.empty(nbytes, np.uint8)
        self.cost_of_shares = 0

    def shares(self, size, threads):
        self.now += 1000 * self.cost_of_shares
        return ()

    def run(self, name):
        self.called.append(name)
        self.now += 1000 * self.cost[name]

    def calls(self, count):
        """Make so many calls; returns how many were parallel, and the microseconds that all took."""
        start, before = len(self.called), self.now
        with internals.threads(2), internals.clock(lambda: self.now), internals.never_nontemporal():
            for _ in range(count):
                internals.launch(self.kernels, (), self.shares, self.x, False)
        return self.called[start:].count("parallel"), (self.now - before) // 1000


def test_the_cheaper_way_is_found_and_trials_cost_little():
    for serial, parallel in ((100, 50), (100, 2000), (300, 10_000), (100, 99), (100, 101)):
        machine = Machine(serial, parallel)
        machine.calls(30)
        in_parallel, spent = machine.calls(10_000)
        assert spent < 1.03 * 10_000 * min(serial, parallel)
        assert in_parallel > 9000 if parallel == 50 else in_parallel < 1000
        assert in_parallel % 10_000 > 0  # the other way is tried


def test_a_hot_loop_in_which_the_first_call_wakes_the_threads():
    machine = Machine(110, 60)
    parallel = 0
    for _ in range(50):
        for call in range(40):
            awake = machine.called[-2:] == ["parallel", "parallel"] and call > 1
            machine.cost["parallel"] = 60 if awake else 170
            parallel += machine.calls(1)[0]
    assert parallel > 1900


def test_one_bad_parallel_call_is_noticed_at_once_and_forgotten_soon():
    machine = Machine(100, 50)
    machine.calls(1000)
    machine.cost["parallel"] = 3000
    while machine.called[-1] != "parallel":
        machine.calls(1)
    machine.calls(1)
    bad, _ = machine.calls(20)
    assert machine.called[-20] == "serial" and bad <= 3
    machine.cost["parallel"] = 50
    machine.calls(300)
    assert machine.calls(20)[0] >= 18


def test_conditions_that_change_for_ever():
    machine = Machine(100, 1000)
    assert machine.calls(2000)[0] < 20
    machine.cost["parallel"] = 50
    machine.calls(3000)
    assert machine.calls(100)[0] > 90


def test_conditions_that_change_are_noticed_in_time_where_calls_are_rare():
    machine = Machine(100, 10_000)
    machine.calls(1000)
    machine.cost["parallel"] = 50
    machine.now += 1000 * 10_000_000  # ten seconds
    assert machine.calls(12)[0] >= 4


def test_an_interrupted_serial_call_changes_nothing():
    machine = Machine(100, 150)
    machine.calls(100)
    machine.cost["serial"] = 100_000
    machine.calls(1)
    machine.cost["serial"] = 100
    assert machine.calls(100)[0] <= 4  # one trial


def test_small_arrays_are_not_clocked():
    machine = Machine(100, 1, nbytes=internals.measured_from() - 1)
    assert machine.calls(1000)[0] == 0


def test_a_smaller_array_waits_for_its_kernel_to_be_compiled_until_that_pays():
    machine = Machine(100, 50, nbytes=2**19)
    machine.kernels.compiled = {"serial"}
    assert machine.calls(4900)[0] == 0  # 490 ms
    assert machine.calls(200)[0] > 0


def test_a_call_that_compiles_teaches_nothing():
    machine = Machine(1_000_000, 1_000_000)
    machine.kernels.compiled = set()
    costs = internals.Costs
    with internals.Changed((costs, "learn", lambda *_: machine.called.append("learnt"))):
        machine.calls(3)
    assert "learnt" not in machine.called
    machine.kernels.compiled = {"serial"}
    with internals.Changed((costs, "learn", lambda *_: machine.called.append("learnt"))):
        machine.calls(1)
    assert machine.called[-1] == "learnt"


@pytest.mark.parametrize("cost", [10_000, 2_000_000])
def test_what_shares_need_once_is_not_taken_for_the_cost_of_a_call(cost):
    """Polynomials of a jump take 10 ms, and its compilation 2 s, also where the kernel itself is there."""
    machine = Machine(100, 50)
    machine.calls(2)
    machine.cost_of_shares = cost
    machine.calls(1)
    machine.cost_of_shares = 0
    assert machine.calls(20)[0] == 20


def test_what_was_measured_can_be_seen():
    x = np.ones(2**18, np.float32)
    for _ in range(3):
        dropout_fast.dropout(x, keep_prob=0.5, out=x)
    rows = [row for row in dropout_fast.launches() if row["in_place"] and row["bytes"] == 2**21]
    (row,) = (row for row in rows if row["kernel"] == "counter_scale_or_zero_float32")
    assert row["serial_calls"] + row["parallel_calls"] > 0 and row["serial_ns_per_byte"] > 0
    assert row["parallel"] in (True, False)


@pytest.mark.parametrize(("asked", "launched"), [("serial", {"serial"}), ("parallel", {"parallel"})])
def test_measuring_can_be_switched_off(asked, launched):
    assert set(run_program("which_variants", DROPOUT_FAST_LAUNCH=asked).split()) == launched


def test_an_unknown_way_of_launching():
    with pytest.raises(AssertionError, match="DROPOUT_FAST_LAUNCH is 'fast'; expected one of measured, serial, parallel"):
        run_program("which_variants", DROPOUT_FAST_LAUNCH="fast")


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


@pytest.mark.skipif(not TBB, reason="needs the extra tbb")
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs processes that are held to a core")
def test_a_process_on_one_core_ends_beside_tbb():
    environment = {"NUMBA_THREADING_LAYER": "default", "NUMBA_THREADING_LAYER_PRIORITY": "tbb omp workqueue", "LD_LIBRARY_PATH": ""}
    assert run_program("one_core", timeout=60, **environment) == "omp\n"


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


def test_two_threads_load_the_threading_layer_at_once(monkeypatch):
    """Each sets the variable for the moment; the one that ends last finds it gone."""
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(numba, "get_num_threads", lambda: os.environ.pop("GOMP_SPINCOUNT"))
    monkeypatch.setattr(numba, "threading_layer", lambda: "omp")
    assert internals.load_threading_layer() == "omp" and "GOMP_SPINCOUNT" not in os.environ


def test_the_largest_cache_is_taken(tmp_path):
    for index, size in enumerate(("32K", "1024K", "8M", "512")):
        (tmp_path / f"index{index}").mkdir()
        (tmp_path / f"index{index}" / "size").write_text(f"{size}\n")
    assert internals.last_level_cache_told_by(tmp_path) == 2**23


def test_a_usual_cache_is_assumed_where_the_system_does_not_tell(tmp_path):
    assert internals.last_level_cache_told_by(tmp_path / "absent") == internals.USUAL_CACHE
