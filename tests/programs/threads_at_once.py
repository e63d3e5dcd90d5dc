"""Show that Python threads which call at the same time get the bits that each gets alone.

Arguments: how many threads, and how many calls each makes. Prints how many outcomes were wrong, and Numba's threading layer.
"""

import argparse
import threading

import internals
import numba
import numpy as np

import dropout_fast

SIZES = (100, 3_000, 30_000, 70_001)

# Lower than it is, so that short arrays lie on both sides: more calls in less time.
PARALLEL_FROM = 2**14


def cases():
    """For each size x, engine fast's out and mask, and engine numpy's cache and gradient."""
    for size in SIZES:
        x = np.arange(size, dtype=np.float32)
        dropped, mask = dropout_fast.dropout(x, keep_prob=0.9, seed=size)
        _, cache = dropout_fast.dropout_forward(x, {"p": 0.5, "mode": "train"})
        yield x, dropped, mask, cache, dropout_fast.dropout_backward(x, cache)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("threads", type=int)
    parser.add_argument("calls", type=int)
    arguments = parser.parse_args()
    internals.force_parallel(PARALLEL_FROM)
    with internals.kernels_called() as alone:
        expected = list(cases())
    start, wrong = threading.Barrier(arguments.threads), []

    def work(number):
        start.wait()
        for call in range(arguments.calls):
            x, dropped, mask, cache, scaled = expected[(number + call) % len(expected)]
            out, again = dropout_fast.dropout(x, keep_prob=0.9, seed=x.size)
            assert again == mask
            dx = dropout_fast.dropout_backward(x, cache) if call % 2 else again.apply(x)
            if out.tobytes() != dropped.tobytes() or dx.tobytes() != (scaled if call % 2 else dropped).tobytes():
                wrong.append(call)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(arguments.threads)]
    with internals.kernels_called() as at_once:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {"serial", "parallel"} <= {*alone}
    assert ("parallel" in at_once) == (numba.threading_layer() != "workqueue")
    print("wrong:", len(wrong), numba.threading_layer())


if __name__ == "__main__":
    main()
