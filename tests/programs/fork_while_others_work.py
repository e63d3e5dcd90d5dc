"""Show that a forked child waits for no lock that only another thread of its parent could release.

The parent's other threads draw and compile meanwhile. Argument: how many rounds of two forks.
"""

import argparse
import os
import signal
import threading
import time

import numpy as np
from both_engines import X
from numba import njit

import dropout_fast

DROPOUT_PARAM = {"p": 0.3, "mode": "train"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rounds", type=int)
    arguments = parser.parse_args()
    long = np.ones(2**24, np.float32)
    dropout_fast.dropout_forward(X, DROPOUT_PARAM)
    stop = threading.Event()

    def draw():
        while not stop.is_set():
            dropout_fast.dropout_forward(long, DROPOUT_PARAM, out=long)

    def compile_functions():
        while not stop.is_set():
            njit(lambda x: x + 1)(1)
            time.sleep(0.01)

    threads = [threading.Thread(target=target, daemon=True) for target in (draw, compile_functions)]
    for thread in threads:
        thread.start()
    for dtype in (np.float64, np.float16) * arguments.rounds:
        child = os.fork()
        if child == 0:
            signal.alarm(60)
            dropout_fast.dropout_forward(np.ones(1000), DROPOUT_PARAM)
            dropout_fast.dropout(np.ones(1000, dtype))  # a kernel that is not there yet
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0, "the child waits"
    stop.set()
    for thread in threads:
        thread.join()
    print("alive")


if __name__ == "__main__":
    main()
