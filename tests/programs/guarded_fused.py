"""Show that no fused function touches memory outside of its arrays: each lies against a page of no access.

Arguments: the sizes of the arrays.
"""

import argparse

import internals
import ml_dtypes
import numpy as np
from guarded import guarded

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", type=int, nargs="+")
    sizes = parser.parse_args().sizes
    for at_end in (True, False):
        for change, kernel in ((internals.force_parallel, "parallel"), (internals.force_serial, "serial")):
            with (
                internals.allocate_bits(lambda nbytes, at_end=at_end: guarded(nbytes, np.uint8, at_end)),
                change(),
                internals.kernels_called() as called,
            ):
                for size in sizes:
                    for dtype, key in (
                        (np.float32, {"seed": size, "offset": 511}),
                        (ml_dtypes.bfloat16, {"seed": size, "offset": 1}),
                        (np.float32, {"rng": np.random}),
                    ):
                        check(size, dtype, at_end, {"keep_prob": 0.9, **key})
            assert {*called} == {kernel}
    print("all inside")


if __name__ == "__main__":
    main()
