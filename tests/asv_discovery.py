"""Import the benchmarks in the folder given, as asv does, and print where dropout_fast and asv_bench come from."""

import sys


def main(benchmark_dir):
    import asv_runner._aux
    import asv_runner.discovery

    asv_runner._aux.update_sys_path(benchmark_dir)
    names = [benchmark.name for benchmark in asv_runner.discovery.disc_benchmarks(benchmark_dir)]
    assert "forward.ForwardCost.track_over_copy" in names
    print(*(sys.modules[name].__file__ for name in ("dropout_fast", "asv_bench")), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1])
