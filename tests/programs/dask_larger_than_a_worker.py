"""Show that an array larger than the memory of both workers together is done, where nothing may be spilled to disk.

No arguments. A worker that reached its limit would be ended, and the program with it. The whole result, 2 GiB, is compared by a
checksum for each block.
"""

import tempfile
import zlib

import dask
import dask.array as da
import numpy as np
from distributed import Client, LocalCluster

import dropout_fast
from dropout_fast.dask import dropout, dropout_backward

SHAPE, TILE = (2**14, 2**15), 2**11
LIMIT = 600 * 2**20
KEY = {"keep_prob": 0.5, "seed": 3}
NO_SPILLING = {f"distributed.worker.memory.{threshold}": False for threshold in ("target", "spill", "pause")}


def checksum(block):
    return np.full((1, 1), zlib.crc32(np.ascontiguousarray(block)))


def main() -> None:
    whole = np.ones(SHAPE, np.float32)
    assert whole.nbytes > 1.5 * 2 * LIMIT * 0.95
    expected, mask = dropout_fast.dropout(whole, **KEY, out=whole)
    expected = mask.apply(expected, out=expected)
    tiles = expected.reshape(SHAPE[0] // TILE, TILE, SHAPE[1] // TILE, TILE).swapaxes(1, 2)
    sums = [[checksum(tile).item() for tile in row] for row in tiles]
    with (
        dask.config.set(NO_SPILLING),
        tempfile.TemporaryDirectory() as folder,
        LocalCluster(
            n_workers=2, threads_per_worker=1, memory_limit=LIMIT, dashboard_address=None, local_directory=folder
        ) as cluster,
        Client(cluster),
    ):
        out = dropout(da.ones(SHAPE, chunks=TILE, dtype=np.float32), **KEY)
        dx = dropout_backward(out, **KEY)
        found = dx.map_blocks(checksum, chunks=(1, 1), dtype=np.int64).compute()
    assert found.tolist() == sums
    print("same")


if __name__ == "__main__":
    main()
