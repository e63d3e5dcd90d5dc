"""Inside of others' parallelism: joblib's workers, and BLAS before and after. (A user's prange: see test_jit.py.)"""

import pytest
from helpers import run_python

JOBLIB = """
import hashlib
import joblib, numpy as np, dropout_fast
from dropout_fast import runtime
def work(k):
    runtime.PARALLEL_FROM = 2**14
    x = np.ones(70_001, np.float32)
    out, mask = dropout_fast.dropout(x, 0.9, seed=1)
    return hashlib.sha256(out.tobytes() + mask.apply(x).tobytes()).hexdigest()
if __name__ == "__main__":
    expected = work(0)
    for backend in BACKENDS:
        assert set(joblib.Parallel(4, backend=backend)(joblib.delayed(work)(k) for k in range(40))) == {expected}
    print("right")
"""

TRAINING = """
import numpy as np, threadpoolctl, dropout_fast
from dropout_fast import runtime
rng = np.random.default_rng(0)
x, w = rng.standard_normal((300, 200), np.float32), rng.standard_normal((200, 900), np.float32)
def step():
    hidden = x @ w
    out, mask = dropout_fast.dropout(hidden, 0.9, seed=1)
    return (mask.apply(out @ w.T @ w).T @ hidden).tobytes()
for threads in (1, 2):
    with threadpoolctl.threadpool_limits(threads, user_api="blas"):
        runtime.PARALLEL_FROM = 2**60
        expected = step()
        runtime.PARALLEL_FROM = 2**14
        assert all(step() == expected for _ in range(20))
print("right")
"""


@pytest.mark.parametrize("layer", ["omp", pytest.param("workqueue", marks=pytest.mark.long)])
def test_in_joblibs_workers(layer, tmp_path):
    script = tmp_path / "jobs.py"  # its worker processes import it
    script.write_text(JOBLIB.replace("BACKENDS", '["threading", "loky"]'))
    assert run_python(script, NUMBA_THREADING_LAYER=layer, NUMBA_NUM_THREADS="2") == "right\n"


def test_between_matrix_products():
    assert run_python(TRAINING, NUMBA_NUM_THREADS="2") == "right\n"
