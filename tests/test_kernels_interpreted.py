"""Where Numba may not compile (``NUMBA_DISABLE_JIT=1``), NumPy draws the same bits."""

from golden import DIGEST, FUSED_DIGEST
from helpers import run_program


def test_engine_numpy_is_numpy():
    assert run_program("engine_numpy_is_numpy", NUMBA_DISABLE_JIT="1") == "same bits\n"


def test_engine_fast_draws_the_same():
    assert run_program("digest_of_engine_fast", NUMBA_DISABLE_JIT="1") == f"{DIGEST}\n"


def test_fused_functions_write_the_same():
    assert run_program("digest_of_fused", NUMBA_DISABLE_JIT="1") == f"{FUSED_DIGEST}\n"


def test_engine_fast_is_the_definition():
    assert run_program("without_compilation", NUMBA_DISABLE_JIT="1").count("`out`") == 2
