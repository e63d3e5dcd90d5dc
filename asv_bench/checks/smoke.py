"""`python -m asv_bench once`: run every benchmark once at its smallest size, without timing, to see whether it works."""

import argparse
import itertools
import math
import sys

from ..measuring import copies
from ..paths import ASV_BENCH


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns 0. An error in a benchmark ends the command with its traceback."""
    sys.path.insert(0, str(ASV_BENCH))  # asv imports the benchmarks under this name too
    from asv_runner.benchmarks.mark import SkipNotImplemented
    from asv_runner.discovery import disc_benchmarks
    from benchmarks import ratios, startup

    ratios.PLACEMENTS = ratios.ROUNDS = startup.REPEATS = 1
    copies.BUSY = math.inf  # a busy machine is good enough, as nothing is timed
    for benchmark in disc_benchmarks(str(ASV_BENCH / "benchmarks")):
        benchmark.repeat = benchmark.number = 1
        benchmark.warmup_time = 0
        benchmark.set_cache(benchmark.do_setup_cache() if benchmark.setup_cache_key else None)
        for index, values in smallest(benchmark.params, benchmark.param_names):
            print(benchmark.name, *values, flush=True)
            if benchmark.params:
                benchmark.set_param_idx(index)
            try:
                if not benchmark.do_setup():
                    benchmark.do_run()
            except SkipNotImplemented:
                pass
            benchmark.do_teardown()
    return 0


def smallest(params: list[list[str]], names: list[str]) -> list[tuple[int, tuple[str, ...]]]:
    """Return index and values of every combination of parameters that has the smallest size."""
    allowed = [{min(values, key=int)} if name == "size" else set(values) for values, name in zip(params, names, strict=False)]
    return [
        (index, values)
        for index, values in enumerate(itertools.product(*params))
        if all(value in kept for value, kept in zip(values, allowed, strict=True))
    ]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options: none."""
