"""Engine fast in one pass: draw the keep bits of a chunk, and scale its elements meanwhile.

The stream. Elements have absolute indices, ``offset + i``. A chunk of 16,384 of them is served by eight xoshiro256++
lanes, which Threefry starts from (seed, step, chunk); its blocks of 512 are drawn one after another. So
a keep bit is a function of (seed, step, keep_prob, absolute index), and any thread can take any chunk.
"""

import numba
import numpy as np

from .bernoulli import ALL, BLOCK, NONE, SURE_WORDS, compare_one_bit, draw_block, finish, threshold_of
from .compiling import helper, kernel, kernel_by_dtype, tiny_helper
from .masked_scale import CHUNK, drop, scale_part, scale_range
from .memory import elements_to_alignment, fence, load, load_lanes, or_on_the_stack, store, store_words, stream
from .vectors import LANES, spread
from .xoshiro import start_lanes

BLOCK_BYTES = BLOCK // 8
CHUNK_BYTES = CHUNK // 8

#: Blocks in a chunk.
BLOCKS = CHUNK // BLOCK

#: Vectors scaled after each of a block's first words: as many as a block has, shared out.
VECTORS_A_WORD = BLOCK // LANES // SURE_WORDS


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
    first, last = chunks_of(x.size, offset)
    for chunk in range(first, last):
        dropout_chunk(store, x, bits, seed, step, offset, keep_prob, scale, out, chunk)


@kernel_by_dtype("float32", "float64", "float16", "bfloat16", parallel=True)
def dropout_parallel(x, bits, seed, step, offset, keep_prob, scale, out):
    """`dropout_serial` on several threads."""
    first, last = chunks_of(x.size, offset)
    for chunk in numba.prange(first, last):
        dropout_chunk(store, x, bits, seed, step, offset, keep_prob, scale, out, chunk)


@kernel_by_dtype("float32", "float64", "float16", "bfloat16", parallel=True)
def dropout_streaming(x, bits, seed, step, offset, keep_prob, scale, out):
    """`dropout_parallel` for an `out` that no cache holds."""
    first, last = chunks_of(x.size, offset)
    for chunk in numba.prange(first, last):
        dropout_chunk(stream, x, bits, seed, step, offset, keep_prob, scale, out, chunk)
        fence()


@kernel()
def draw_bits(bits, seed, step, offset, keep_prob):
    """Draw keep bits alone, for as many blocks as `bits` has room for."""
    threshold, inverted = threshold_of(keep_prob)
    block = offset // BLOCK
    base, blocks = block * BLOCK, block + bits.size // BLOCK_BYTES
    while block < blocks:
        chunk = block // BLOCKS
        state = start_lanes(np.uint64(seed), np.uint64(step), np.uint64(chunk))
        stop = min(blocks, (chunk + 1) * BLOCKS)
        draw_blocks(bits, base, chunk * BLOCKS, block, stop, state, threshold, inverted)
        block = stop


@tiny_helper
def chunks_of(size, offset):
    """The first chunk that holds an element, and the one after the last."""
    return offset // CHUNK, (offset + size + CHUNK - 1) // CHUNK


@helper
def dropout_chunk(write, x, bits, seed, step, offset, keep_prob, scale, out, chunk):
    """Draw and scale the elements of one chunk; positions here are absolute, but `i` counts from ``x[0]``.

    A block is drawn while 512 elements whose bits are there are scaled: their memory is under way
    while the generator computes (keep_prob 0.9, 1 Mi, two threads: 8 % faster than in turn).
    """
    threshold, inverted = threshold_of(keep_prob)
    first, stop = max(offset, chunk * CHUNK), min(offset + x.size, (chunk + 1) * CHUNK)
    block, blocks = first // BLOCK, (stop + BLOCK - 1) // BLOCK
    base = offset // BLOCK * BLOCK if bits.size > 0 else chunk * CHUNK
    octets = or_on_the_stack(bits, CHUNK_BYTES)
    shift = offset - base

    i = first - offset
    aligned = min(i + elements_to_alignment(out, i), stop - offset)
    ready = min(blocks, (offset + aligned + 2 * BLOCK - 1) // BLOCK)
    state = start_lanes(np.uint64(seed), np.uint64(step), np.uint64(chunk))
    state = draw_blocks(octets, base, chunk * BLOCKS, block, ready, state, threshold, inverted)
    scale_part(drop, x, octets, shift, scale, out, i, aligned - i)
    i = aligned
    for block in range(ready, blocks):
        comparison = (state, threshold, spread(NONE), spread(ALL))
        for _ in range(SURE_WORDS):
            comparison = compare_one_bit(comparison)
            for _ in range(VECTORS_A_WORD):
                write(out, i, drop(load(x, i), load_lanes(octets, i + shift), scale))
                i += LANES
        kept, state = finish(comparison)
        store_words(octets, (block * BLOCK - base) // 8, kept ^ inverted)
    scale_range(drop, write, x, octets, shift, scale, out, i, stop - offset)


@helper
def draw_blocks(bits, base, start, first, stop, state, threshold, inverted):
    """Draw the blocks from `start` to `stop`, and write those from `first` on; ``bits[0]`` has index `base`.

    Returns the generator's state: a chunk's blocks can only be drawn one after another.
    """
    for block in range(start, stop):
        kept, state = draw_block(state, threshold)
        if block >= first:
            store_words(bits, (block * BLOCK - base) // 8, kept ^ inverted)
    return state
