"""Show that a user's own parallel loop in one thread and calls of ours in others live side by side.

Numba's workqueue layer ends a process in which two threads launch at once. Argument: how often the user's loop runs.
"""

import argparse
import threading

import internals
import numba
import numpy as np

import dropout_fast


@numba.njit(parallel=True, nogil=True)
def total(x):
    result = 0.0
    for i in numba.prange(x.size):
        result += x[i]
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rounds", type=int)
    arguments = parser.parse_args()
    internals.force_parallel(from_bytes=2**14)
    x = np.ones(70_001, np.float32)
    with internals.kernels_called() as called:
        expected, mask = dropout_fast.dropout(x, keep_prob=0.9, seed=1)
    assert called == ["parallel"]
    total(x)
    stop = threading.Event()

    def work():
        while not stop.is_set():
            if mask.apply(x).tobytes() != expected.tobytes():
                wrong.append(x.size)

    wrong: list[int] = []
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(arguments.rounds):
        assert total(x) == x.size
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong
    print("alive")


if __name__ == "__main__":
    main()
