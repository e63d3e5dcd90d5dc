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


def check_generator(size, dtype, p, kind):
    x = floats((size,), dtype, np.random.default_rng(size))
    expected, _ = reference.dropout_forward(x, {"p": p, "mode": "train", "rng": np.random.Generator(kind(size))})
    out, _ = dropout_fast.dropout(x, keep_prob=p, rng=np.random.Generator(kind(size)))
    assert out.tobytes() == expected.tobytes(), (size, dtype, p, kind)


def check_several_threads():
    x = floats((100_000,), np.float32, np.random.default_rng(0), "normal")
    with internals.force_parallel(), internals.kernels_called() as called:
        out, _ = dropout_fast.dropout(x, keep_prob=0.3, rng=np.random.default_rng(1))
    assert config.DISABLE_JIT or called == ["parallel"]
    expected, _ = reference.dropout_forward(x, {"p": 0.3, "mode": "train", "rng": np.random.default_rng(1)})
    assert out.tobytes() == expected.tobytes()
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
                for kind in (np.random.PCG64, np.random.PCG64DXSM):
                    check_generator(size, dtype, p, kind)
    check_several_threads()
    print("same bits")


if __name__ == "__main__":
    main()
