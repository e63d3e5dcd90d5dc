"""Show that machine code for any processor, or none at all, draws the golden masks, and in engine numpy NumPy's bits.

No arguments. The processor is named by Numba's environment variables; under ``NUMBA_DISABLE_JIT=1`` nothing is compiled.
"""

import golden
import internals
import numpy as np
from helpers import floats
from numba import config

import dropout_fast
from dropout_fast import reference


def check(size, dtype, p):
    x = floats((size,), dtype, np.random.default_rng(size))
    dropout_param = {"p": p, "mode": "train", "seed": size}
    out, cache = dropout_fast.dropout_forward(x, dropout_param)
    following = np.random.rand()
    expected, their_cache = reference.dropout_forward(x, dropout_param)
    assert out.tobytes() == expected.tobytes(), (size, dtype, p)
    assert following == np.random.rand()
    dx = dropout_fast.dropout_backward(x, cache)
    assert dx.tobytes() == reference.dropout_backward(x, their_cache).astype(dtype).tobytes(), (size, dtype, p)


def check_several_threads():
    x = floats((3000,), np.float32, np.random.default_rng(0), "normal")
    dropout_param = {"p": 0.5, "mode": "train", "seed": 0}
    with internals.force_parallel(), internals.blocks_per_jump(0), internals.kernels_called() as called:
        out, _ = dropout_fast.dropout_forward(x, dropout_param)
    assert config.DISABLE_JIT or called == ["parallel"]
    assert out.tobytes() == reference.dropout_forward(x, dropout_param)[0].tobytes()


def main() -> None:
    golden.check_all()
    np.seterr(all="ignore")
    for size in (1, 15, 16, 333, 5000):
        for dtype in (np.float32, np.float64):
            for p in (0.5, 0.7):
                check(size, dtype, p)
    check_several_threads()
    print("same bits")


if __name__ == "__main__":
    main()
