"""What dropout costs a block of a Dask array: `python -m asv_bench.measuring.blocks_of_dask`, with the extra `dask`.

The blocks are small, so nearly all of the time is overhead: making the graph, tasks, and the Python around the kernel. Another
operation of Dask's, a product with a number, tells what of it is Dask's own.
"""

import statistics
import tempfile

import dask.array as da
import numpy as np
from distributed import Client, LocalCluster

from dropout_fast.dask import dropout

from . import clock

#: Blocks along each of two axes, and their length.
BLOCKS, LENGTH = 16, 32

ROUNDS = 5


def microseconds_a_block(scheduler: str | None) -> dict[str, float]:
    """Of making and computing both, medians, on a scheduler; None is the cluster that there is."""
    x = da.ones((BLOCKS * LENGTH,) * 2, chunks=LENGTH, dtype=np.float32)

    def computed(make: clock.Function) -> clock.Function:
        # Summed where the blocks are, because a user's next step would take them there too; not sent here.
        return lambda: make().sum().compute(scheduler=scheduler)  # type: ignore[attr-defined]

    functions = {
        "dropout": computed(lambda: dropout(x, keep_prob=0.5, seed=0)),
        "product with a number": computed(lambda: da.map_blocks(np.multiply, x, np.float32(2.0), dtype=x.dtype, meta=x._meta)),
    }
    times = clock.seconds_a_call(functions, ROUNDS)
    return {name: statistics.median(seconds) / BLOCKS**2 * 1e6 for name, seconds in times.items()}


def main() -> None:
    """Measure, and print a line for each scheduler."""
    _print("one thread", microseconds_a_block("sync"))
    _print("threads", microseconds_a_block("threads"))
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=folder) as cluster,
        Client(cluster),
    ):
        _print("a cluster of two workers", microseconds_a_block(None))


def _print(scheduler: str, times: dict[str, float]) -> None:
    ours, other = times.values()
    print(f"{scheduler}: us a block: {', '.join(f'{name} {time:.0f}' for name, time in times.items())}; more: {ours - other:.0f}")


if __name__ == "__main__":
    main()
