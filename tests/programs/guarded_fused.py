"""Show that no fused function touches memory outside of its arrays: each lies against a page of no access.

Arguments: the sizes of the arrays.
"""

import ml_dtypes
import numpy as np
from guarded import guarded, run_on_guarded_arrays

import dropout_fast


def check(size, dtype, at_end, key):
    """Rows of one, seven and all elements, where these divide the size."""
    x, out = guarded(size, dtype, at_end), guarded(size, dtype, at_end)
    x[:] = np.arange(size) % 9 - 4
    for columns in {1, 7, size} - {0}:
        if size % columns == 0:
            rows, target, bias = x.reshape(-1, columns), out.reshape(-1, columns), guarded(columns, dtype, at_end)
            bias[:] = 1
            gradient = guarded(columns, dtype, at_end)
            _, mask = dropout_fast.relu_dropout(rows, bias, **key, out=target)
            mask.apply(rows, out=target, bias_gradient=gradient)
            dropout_fast.dropout_add(rows, rows, bias, **key, out=target)


def check_all(size, at_end):
    for dtype, key in (
        (np.float32, {"seed": size, "offset": 511}),
        (ml_dtypes.bfloat16, {"seed": size, "offset": 1}),
        (np.float32, {"rng": np.random}),
    ):
        check(size, dtype, at_end, {"keep_prob": 0.9, **key})


if __name__ == "__main__":
    run_on_guarded_arrays(check_all)
