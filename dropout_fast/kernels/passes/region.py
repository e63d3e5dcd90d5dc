"""Draw the keep bits of a block of a larger array, from the counter stream: those that its elements have in the whole array.

A chunk's blocks of 512 bits can only be drawn one after another (see `passes.counter`). So the generator passes over those that lie
between two rows of the region, which takes half as long as drawing them where keep_prob says how many random words each takes.
Chunks that no row touches are left out.
"""

import numba
import numpy as np

from .. import interpreted
from ..bernoulli import (
    ALL_SET,
    BLOCK,
    BLOCK_BYTES,
    CHUNK,
    NONE_SET,
    ONE,
    SURE_WORDS,
    TOP,
    draw_block,
    threshold_of,
)
from ..bit_runs import WORD, append_bits, append_long_rows, append_rows, position_of
from ..factory import make_drawing_kernels
from ..options import helper, interpreted_as, tiny_helper
from ..rng.xoshiro import next_word
from ..shares import bounds, chunks_of
from ..simd.memory import call_compiled, stack_array, store_uint64, store_uint64s, uncounted
from ..simd.vectors import splat_uint64
from .counter import start_chunk, unset_state

#: The bits of a chunk, and a word that is read with the last of them.
BUFFER = CHUNK // 8 + 8


@interpreted_as(interpreted.draw_bits_of_region)
def _draw_bits(seed, step, origin, keep_prob, levels, first, size, bits):
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
    first, size : int
        Which of the region's elements: so many from the first on.
    bits : ndarray of uint8
        Written: their bits in the region's own order, in whole words.
    """
    threshold, inverted = threshold_of(keep_prob)
    words = words_of_block(threshold)
    levels, bits, drawn = uncounted(levels), uncounted(bits), stack_array(np.uint8, BUFFER)
    length, extent, stride = levels[0, 0], levels[1, 0], levels[1, 1]
    run = first // length
    index, taken = run % extent, first % length
    row = origin + position_of(levels, run)
    run -= index
    state, chunk, ready, written, pending = unset_state(), -1, np.intp(0), np.intp(0), NONE_SET
    while written < size:
        if (row + taken) // CHUNK != chunk:
            chunk, ready = (row + taken) // CHUNK, 0
            state = start_chunk(seed, step, chunk)
        place = row + taken - chunk * CHUNK
        count = min(length - taken, size - written, CHUNK - place)
        rows = 0
        if count == length:  # all whole rows of the chunk
            rows = min(extent - index, (size - written) // length, (CHUNK - length - place) // max(stride, 1) + 1)
        state, ready = draw_rows(state, ready, place, stride, max(rows, 1), count, threshold, inverted, words, drawn)
        if rows > 0:
            if length <= WORD:
                pending = append_rows(drawn, place, stride, rows, length, bits, written, pending)
            else:
                pending = append_long_rows(drawn, place, stride, rows, length, bits, written, pending)
            written, index, row = written + rows * length, index + rows, row + rows * stride
        else:
            pending = append_bits(drawn, place, count, bits, written, pending)
            written, taken = written + count, taken + count
            if taken == length:
                index, row, taken = index + 1, row + stride, 0
        if index == extent:
            run += extent
            index, row = 0, origin + position_of(levels, run)
    if written % WORD > 0:
        store_uint64(bits, written // WORD * 8, pending)


def _draw_bits_in_parallel(serial, seed, step, origin, keep_prob, levels, first, size, bits, threads):
    """Call the serial kernel at the address `serial` on the stretch of each of so many threads."""
    shares = min(threads, chunks_of(size, 0))
    for share in numba.prange(shares):
        begin, end = bounds(share, shares, size, 0)
        call_compiled(serial, (seed, step, origin, keep_prob, levels, first + begin, end - begin, bits[begin // 8 :]))


draw_bits = make_drawing_kernels(_draw_bits, _draw_bits_in_parallel, "region_draw_bits")


@tiny_helper
def words_of_block(threshold):
    """How many random words each block takes; -1 where it depends on them."""
    words, left = 0, threshold
    while left != NONE_SET:
        left <<= ONE
        words += 1
    return words if words <= SURE_WORDS else -1


@helper
def draw_rows(state, ready, place, stride, rows, length, threshold, inverted, words, drawn):
    """Draw the bits of some rows of a chunk, from place to place; returns the generator's state, and up to which block it came."""
    if words < 0 or stride < 2 * BLOCK:
        rows, length = 1, (rows - 1) * stride + length
    for _ in range(rows):
        start, stop = place // BLOCK, (place + length + BLOCK - 1) // BLOCK
        if words > 0 and start > ready:
            for _ in range(np.uintp((start - ready) * words)):
                _, state = next_word(state)
            ready = start
        if ready < stop:
            state = draw_blocks(state, threshold, inverted, words, drawn, ready, stop)
            ready = stop
        place += stride
    return state, ready


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
