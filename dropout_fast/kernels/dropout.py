"""Engine fast in one pass: draw the keep bits of a chunk, and scale its elements meanwhile.

The stream. Elements have absolute indices, ``offset + i``. A chunk of 32,768 of them is served by eight xoshiro256++
lanes, which Threefry starts from (seed, step, chunk); its blocks of 512 are drawn one after another. So
a keep bit is a function of (seed, step, keep_prob, absolute index), and any thread can take any chunk.
"""

import numba
import numpy as np

from . import numpy_loops
from .bernoulli import ALL, BLOCK, BLOCKS, NONE, SURE_WORDS, compare_one_bit, draw_block, finish, threshold_of
from .compiling import helper, kernel, kernel_by_dtype, tiny_helper, without_jit
from .masked_scale import bounds, chunks_of, drop, scale_group, scale_part, scale_range
from .memory import elements_to_alignment, fence, load_words, on_the_stack, store, store_words, stream
from .vectors import GROUP, spread
from .xoshiro import start_lanes

BLOCK_BYTES = BLOCK // 8

#: Bytes for the bits of the last blocks: some, so that the last two are moved to the front seldom, and not many.
ROOM = 32 * BLOCK_BYTES

#: Groups of vectors scaled after each of a block's first words: as many as a block has, shared out.
GROUPS_A_WORD = BLOCK // GROUP // SURE_WORDS


@kernel_by_dtype("float32", "float64", "float16", "bfloat16")
def dropout_serial(x, bits, seed, step, offset, keep_prob, scale, out):
    """Draw keep bits, scale kept elements, write +0 for the others.

    Parameters
    ----------
    x, out : ndarray, 1-d, C-contiguous, of one dtype
        May be the same array. float16 comes as its bits in int16, bfloat16 as its bits in uint16.
    bits : ndarray of uint8
        Written, if it is not empty: 64 bytes for each block of 512 absolute indices that holds an element.
    seed, step : int
        Counters of the stream, as 64 bits of either sign.
    offset : int
        Absolute index of ``x[0]``.
    keep_prob : float, 0 to 1
        Probability of keeping an element, exact to 2**-64.
    scale : float
        What kept elements are multiplied by.
    """
    dropout_range(store, x, bits, seed, step, offset, keep_prob, scale, out, offset, offset + x.size)


@kernel_by_dtype("float32", "float64", "float16", "bfloat16", parallel=True)
def dropout_parallel(x, bits, seed, step, offset, keep_prob, scale, out, threads):
    """`dropout_serial` on several threads, of which there are `threads`."""
    shares = min(threads, chunks_of(x.size, offset))
    for share in numba.prange(shares):
        start, stop = bounds(share, shares, x.size, offset)
        dropout_range(store, x, bits, seed, step, offset, keep_prob, scale, out, start, stop)


@kernel_by_dtype("float32", "float64", "float16", "bfloat16", parallel=True)
def dropout_streaming(x, bits, seed, step, offset, keep_prob, scale, out, threads):
    """`dropout_parallel` for an `out` that no cache holds."""
    shares = min(threads, chunks_of(x.size, offset))
    for share in numba.prange(shares):
        start, stop = bounds(share, shares, x.size, offset)
        dropout_range(stream, x, bits, seed, step, offset, keep_prob, scale, out, start, stop)
        fence()


@without_jit(numpy_loops.draw_bits)
@kernel()
def draw_bits(bits, seed, step, offset, keep_prob):
    """Draw keep bits alone, for as many blocks as `bits` has room for."""
    threshold, inverted = threshold_of(keep_prob)
    first = offset // BLOCK
    state = (spread(NONE), spread(NONE), spread(NONE), spread(NONE))  # for its type: each chunk starts anew
    for block in range(first // BLOCKS * BLOCKS, first + bits.size // BLOCK_BYTES):
        if block % BLOCKS == 0:
            state = start_chunk(seed, step, block // BLOCKS)
        kept, state = draw_block(state, threshold)
        if block >= first:
            store_words(bits, (block - first) * BLOCK_BYTES, kept ^ inverted)


@without_jit(numpy_loops.dropout_range)
@helper
def dropout_range(write, x, bits, seed, step, offset, keep_prob, scale, out, start, stop):
    """Draw and scale the elements of absolute indices `start` to `stop`; `i` counts from ``x[0]``.

    A block is drawn while 512 elements whose bits are there are scaled: their memory is under way while the
    generator computes (keep_prob 0.9, 1 Mi, two threads: 8 % faster than in turn). New bits stay on the stack, where
    the scaling reads them, and go to `bits` many at a time (3 % faster than each at once).
    """
    threshold, inverted = threshold_of(keep_prob)
    block, blocks = start // BLOCK, (stop + BLOCK - 1) // BLOCK
    recent, base = on_the_stack(np.uint8, ROOM), block * BLOCK  # bits of the last blocks, and the absolute index of the first
    i = start - offset
    aligned = min(i + elements_to_alignment(out, i), stop - offset)
    ready = min(blocks, (offset + aligned + 2 * BLOCK - 1) // BLOCK)

    state = (spread(NONE), spread(NONE), spread(NONE), spread(NONE))  # for its type: each chunk starts anew
    for b in range(block // BLOCKS * BLOCKS, ready):  # a chunk's blocks can only be drawn one after another
        if b % BLOCKS == 0:
            state = start_chunk(seed, step, b // BLOCKS)
        kept, state = draw_block(state, threshold)
        if b >= block:
            store_words(recent, (b * BLOCK - base) // 8, kept ^ inverted)
    scale_part(drop, x, recent, offset - base, scale, out, i, aligned - i)
    i = aligned
    for b in range(ready, blocks):
        if b % BLOCKS == 0:
            state = start_chunk(seed, step, b // BLOCKS)
        if b * BLOCK - base == 8 * ROOM:
            copy_bits(recent, base, b - 2, bits, offset)
            base = back_to_front(recent, base)
        comparison = (state, threshold, spread(NONE), spread(ALL))
        for _ in range(SURE_WORDS):
            comparison = compare_one_bit(comparison)
            for _ in range(GROUPS_A_WORD):
                scale_group(drop, write, x, recent, offset - base, scale, out, i)
                i += GROUP
        kept, state = finish(comparison)
        store_words(recent, (b * BLOCK - base) // 8, kept ^ inverted)
    copy_bits(recent, base, blocks, bits, offset)
    scale_range(drop, write, x, recent, offset - base, scale, out, i, stop - offset)


@tiny_helper
def copy_bits(recent, base, stop, bits, offset):
    """Copy the bits of the blocks from index `base` to block `stop` to where they are kept, if they are."""
    if bits.size > 0:
        first = base // BLOCK
        for block in range(first, stop):
            word = load_words(recent, (block - first) * BLOCK_BYTES)
            store_words(bits, (block - offset // BLOCK) * BLOCK_BYTES, word)


@tiny_helper
def start_chunk(seed, step, chunk):
    """The generator's state at the beginning of a chunk."""
    return start_lanes(np.uint64(seed), np.uint64(step), np.uint64(chunk))


@tiny_helper
def back_to_front(recent, base):
    """Move the last two blocks of bits, which the scaling still reads, to the first place; returns the new base."""
    store_words(recent, 0, load_words(recent, ROOM - 2 * BLOCK_BYTES))
    store_words(recent, BLOCK_BYTES, load_words(recent, ROOM - BLOCK_BYTES))
    return base + 8 * ROOM - 2 * BLOCK
