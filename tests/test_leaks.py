"""Calls keep no memory and no reference."""

import sys

import numpy as np
import pytest
from helpers import run_program

import dropout_fast


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("rounds", [100, pytest.param(100_000, marks=pytest.mark.long)])
def test_memory_is_flat(rounds):
    """Each round calls every public function. Memory that Python and NumPy allocate is counted to the byte in 200 of them."""
    traced, grown = map(int, run_program("calls_without_end", rounds, timeout=3600).split())
    print(f"{traced} bytes more after 200 rounds, {grown / 1024:.0f} KiB more of resident memory after {rounds}")
    assert traced < 10_000  # as much as five masks
    assert grown < 2**20


def test_reference_counts():
    x, out = np.ones(1000), np.empty(1000)
    before = sys.getrefcount(x), sys.getrefcount(out)
    result, mask = dropout_fast.dropout(x, keep_prob=0.5, out=out)
    assert (sys.getrefcount(x), sys.getrefcount(out)) == (before[0], before[1] + 1)  # the result is out
    cache = dropout_fast.dropout_forward(x, {"p": 0.5, "mode": "train"}, out=out)[1]
    dropout_fast.dropout_backward(x, cache, out=out)
    is_out = mask.apply(x, out=out) is result
    assert is_out  # an assertion about the call itself would keep its result alive
    of_mask = sys.getrefcount(mask)
    mask.apply(x)
    del result
    assert (sys.getrefcount(x), sys.getrefcount(out), sys.getrefcount(mask)) == (*before, of_mask)
