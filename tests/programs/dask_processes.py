"""Show that Dask's scheduler of processes gives the bits of the whole array, with spawned and with forked workers.

No arguments. The parent has run parallel kernels before it forks.
"""

import os

import dask
import dask.array as da
import numpy as np

import dropout_fast
from dropout_fast.dask import dropout, dropout_backward

X = np.random.default_rng(0).standard_normal((60, 70)).astype(np.float32)
KEY = {"keep_prob": 0.5, "seed": 3, "noise_shape": (None, None)}


def main() -> None:
    for _ in range(8):
        dropout_fast.dropout(np.ones(2**21, np.float32), seed=0)
    expected, mask = dropout_fast.dropout(X, **KEY)
    array = da.from_array(X, chunks=(25, 16))
    for method in ("spawn", "fork") if hasattr(os, "fork") else ("spawn",):
        with dask.config.set({"multiprocessing.context": method, "scheduler": "processes", "num_workers": 2}):
            out, dx = dask.compute(dropout(array, **KEY), dropout_backward(2 * array, **KEY))
        assert np.array_equal(out, expected) and np.array_equal(dx, mask.apply(2 * X))
        print(f"{method}: same", flush=True)


if __name__ == "__main__":
    main()
