"""Code for processors with narrower vectors gives the same bits: golden masks, NumPy's bits, and a digest of engine fast."""

import platform

import pytest
from golden import DIGEST
from helpers import printed_by, run_program, start_program

pytestmark = pytest.mark.skipif(platform.machine().lower() not in ("x86_64", "amd64"), reason="names x86 processors")

CPUS = ["generic", "x86-64-v3"]


@pytest.fixture(scope="module")
def processes():
    """By processor, a process that compiles for it: all at once, as each takes 15 to 20 seconds."""
    started = {
        (program, cpu): start_program(program, NUMBA_CPU_NAME=cpu, NUMBA_CPU_FEATURES="")
        for program in ("engine_numpy_is_numpy", "digest_of_engine_fast")
        for cpu in CPUS
    }
    yield started
    for process in started.values():
        if process.poll() is None:
            process.kill()


@pytest.mark.parametrize("cpu", CPUS)
def test_engine_numpy_is_numpy(cpu, processes):
    assert printed_by(processes["engine_numpy_is_numpy", cpu]) == "same bits\n"


@pytest.mark.parametrize("cpu", CPUS)
def test_engine_fast_draws_the_same(cpu, processes):
    assert printed_by(processes["digest_of_engine_fast", cpu]) == f"{DIGEST}\n"


def test_engine_fast_draws_the_same_on_this_processor():
    assert run_program("digest_of_engine_fast") == f"{DIGEST}\n"
