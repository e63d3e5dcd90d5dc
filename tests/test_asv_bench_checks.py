"""The command that runs each benchmark once chooses the smallest parameters."""

from asv_bench.checks import smoke


def test_smallest_parameters():
    chosen = smoke.smallest([["'fast'", "'numpy'"], ["1024", "512"]], ["engine", "size"])
    assert chosen == [(1, ("'fast'", "512")), (3, ("'numpy'", "512"))]
    assert smoke.smallest([], []) == [(0, ())]
