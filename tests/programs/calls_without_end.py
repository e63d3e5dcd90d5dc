"""Show how much memory many calls of every public function keep.

Argument: how many rounds. Prints the bytes that Python and NumPy hold more after 200 rounds, and the bytes by which resident
memory grew in all of them; fails where a round keeps a reference.
"""

import argparse
import gc
import os
import sys
import tracemalloc

import numpy as np

from dropout_fast import Dropout, dropout, dropout_add, dropout_backward, dropout_forward, jit, relu_dropout

TRACED_ROUNDS = 200

x, half, integers = np.ones((64, 256), np.float32), np.ones(1000, np.float16), np.arange(100)
out, param, bits = np.empty_like(x), {"p": 0.5, "mode": "train"}, jit.empty_bits(x.size)
gradient = np.empty(256, np.float32)
layer = Dropout(keep_prob=0.9, seed=1)
masks = [dropout(x)[1], dropout_forward(x, param)[1][1], dropout(x, store_mask=False)[1]]


def refused(call, *arguments, **options):
    try:
        call(*arguments, **options)
    except (TypeError, ValueError):
        return
    raise AssertionError(f"{call} takes {arguments} {options}")


def every_function(k):
    dropout(x, keep_prob=0.9, seed=k, out=out)
    dropout(x)[1].apply(x)
    dropout(half, store_mask=False)[1].apply(half)
    dropout(x.T, keep_prob=0.3)
    dropout(x, seed=k, noise_shape=(64, 1), out=out)[1].apply(x, out=out)
    dropout(x, seed=k, region=((64, 999), ((0, 64), (5, 261))), store_mask=False)[1].apply(x)
    refused(dropout, x, noise_shape=(2, 1))
    refused(dropout, x, region=(3, 1))
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
    relu_dropout(x, x[0], seed=k, out=out)[1].apply(x, out=out, bias_gradient=gradient)
    relu_dropout(x, x[0], rng=np.random)
    dropout_add(x, out, x[0], seed=k, out=out)
    refused(relu_dropout, x, x[0, :5])
    refused(dropout, x, keep_prob=2.0)
    refused(dropout_backward, x, None)
    refused(masks[0].apply, half)
    if k % 100 == 0:
        for mask in masks:
            (mask == masks[0], np.asarray(mask), mask * x, mask.mean(), mask.keep_fraction(), repr(mask))


def resident():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def references():
    return [sys.getrefcount(item) for item in (x, out, half, param, bits, *masks)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rounds", type=int)
    arguments = parser.parse_args()
    for k in range(TRACED_ROUNDS):
        every_function(k)
    tracemalloc.start()
    every_function(0)
    gc.collect()
    traced = tracemalloc.get_traced_memory()[0]
    for k in range(TRACED_ROUNDS):
        every_function(k)
    gc.collect()
    traced = tracemalloc.get_traced_memory()[0] - traced
    tracemalloc.stop()
    memory_before, references_before = resident(), references()
    for k in range(arguments.rounds):
        every_function(k)
    grown = resident() - memory_before
    assert references() == references_before
    print(traced, grown)


if __name__ == "__main__":
    main()
