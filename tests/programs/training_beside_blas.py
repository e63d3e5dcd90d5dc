"""Show that a step of training has the same values with dropout on one thread and on several, and BLAS on one and on two.

No arguments.
"""

import internals
import numpy as np
import threadpoolctl

import dropout_fast

rng = np.random.default_rng(0)
x, w = rng.standard_normal((300, 200), np.float32), rng.standard_normal((200, 900), np.float32)


def step():
    hidden = x @ w
    out, mask = dropout_fast.dropout(hidden, keep_prob=0.9, seed=1)
    return (mask.apply(out @ w.T @ w).T @ hidden).tobytes()


def main() -> None:
    for threads in (1, 2):
        with threadpoolctl.threadpool_limits(threads, user_api="blas"):
            with internals.force_serial():
                expected = step()
            with internals.force_parallel(), internals.kernels_called() as called:
                assert all(step() == expected for _ in range(20))
            assert {*called} == {"parallel"}
    print("right")


if __name__ == "__main__":
    main()
