"""Code for processors with narrower vectors, and for none, gives the same bits."""

import platform

import pytest
from helpers import run_python

PROGRAM = """
import numpy as np
from helpers import floats
import dropout_fast
from dropout_fast import reference
np.seterr(all="ignore")
for size in (1, 15, 16, 333, 5000):
    for dtype in (np.float32, np.float64):
        for p in (0.5, 0.7):
            x = floats((size,), dtype, np.random.default_rng(size))
            dropout_param = {"p": p, "mode": "train", "seed": size}
            out, cache = dropout_fast.dropout_forward(x, dropout_param)
            following = np.random.rand()
            expected, their_cache = reference.dropout_forward(x, dropout_param)
            assert out.tobytes() == expected.tobytes(), (size, dtype, p)
            assert following == np.random.rand()
            dx = dropout_fast.dropout_backward(x, cache)
            assert dx.tobytes() == reference.dropout_backward(x, their_cache).astype(dtype).tobytes(), (size, dtype, p)
print("same bits")
"""


@pytest.mark.skipif(platform.machine().lower() not in ("x86_64", "amd64"), reason="names x86 processors")
@pytest.mark.parametrize("cpu", ["generic", "x86-64-v3"])
def test_same_bits(cpu):
    assert run_python(PROGRAM, NUMBA_CPU_NAME=cpu, NUMBA_CPU_FEATURES="") == "same bits\n"
