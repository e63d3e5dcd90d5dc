"""Draw the keep bits of a block of a larger array, from the counter stream: those that its elements have in the whole array.

A chunk's blocks of 512 bits can only be drawn one after another (see `passes.counter`). So those of a chunk that lie between two
rows of the region are drawn too, or skipped where each takes the same number of random words; chunks that no row touches are not.
"""

import numpy as np

from .. import interpreted
from ..bernoulli import BLOCK, BLOCK_BYTES, BLOCKS_PER_CHUNK, NONE_SET, ONE, SURE_WORDS, draw_block, threshold_of
from ..bit_runs import WORD, append_bits, position_of
from ..factory import make_kernel
from ..options import helper, interpreted_as, tiny_helper
from ..rng.xoshiro import next_word
from ..simd.memory import stack_array, store_uint64, store_uint64s, uncounted
from .counter import start_chunk, unset_state


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
    levels, bits, drawn = uncounted(levels), uncounted(bits), stack_array(np.uint8, BLOCK_BYTES)
    state, block, written, pending = unset_state(), -1, 0, NONE_SET
    length, extent, stride = levels[0, 0], levels[1, 0], levels[1, 1]
    run = index = 0
    row = origin
    while written < size:
        position, left = row, length
        index, row = index + 1, row + stride
        if index == extent:
            run += extent
            index, row = 0, origin + position_of(levels, run)
        while left > 0:
            wanted = position // BLOCK
            if wanted != block:
                state = state_before(state, seed, step, block, wanted, threshold, words)
                kept, state = draw_block(state, threshold)
                store_uint64s(drawn, 0, kept ^ inverted)
                block = wanted
            count = min(left, BLOCK - position % BLOCK)
            pending = append_bits(drawn, position % BLOCK, count, bits, written, pending)
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
def state_before(state, seed, step, block, wanted, threshold, words):
    """The generator's state before block `wanted`, from that behind block `block`, -1 for none."""
    following = block + 1
    if block < 0 or wanted // BLOCKS_PER_CHUNK != block // BLOCKS_PER_CHUNK:
        state = start_chunk(seed, step, wanted // BLOCKS_PER_CHUNK)
        following = wanted // BLOCKS_PER_CHUNK * BLOCKS_PER_CHUNK
    if words >= 0:
        for _ in range((wanted - following) * words):
            state = next_word(state)[1]
    else:
        for _ in range(wanted - following):
            state = draw_block(state, threshold)[1]
    return state
