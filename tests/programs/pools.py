"""Show that the workers of process pools draw the bits that their parent draws, and that all of them end.

Argument: how the workers start ("fork", "forkserver" or "spawn").
"""

import argparse
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from both_engines import check, work, work_in_parallel


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("method", choices=multiprocessing.get_all_start_methods())
    context = multiprocessing.get_context(parser.parse_args().method)
    mine = work_in_parallel()
    with context.Pool(2) as pool:
        results = pool.map(work, range(6), chunksize=1)
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        results += pool.map(work, range(6))
    check([mine, *results])
    print("alive")


if __name__ == "__main__":
    main()
