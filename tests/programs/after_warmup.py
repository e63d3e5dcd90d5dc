"""Show that after `warmup` no call compiles or loads a kernel: every dtype, both engines, serial, parallel and non-temporal.

No arguments. Prints the kernels that came later, by the calls after which they were there.
"""

import internals
import ml_dtypes
import numpy as np

import dropout_fast

SIZE = 100_000

FLOATS = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64, np.longdouble]


def call_everything():
    for dtype in FLOATS:
        x = np.ones(SIZE, dtype)
        for store_mask in (True, False):
            dropout_fast.dropout(x, keep_prob=0.9, store_mask=store_mask)[1].apply(x)
        for p in (0.5, 0.3):
            _, cache = dropout_fast.dropout_forward(x, {"p": p, "mode": "train"})
            dropout_fast.dropout_backward(x, cache)
            for kind in (np.random.PCG64, np.random.PCG64DXSM, np.random.SFC64):
                dropout_fast.dropout(x, keep_prob=p, rng=np.random.Generator(kind(1)))[1].apply(x)


def compiled():
    """By name, the kernels that are there, with how many signatures."""
    return {dispatcher.py_func.__name__: len(dispatcher.signatures) for dispatcher in internals.all_dispatchers()}


def main() -> None:
    dropout_fast.warmup()
    before = compiled()
    for change, stores in (
        (internals.force_serial, internals.never_nontemporal),
        (internals.force_parallel, internals.never_nontemporal),
        (internals.force_parallel, internals.force_nontemporal),
    ):
        with change(), stores():
            call_everything()
        for name in sorted(name for name, count in compiled().items() if count > before[name]):
            print(f"{name} came after {change.__name__}, {stores.__name__}")


if __name__ == "__main__":
    main()
