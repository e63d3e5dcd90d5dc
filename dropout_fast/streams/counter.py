"""The counter stream ("engine fast"): a keep bit is a function of (seed, step, keep_prob, absolute index)."""

import math

import numpy as np

from ..kernels.bernoulli import BLOCK, BLOCK_BYTES
from ..kernels.passes import counter
from .base import Bits, Key, Stream, threads_alone

#: Seed, step, offset, keep_prob. A plain tuple is made in 10 ns, a named one in 0.2 us.
CounterKey = tuple[int, int, int, float]

_UINT8 = np.dtype(np.uint8)  # looked up once: 0.1 us a call


def empty_bits(key: CounterKey, size: int) -> Bits:
    """An array for the keep bits of all blocks of 512 absolute indices that hold one of the elements."""
    return np.empty((key[2] % BLOCK + size + BLOCK - 1) // BLOCK * BLOCK_BYTES, _UINT8)


def first_bit(key: Key) -> int:
    """Position of the first element's bit in such an array; 0 for the key of a region."""
    offset: int = key[2]
    return offset % BLOCK


def arguments(key: CounterKey) -> tuple[int, int, int, float]:
    """The key, with seed and step as signed 64-bit integers of the same bits: kernels are compiled for one type of integer."""
    seed, step, offset, keep_prob = key
    if seed < 2**63 and step < 2**63:
        return key
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
    positive_pass=counter.counter_positive,
    arguments=arguments,
    shares=threads_alone,
    empty_bits=empty_bits,
    locks_generator=False,
)
