"""Random cases of engine numpy in which a few thousand elements are shared out among several threads, checked against NumPy."""

import internals
import numpy as np
from helpers import assert_same, floats, forward_of_both

KEEP_PROBS = [0.5, 0.25, 0.9, 1 / 3, 1.0]


def compare_random_cases(count, seed, threads=None):
    """Compare so many cases, on 1 to 8 threads or on that many; returns the words for the kernels that were called, sorted."""
    rng = np.random.default_rng(seed)
    called = set()
    for _ in range(count):
        strides_in_all = int(rng.integers(1, 9)) if threads is None else threads
        blocks, longer = int(rng.choice([8, 16, 24], p=[0.8, 0.15, 0.05])), int(rng.choice([0, 8]))
        # Around the boundaries of the threads' shares.
        size = internals.DRAWS_PER_BLOCK * (longer + blocks * int(rng.integers(0, strides_in_all + 1))) + int(rng.integers(-90, 91))
        x = floats((max(0, size),), rng.choice([np.float32, np.float64]), rng, "normal")
        dropout_param = {"p": float(rng.choice([*KEEP_PROBS, rng.random() or 1.0])), "mode": "train"}
        if rng.random() < 0.5:
            dropout_param["seed"] = int(rng.integers(0, 2**32))
        np.random.seed(int(rng.integers(0, 2**32)))
        with (
            internals.force_parallel(),
            internals.force_nontemporal() if rng.random() < 0.5 else internals.never_nontemporal(),
            internals.blocks_per_jump(longer),
            internals.threads(strides_in_all),
            internals.kernels_called() as in_this_case,
        ):
            (out, (_, mask)), (their_out, (_, their_mask)) = forward_of_both(x, dropout_param, int(rng.integers(0, 1500)))
        assert_same(out, their_out)
        assert_same(np.asarray(mask), their_mask)
        called |= {*in_this_case}
    return sorted(called)
