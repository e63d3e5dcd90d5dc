"""How much faster are several threads than one?"""

import os

CORES = os.cpu_count() or 1
os.environ["NUMBA_NUM_THREADS"] = str(CORES)  # before numba is imported, in this benchmark's process

import numba
import numpy as np

import dropout_fast
from asv_bench.measuring import dropouts

from . import engines, ratios


class ThreadsCost:
    params = ((1, *(n for n in range(2, CORES + 1) if n % 2 == 0 or n == CORES)), (2**20, 2**24))
    param_names = ("threads", "size")
    version = "1"
    unit = "x one thread"

    def setup(self, threads: int, size: int) -> None:
        engines.skip_if_missing("fast")
        if threads > numba.config.NUMBA_NUM_THREADS:  # type: ignore[attr-defined]  # set at run time
            raise NotImplementedError
        self.x = np.ones(size, np.float32)

    def track_forward_over_one_thread(self, threads: int, size: int) -> dict[str, object]:
        """Of the parallel kernel, with `out`."""

        def make(x: ratios.Array, target: ratios.Array) -> ratios.Functions:
            forward = dropouts.fast_engine("", dropout_fast, x, 0.5, target)[" forward"]

            def on(count: int) -> None:
                numba.set_num_threads(count)
                forward()

            return {"many": lambda: on(threads), "one": lambda: on(1)}

        return ratios.samples(make, self.x, "many", "one")
