"""Show which kernels a process compiles, and which it loads from the disk, in one forward of each engine, serial and parallel.

No arguments. Prints how often the code of each kernel came from Numba's cache, and the functions of the library that were compiled.
"""

import internals
import numba
import numpy as np
from numba.core import event

import dropout_fast


class Compilations(event.Listener):
    """Notes what Numba compiles."""

    def __init__(self) -> None:
        self.functions = []

    def on_start(self, event: event.Event) -> None:
        self.functions.append(event.data["dispatcher"].py_func)

    def on_end(self, event: event.Event) -> None:
        pass


def add_one(x):
    return x + 1


def main() -> None:
    x = np.ones(100_000, np.float32)
    compilations = Compilations()
    with event.install_listener("numba:compile", compilations):
        numba.njit(add_one)(1)
        for change, kernel in ((internals.force_serial, "serial"), (internals.force_parallel, "parallel")):
            with change(), internals.never_nontemporal(), internals.kernels_called() as called:
                dropout_fast.dropout(x, seed=1)
                dropout_fast.dropout_forward(x, {"p": 0.5, "mode": "train"})
            assert called == [kernel, kernel]
    assert add_one in compilations.functions  # it would have seen the others too
    for name, dispatcher in internals.dispatchers().items():
        print(f"{name}: loaded {sum(dispatcher.stats.cache_hits.values())}")
    ours = [function for function in compilations.functions if function.__module__.startswith("dropout_fast")]
    print("compiled:", *(function.__name__ for function in ours))


if __name__ == "__main__":
    main()
