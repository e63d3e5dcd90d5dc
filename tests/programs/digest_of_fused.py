"""Print a digest of what the fused functions write, of normal numbers: the same on every processor.

No arguments. The processor is named by Numba's environment variables; under ``NUMBA_DISABLE_JIT=1`` nothing is compiled.
"""

import hashlib

import ml_dtypes
import numpy as np

from dropout_fast import dropout_add, relu_dropout


def main() -> None:
    digest, rng = hashlib.sha256(), np.random.default_rng(0)
    for dtype in (np.float32, np.float64, np.float16, ml_dtypes.bfloat16):
        x, residual = rng.standard_normal((2, 300, 77)).astype(dtype)
        bias, gradient = rng.standard_normal(77).astype(dtype), np.empty(77, dtype)
        for key in ({"seed": 5, "step": 6, "offset": 777}, {"rng": np.random}):
            np.random.seed(0)
            out, mask = relu_dropout(x, bias, keep_prob=0.9, **key)
            dx = mask.apply(residual, bias_gradient=gradient)
            added, _ = dropout_add(x, residual, bias, keep_prob=0.9, **key)
            for array in (out, np.asarray(mask), dx, gradient, added):
                digest.update(array.tobytes())
    print(digest.hexdigest())


if __name__ == "__main__":
    main()
