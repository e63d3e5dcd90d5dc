"""`python -m asv_bench scatter`: measure how much each tracked ratio varies from process to process."""

import argparse
import statistics
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tqdm import tqdm

from ..measuring.text_tables import aligned, size_text

DTYPE, KEEP_PROB = "float32", 0.5

#: The largest size that is compared with the NumPy code, which takes seconds for a sample of a larger one.
LARGEST_OVER_REFERENCE = 2**20


def run(arguments: argparse.Namespace) -> int:
    """Measure the working tree's dropout_fast in new processes, one after another; returns 0."""
    count = arguments.processes
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        processes = list(tqdm(pool.map(medians, range(count)), total=count, desc="measuring", unit="process"))
    head = ["  metric", "engine", "size", "median", "coefficient of variation"]
    rows = []
    for metric, engine, size in processes[0]:
        ratios = [found[metric, engine, size] for found in processes]
        variation = statistics.stdev(ratios) / statistics.mean(ratios)
        rows.append([f"  {metric}", engine, size_text(size), f"{statistics.median(ratios):.3f}", f"{variation:.1%}"])
    print(f"{DTYPE}, keep_prob {KEEP_PROB}, {count} processes\n" + aligned([head, *rows]))
    return 0


def medians(process: int) -> dict[tuple[str, str, int], float]:
    """Measure in one process; returns a value for each metric, engine and size."""
    from ..benchmarks import backward, engines, forward

    found = {}
    for direction, cost in (("forward", forward.ForwardCost()), ("backward", backward.BackwardCost())):
        for engine in engines.ENGINES:
            for size in engines.SIZES:
                params = (engine, DTYPE, size, KEEP_PROB)
                cost.setup(*params)
                found[f"{direction} over copy", engine, size] = statistics.median(cost.track_over_copy(*params)["samples"])
                if size <= LARGEST_OVER_REFERENCE:
                    found[f"{direction} over the NumPy code", engine, size] = statistics.median(
                        cost.track_over_reference(*params)["samples"]
                    )
    return dict(sorted(found.items()))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--processes", type=int, default=10, help="(default: %(default)s)")
