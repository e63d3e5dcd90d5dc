"""Show that joblib's workers, threads and processes, draw the bits that their parent draws.

No arguments.
"""

import hashlib

import internals
import joblib
import numpy as np

import dropout_fast


def work(_):
    """A digest of what engine fast draws on several threads, where it may."""
    internals.force_parallel(from_bytes=2**14)
    x = np.ones(70_001, np.float32)
    out, mask = dropout_fast.dropout(x, keep_prob=0.9, seed=1)
    return hashlib.sha256(out.tobytes() + mask.apply(x).tobytes()).hexdigest()


def main() -> None:
    with internals.kernels_called() as called:
        expected = work(0)
    assert called == ["parallel", "parallel"]
    for backend in ("threading", "loky"):
        assert set(joblib.Parallel(4, backend=backend)(joblib.delayed(work)(k) for k in range(40))) == {expected}
    print("right")


if __name__ == "__main__":
    main()
