"""Show that under ``NUMBA_DISABLE_JIT=1`` engine fast, and `jit`, draw what the definition says, and refuse what does not fit.

No arguments. Prints the two complaints.
"""

import numpy as np
import stream_oracle

import dropout_fast
from dropout_fast import jit

SEED, STEP = 2**63 + 1, 3

# Size, keep_prob, offset.
CASES = [
    (0, 0.5, 0),
    (5, 0.5, 7),
    (1500, 0.9, 32768 - 600),
    (700, 1 / 3, 2**40 + 77),
    (700, 1.0, 5),
    (700, 0.0, 5),
    (33_000, 0.25, 0),
]


def main() -> None:
    dropout_fast.warmup()
    for size, keep_prob, offset in CASES:
        x = np.ones(size, np.float32)
        out, _ = dropout_fast.dropout(x, keep_prob=keep_prob, seed=SEED, step=STEP, offset=offset)
        assert np.array_equal(out != 0, stream_oracle.keep_bits(size, keep_prob, SEED, STEP, offset)), (size, keep_prob)
        bits, again = jit.empty_bits(size, offset), np.empty_like(x)
        jit.dropout_parallel(x, keep_prob, SEED, STEP, offset, bits, again)
        assert again.tobytes() == out.tobytes()
        jit.apply(x, keep_prob, offset, bits, again)
        assert again.tobytes() == out.tobytes()
    x = np.arange(1.0, 1001.0).reshape(20, 10, 5)
    for noise_shape in ((20, 1, 5), (1, 10, 1), (20, 1, 1), (5,)):
        kept = dropout_fast.dropout(np.ones(noise_shape), keep_prob=0.7, seed=SEED)[0] != 0
        out, mask = dropout_fast.dropout(x, keep_prob=0.7, seed=SEED, noise_shape=noise_shape)
        assert np.array_equal(out, np.where(np.broadcast_to(kept, x.shape), x * (1 / 0.7), 0))
        assert mask.apply(x).tobytes() == out.tobytes()
    whole = dropout_fast.dropout(np.ones((300, 10, 50)), keep_prob=0.7, seed=SEED)[0]
    part = dropout_fast.dropout(np.ones((290, 3, 7)), keep_prob=0.7, seed=SEED, region=(whole.shape, np.s_[5:295, 2:5, 40:47]))[0]
    assert np.array_equal(part, whole[5:295, 2:5, 40:47])
    for x, out in ((np.ones(9)[::2], np.ones(5)), (np.ones(5), np.ones(5, np.float32))):
        try:
            jit.apply(x, 0.5, 0, jit.empty_bits(5), out)
        except TypeError as error:
            print(error)


if __name__ == "__main__":
    main()
