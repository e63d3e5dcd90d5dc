"""Inside others' parallelism: joblib's workers, and BLAS before and after. (A user's prange: see test_jit.py.)"""

import pytest
from helpers import run_program


@pytest.mark.parametrize("layer", ["omp", pytest.param("workqueue", marks=pytest.mark.long)])
def test_in_joblibs_workers(layer):
    assert run_program("joblib_workers", NUMBA_THREADING_LAYER=layer, NUMBA_NUM_THREADS="2") == "right\n"


def test_between_matrix_products():
    assert run_program("training_beside_blas", NUMBA_NUM_THREADS="2") == "right\n"
