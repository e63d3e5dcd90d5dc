"""Code for processors with narrower vectors, or in the forms of other processors, draws the same bits as code for this one."""

import pytest
from golden import DIGEST, FUSED_DIGEST
from helpers import NARROW_CPUS, printed_by, run_program

#: Seconds, on a machine that is busy with other things.
TIMEOUT = 600


@pytest.mark.parametrize("cpu", NARROW_CPUS)
def test_engine_numpy_is_numpy(cpu, narrow_cpus):
    assert printed_by(narrow_cpus["engine_numpy_is_numpy", cpu], TIMEOUT) == "same bits\n"


@pytest.mark.parametrize("cpu", NARROW_CPUS)
def test_engine_fast_draws_the_same(cpu, narrow_cpus):
    assert printed_by(narrow_cpus["digest_of_engine_fast", cpu], TIMEOUT) == f"{DIGEST}\n"


@pytest.mark.long  # 40 s of compilation
@pytest.mark.parametrize("cpu", NARROW_CPUS)
def test_fused_functions_write_the_same(cpu):
    printed = run_program("digest_of_fused", timeout=TIMEOUT, NUMBA_CPU_NAME=cpu, NUMBA_CPU_FEATURES="")
    assert printed == f"{FUSED_DIGEST}\n"


def test_fused_functions_write_the_same_on_this_processor():
    assert run_program("digest_of_fused", timeout=TIMEOUT) == f"{FUSED_DIGEST}\n"


def test_engine_fast_draws_the_same_on_this_processor():
    assert run_program("digest_of_engine_fast", timeout=TIMEOUT) == f"{DIGEST}\n"


def test_forms_for_other_processors_and_for_windows(tmp_path):
    assert run_program("portable_forms", timeout=TIMEOUT, NUMBA_CACHE_DIR=str(tmp_path)) == "same bits\n"
