"""Show that an array which several threads would share is dropped where Numba's threading layer cannot be loaded.

No arguments.
"""

import internals
import numpy as np

import dropout_fast


def main() -> None:
    x = np.ones(2**20, np.float32)
    with internals.kernels_called() as called:
        out, mask = dropout_fast.dropout(x, seed=1)
        assert mask.apply(x).tobytes() == out.tobytes()
    assert called == ["serial", "serial"]
    print("right")


if __name__ == "__main__":
    main()
