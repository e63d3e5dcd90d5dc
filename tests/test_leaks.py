"""Many calls take no memory and hold no reference."""

import sys

import numpy as np
import pytest
from helpers import run_python

import dropout_fast

CALLS = """
import gc, os, sys, tracemalloc
import numpy as np, dropout_fast
from dropout_fast import Dropout, dropout, dropout_backward, dropout_forward, jit
x, half, integers = np.ones((64, 256), np.float32), np.ones(1000, np.float16), np.arange(100)
out, param, bits = np.empty_like(x), {"p": 0.5, "mode": "train"}, jit.empty_bits(x.size)
layer, masks = Dropout(0.9, seed=1), [dropout(x)[1], dropout_forward(x, param)[1][1], dropout(x, store_mask=False)[1]]
def refused(call, *arguments):
    try:
        call(*arguments)
    except (TypeError, ValueError):
        return
    raise AssertionError
def every_function(k):
    dropout(x, 0.9, seed=k, out=out)
    dropout(x)[1].apply(x)
    dropout(half, store_mask=False)[1].apply(half)
    dropout(x.T, 0.3)
    layer(x)
    layer.backward(x, out=out)
    layer.load_state_dict(layer.state_dict())
    with layer.evaluating():
        layer(x)
    _, cache = dropout_forward(x, param, out=out)
    dropout_backward(x, cache)
    dropout_forward(integers, param)
    dropout_forward(x, param | {"mode": "test"})
    jit.dropout(x, 0.9, k, 0, 0, bits, out)
    jit.apply(x, 0.9, 0, bits, out)
    refused(dropout, x, 2.0)
    refused(dropout_backward, x, None)
    refused(masks[0].apply, half)
    if k % 100 == 0:
        for mask in masks:
            (mask == masks[0], np.asarray(mask), mask * x, mask.mean(), mask.keep_fraction(), repr(mask))
def resident():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
for k in range(200):
    every_function(k)
tracemalloc.start()
every_function(0)
gc.collect()
traced = tracemalloc.get_traced_memory()[0]
for k in range(200):
    every_function(k)
gc.collect()
traced = tracemalloc.get_traced_memory()[0] - traced
tracemalloc.stop()
before, references = resident(), [sys.getrefcount(item) for item in (x, out, half, param, bits, *masks)]
for k in range(ROUNDS):
    every_function(k)
grown = resident() - before
assert references == [sys.getrefcount(item) for item in (x, out, half, param, bits, *masks)]
print(traced, grown)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("rounds", [100, pytest.param(100_000, marks=pytest.mark.long)])
def test_memory_is_flat(rounds):
    """Each round calls every public function. What Python and NumPy hold is counted to the byte in 200 of them."""
    traced, grown = map(int, run_python(f"ROUNDS = {rounds}\n{CALLS}", 3600).split())
    print(f"{traced} bytes more after 200 rounds, {grown / 1024:.0f} KiB more of resident memory after {rounds}")
    assert traced < 10_000  # five masks
    assert grown < 2**20


def test_reference_counts():
    x, out = np.ones(1000), np.empty(1000)
    before = sys.getrefcount(x), sys.getrefcount(out)
    result, mask = dropout_fast.dropout(x, 0.5, out=out)
    assert (sys.getrefcount(x), sys.getrefcount(out)) == (before[0], before[1] + 1)  # the result is out
    cache = dropout_fast.dropout_forward(x, {"p": 0.5, "mode": "train"}, out=out)[1]
    dropout_fast.dropout_backward(x, cache, out=out)
    is_out = mask.apply(x, out=out) is result
    assert is_out  # in one line pytest would hold the result
    of_mask = sys.getrefcount(mask)
    mask.apply(x)
    del result
    assert (sys.getrefcount(x), sys.getrefcount(out), sys.getrefcount(mask)) == (*before, of_mask)
