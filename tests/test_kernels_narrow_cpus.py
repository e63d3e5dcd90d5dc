"""Code for processors with narrower vectors, and for none, gives the same bits, and is what the processor offers."""

import platform

import pytest
from helpers import run_python

PROGRAM = """
import numpy as np
import golden
from helpers import floats
import dropout_fast
from dropout_fast import reference
golden.check_all()
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
dropout_fast.runtime.PARALLEL_FROM = dropout_fast.numpy_strides.BLOCKS_A_JUMP = 0  # the last array by several threads
x = floats((3000,), np.float32, np.random.default_rng(0), "normal")
outs = [dropout.dropout_forward(x, {"p": 0.5, "mode": "train", "seed": 0})[0].tobytes() for dropout in (dropout_fast, reference)]
assert outs[0] == outs[1]
print("same bits")
"""

# Everything that engine fast writes, of any bits whatever; the same digest on every processor.
FAST = """
import hashlib
import numpy as np
import ml_dtypes
from helpers import floats
import dropout_fast
digest = hashlib.sha256()
halves = np.arange(2**16, dtype=np.uint16)
for x in (
    floats((70_001,), np.float32, np.random.default_rng(0)),
    floats((70_001,), np.float64, np.random.default_rng(0)),
    halves.view(np.float16),
    halves.view(ml_dtypes.bfloat16),
):
    for keep_prob in (0.1, 0.5, 0.9, 1.0):
        for store_mask in (True, False):
            out, mask = dropout_fast.dropout(x, keep_prob, seed=5, step=6, offset=777, store_mask=store_mask)
            assert mask.apply(x).tobytes() == out.tobytes()
            digest.update(out.tobytes() + np.asarray(mask).tobytes())
print(digest.hexdigest())
"""

DIGEST = "749e03ed9912827c150f2699ebb97d23153badeaed39a975d01f6c29219456a7"


pytestmark = pytest.mark.skipif(platform.machine().lower() not in ("x86_64", "amd64"), reason="names x86 processors")


@pytest.mark.parametrize("cpu", ["generic", "x86-64-v3"])
def test_same_bits(cpu):
    assert run_python(PROGRAM, NUMBA_CPU_NAME=cpu, NUMBA_CPU_FEATURES="") == "same bits\n"


@pytest.mark.parametrize("cpu", [{}, {"NUMBA_CPU_NAME": "generic"}, {"NUMBA_CPU_NAME": "x86-64-v3"}], ids=str)
def test_same_bits_of_engine_fast(cpu):
    assert run_python(FAST, **({"NUMBA_CPU_FEATURES": ""} | cpu if cpu else {})) == DIGEST + "\n"
