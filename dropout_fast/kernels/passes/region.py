"""Draw the keep bits of a block of a larger array, from the counter stream: those that its elements have in the whole array.

A chunk's blocks of 512 bits can only be drawn one after another (see `passes.counter`). So those that lie between two rows of the
region are drawn too; chunks that no row touches are not.
"""

import numpy as np

from .. import interpreted
from ..bernoulli import (
    ALL_SET,
    BLOCK,
    BLOCK_BYTES,
    BLOCKS_PER_CHUNK,
    CHUNK,
    NONE_SET,
    ONE,
    SURE_WORDS,
    TOP,
    draw_block,
    threshold_of,
)
from ..bit_runs import WORD, append_bits, position_of
from ..factory import make_kernel
from ..options import helper, interpreted_as, tiny_helper
from ..rng.xoshiro import next_word
from ..simd.memory import stack_array, store_uint64, store_uint64s, uncounted
from ..simd.vectors import splat_uint64
from .counter import start_chunk, unset_state

CHUNK_BYTES = CHUNK // 8

#: Blocks that are drawn at a time: one by one they take longer, and the last ones of a region may not be needed.
BLOCKS_AHEAD = 8


def _draw_bits(seed, step, origin, keep_prob, levels, size, bits):
    """Draw keep bits alone.

    Parameters
    ----------
    seed, step : int
        Counters of the stream, as 64 bits of either sign.
    origin : int
        Index of the region's first element in the whole array.
    keep_prob : float, 0 to 1
        Probability of keeping an element.
    levels : ndarray of int64, 2-d
        The region's rows, with their strides in the whole array: see `bit_runs`.
    size : int
        Elements of the region.
    bits : ndarray of uint8
        Written: the bits in the region's own order, in whole words.
    """
    threshold, inverted = threshold_of(keep_prob)
    words = words_of_block(threshold)
    levels, bits, drawn = uncounted(levels), uncounted(bits), stack_array(np.uint8, CHUNK_BYTES)
    length, extent, stride = levels[0, 0], levels[1, 0], levels[1, 1]
    state, chunk, ready = unset_state(), -1, 0
    row, run, index, written, pending = origin, 0, 0, 0, NONE_SET
    while written < size:
        position, left = row, length
        index, row = index + 1, row + stride
        if index == extent:
            run += extent
            index, row = 0, origin + position_of(levels, run)
        while left > 0:
            if position // CHUNK != chunk:
                chunk, ready = position // CHUNK, 0
                state = start_chunk(seed, step, chunk)
            place = position % CHUNK
            if place >= ready * BLOCK:
                stop = min(place // BLOCK + BLOCKS_AHEAD, BLOCKS_PER_CHUNK)
                state = draw_blocks(state, threshold, inverted, words, drawn, ready, stop)
                ready = stop
            count = min(left, ready * BLOCK - place)
            pending = append_bits(drawn, place, count, bits, written, pending)
            position, written, left = position + count, written + count, left - count
    if written % WORD > 0:
        store_uint64(bits, written // WORD * 8, pending)


draw_bits = interpreted_as(interpreted.draw_bits_of_region)(make_kernel(_draw_bits, "region_draw_bits"))


@tiny_helper
def words_of_block(threshold):
    """How many random words each block takes; -1 where it depends on them."""
    words, left = 0, threshold
    while left != NONE_SET:
        left <<= ONE
        words += 1
    return words if words <= SURE_WORDS else -1


@helper
def draw_blocks(state, threshold, inverted, words, drawn, first, stop):
    """Draw the blocks of a chunk from `first` to `stop`, which take so many random words each; returns the generator's state."""
    for block in range(np.uintp(first), np.uintp(stop)):
        if words == 1:  # keep_prob 1/2
            word, state = next_word(state)
            kept = word ^ ALL_SET
        elif words < 0:
            kept, state = draw_block(state, threshold)
        else:
            kept, state = draw_counted_block(state, threshold, words)
        store_uint64s(drawn, block * BLOCK_BYTES, kept ^ inverted)
    return state


@helper
def draw_counted_block(state, threshold, words):
    """`draw_block`, where the number of words is known: without a question after each."""
    kept, undecided, left = splat_uint64(NONE_SET), splat_uint64(ALL_SET), threshold
    for _ in range(words):
        word, state = next_word(state)
        if left >> TOP:
            kept = kept | (undecided & (word ^ ALL_SET))
            undecided = undecided & word
        else:
            undecided = undecided & (word ^ ALL_SET)
        left = left << ONE
    return kept, state
