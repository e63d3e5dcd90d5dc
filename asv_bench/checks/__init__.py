"""Check the benchmarks themselves: whether they run, and how noisy they are."""
