"""The counter stream ("engine fast"): a keep bit is a function of (seed, step, keep_prob, absolute index)."""

import math

import numpy as np

from ..kernels.bernoulli import BLOCK, BLOCK_BYTES
from ..kernels.passes import counter
from .base import Bits, Stream, no_lock, threads_alone

#: Seed, step, offset, keep_prob. A plain tuple is made in 10 ns, a named one in 0.2 us.
CounterKey = tuple[int, int, int, float]


def empty_bits(key: CounterKey, size: int) -> Bits:
    """An array for the keep bits of all blocks of 512 absolute indices that hold one of the elements."""
    return np.empty((key[2] % BLOCK + size + BLOCK - 1) // BLOCK * BLOCK_BYTES, np.uint8)


def first_bit(key: CounterKey) -> int:
    """Position of the first element in its block."""
    return key[2] % BLOCK


def arguments(key: CounterKey) -> tuple[int, int, int, float]:
    """Seed and step as signed 64-bit integers of the same bits: kernels are compiled for one type of integer."""
    seed, step, offset, keep_prob = key
    return seed if seed < 2**63 else seed - 2**64, step if step < 2**63 else step - 2**64, offset, keep_prob


def draw_bits(key: CounterKey, shape: tuple[int, ...]) -> Bits:
    """Draw the keep bits alone."""
    bits = empty_bits(key, math.prod(shape))
    counter.draw_bits(*arguments(key), bits)
    return bits


COUNTER = Stream(
    name="counter",
    is_repeatable=True,
    draw_bits=draw_bits,
    drawing_pass=counter.counter,
    arguments=arguments,
    shares=threads_alone,
    empty_bits=empty_bits,
    first_bit=first_bit,
    lock=no_lock,
)
