"""Show that no public function touches memory outside of its arrays: each lies against a page of no access.

Arguments: the sizes of the arrays.
"""

import ml_dtypes
import numpy as np
from guarded import guarded, run_on_guarded_arrays

import dropout_fast

DTYPES = (np.float16, ml_dtypes.bfloat16, np.float32, np.float64)


def check(size, dtype, at_end):
    x, out = guarded(size, dtype, at_end), guarded(size, dtype, at_end)
    x[:] = np.arange(size) % 9 + 1
    before = x.tobytes()
    for keep_prob in (0.5, 0.9):
        for offset in (0, 1, 511, 32768 - 5):
            key = {"keep_prob": keep_prob, "seed": size, "offset": offset}
            expected = dropout_fast.dropout(np.array(x), **key)[0].tobytes()
            for store_mask in (True, False):
                _, mask = dropout_fast.dropout(x, **key, out=out, store_mask=store_mask)
                assert out.tobytes() == expected
                assert mask.apply(x, out=out).tobytes() == expected
        if dtype in (np.float32, np.float64):
            param = {"p": keep_prob, "mode": "train", "seed": size}
            _, cache = dropout_fast.dropout_forward(x, param, out=out)
            drawn = out.tobytes()
            assert drawn == dropout_fast.dropout_forward(np.array(x), param)[0].tobytes()
            assert dropout_fast.dropout_backward(x, cache, out=out).tobytes() == drawn
            dropout_fast.dropout_backward(x, cache, out=guarded(size, np.float64, at_end))
            for kind in (np.random.MT19937, np.random.PCG64, np.random.PCG64DXSM, np.random.SFC64):
                expected = dropout_fast.dropout(np.array(x), keep_prob=keep_prob, rng=np.random.Generator(kind(size)))[0].tobytes()
                _, mask = dropout_fast.dropout(x, keep_prob=keep_prob, rng=np.random.Generator(kind(size)), out=out)
                assert out.tobytes() == expected
                assert mask.apply(x, out=out).tobytes() == expected
    assert x.tobytes() == before
    dropout_fast.dropout(x, keep_prob=0.9, out=x)


if __name__ == "__main__":
    run_on_guarded_arrays(lambda size, at_end: [check(size, dtype, at_end) for dtype in DTYPES])
