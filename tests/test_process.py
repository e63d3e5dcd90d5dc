"""A process that ran parallel kernels may fork or start a pool: results are right, and every process ends."""

import multiprocessing
import os

import pytest
from helpers import TBB, run_program

LAYERS = ["omp", "workqueue", pytest.param("tbb", marks=pytest.mark.skipif(not TBB, reason="needs the extra tbb"))]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


def last_line(printed):
    """Numba's tbb layer says before each fork that it could not stop its threads."""
    return printed.splitlines()[-1]


@pytest.mark.parametrize("layer", LAYERS)
def test_children_and_grandchildren(layer):
    assert last_line(run_program("forks", NUMBA_THREADING_LAYER=layer, NUMBA_NUM_THREADS="2")) == "alive"


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_pools(method):
    assert run_program("pools", method) == "alive\n"


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("rounds", [1, pytest.param(100, marks=pytest.mark.long)])
def test_a_fork_while_other_threads_draw_and_compile(rounds, layer):
    assert last_line(run_program("fork_while_others_work", rounds, timeout=3600, NUMBA_THREADING_LAYER=layer)) == "alive"
