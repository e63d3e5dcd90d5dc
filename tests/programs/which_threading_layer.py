"""Show which threading layer a large array gets, and that a parallel kernel runs on it.

No arguments. Prints the variant of the kernel that was called, and the layer.
"""

import internals
import numba
import numpy as np

import dropout_fast


def main() -> None:
    with internals.force_parallel(), internals.kernels_called() as called:
        dropout_fast.dropout(np.ones(2**21, np.float32), seed=1)
    print(*called, numba.threading_layer())


if __name__ == "__main__":
    main()
