"""Show that a cluster of processes gives the bits of the whole array, also where a worker is killed in the middle.

Argument: how many workers.
"""

import argparse
import os
import signal
import tempfile
import time
from pathlib import Path

import dask
import dask.array as da
import numpy as np
from distributed import Client, LocalCluster, as_completed, futures_of

import dropout_fast
from dropout_fast.dask import dropout, dropout_backward

X = np.random.default_rng(0).standard_normal((600, 700)).astype(np.float32)
KEY = {"keep_prob": 0.7, "seed": 3, "step": 2}
CHUNKS, LAST = (50, 80), (11, 8)


def wait(block, gate, block_id=None):
    """Let the last block wait until there is a file of that name."""
    while block_id == LAST and not gate.exists():
        time.sleep(0.01)
    return block


def check(client: Client, folder: Path) -> None:
    expected, mask = dropout_fast.dropout(X, **KEY)
    array = da.from_array(X, chunks=CHUNKS)
    out, dx = dask.compute(dropout(array, **KEY), dropout_backward(array.rechunk((300, 100)), **KEY))
    assert np.array_equal(out, expected) and np.array_equal(dx, mask.apply(X))
    print("same", flush=True)

    pids, gate = client.run(os.getpid), folder / "gate"
    blocks = dropout(array.map_blocks(wait, gate, dtype=X.dtype, meta=X[:0]), **KEY).persist()
    first = next(iter(as_completed(futures_of(blocks))))
    pid = pids[client.who_has([first])[first.key][0]]
    os.kill(pid, signal.SIGKILL)
    gate.touch()
    assert np.array_equal(blocks.compute(), expected)
    assert pid not in client.run(os.getpid).values()
    print("same after a worker was killed", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workers", type=int)
    workers = parser.parse_args().workers
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None, local_directory=folder) as cluster,
        Client(cluster) as client,
    ):
        check(client, Path(folder))


if __name__ == "__main__":
    main()
