"""Show that a process that may use one core only ends after another thread than the main one has launched kernels.

No arguments. Prints the threading layer.
"""

import os
import threading

import internals
import numba
import numpy as np

import dropout_fast


def launch():
    with internals.force_parallel():
        dropout_fast.dropout(np.ones(2**21, np.float32), seed=1)


def main() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    thread = threading.Thread(target=launch)
    thread.start()
    thread.join()
    print(numba.threading_layer())


if __name__ == "__main__":
    main()
