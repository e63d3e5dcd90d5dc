"""`python -m asv_bench once`: every benchmark at its smallest size, in this process; nothing is timed."""

import argparse
import itertools
import math
import sys
from pathlib import Path

HERE = Path(__file__).parent


def run(arguments: argparse.Namespace) -> int:
    """Run them; what raises ends the command with its traceback."""
    sys.path.insert(0, str(HERE))  # as asv does
    from asv_runner.benchmarks.mark import SkipNotImplemented
    from asv_runner.discovery import disc_benchmarks
    from benchmarks import ratios, startup, tools

    ratios.PLACEMENTS = ratios.ROUNDS = startup.REPEATS = 1
    tools.columns.BUSY = math.inf  # a busy machine will do
    for benchmark in disc_benchmarks(str(HERE / "benchmarks")):
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
    """Index and values of every combination of parameters in which a size is as small as it can be."""
    allowed = [{min(values, key=int)} if name == "size" else set(values) for values, name in zip(params, names, strict=False)]
    return [
        (index, values)
        for index, values in enumerate(itertools.product(*params))
        if all(value in kept for value, kept in zip(values, allowed, strict=True))
    ]


def add_options(parser: argparse.ArgumentParser) -> None:
    """The command has none."""
