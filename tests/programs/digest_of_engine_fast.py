"""Print a digest of what engine fast writes, of arrays of any bits whatever: the same on every processor.

No arguments. The processor is named by Numba's environment variables; under ``NUMBA_DISABLE_JIT=1`` nothing is compiled.
"""

import hashlib

import ml_dtypes
import numpy as np
from helpers import floats

import dropout_fast

HALVES = np.arange(2**16, dtype=np.uint16)


def main() -> None:
    digest = hashlib.sha256()
    for x in (
        floats((70_001,), np.float32, np.random.default_rng(0)),
        floats((70_001,), np.float64, np.random.default_rng(0)),
        HALVES.view(np.float16),
        HALVES.view(ml_dtypes.bfloat16),
    ):
        for keep_prob in (0.1, 0.5, 0.9, 1.0):
            for store_mask in (True, False):
                out, mask = dropout_fast.dropout(x, keep_prob=keep_prob, seed=5, step=6, offset=777, store_mask=store_mask)
                assert mask.apply(x).tobytes() == out.tobytes()
                digest.update(out.tobytes() + np.asarray(mask).tobytes())
    print(digest.hexdigest())


if __name__ == "__main__":
    main()
