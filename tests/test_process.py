"""A process that ran parallel kernels may fork or start a pool: results are right, and every process ends."""

import multiprocessing
import os

import pytest
from helpers import run_program

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


@pytest.mark.parametrize("layer", ["omp", "workqueue"])
def test_children_and_grandchildren(layer):
    assert run_program("forks", NUMBA_THREADING_LAYER=layer, NUMBA_NUM_THREADS="2") == "alive\n"


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_pools(method):
    assert run_program("pools", method) == "alive\n"


@pytest.mark.parametrize("rounds", [1, pytest.param(100, marks=pytest.mark.long)])
def test_a_fork_while_other_threads_draw_and_compile(rounds):
    assert run_program("fork_while_others_work", rounds, timeout=3600) == "alive\n"
