"""The drawing passes of the counter stream: draw the keep bits of a chunk, and apply an epilogue to its elements meanwhile.

The stream. Elements have absolute indices, ``offset + i``. Eight xoshiro256++ lanes serve a chunk of 32,768 elements;
Threefry starts them from (seed, step, chunk). The chunk's blocks of 512 elements are drawn one after another. So
a keep bit is a function of (seed, step, keep_prob, absolute index), and any thread can take any chunk.
"""

import numba
import numpy as np

from .. import interpreted
from ..bernoulli import (
    ALL_SET,
    BLOCK,
    BLOCK_BYTES,
    BLOCKS_PER_CHUNK,
    NONE_SET,
    SURE_WORDS,
    compare_one_bit,
    draw_block,
    finish_comparison,
    threshold_of,
)
from ..elementwise import WHOLE, apply_aligned_range, apply_group, apply_part
from ..factory import make_kernel
from ..notes import NONE_PENDING, note_nothing, note_positive
from ..options import helper, interpreted_as, tiny_helper
from ..rng.xoshiro import start_lanes
from ..shares import bounds, chunks_of, operands_of_share
from ..simd.memory import call_compiled, elements_to_alignment, load_uint64s, stack_array, store_uint64s
from ..simd.vectors import GROUP, splat_uint64

#: Bytes of the buffer for the bits of the last blocks. Its last two blocks are moved to the front when it is full.
BUFFER = 32 * BLOCK_BYTES

#: Groups that the epilogue is applied to after each of a block's first random words: as many as a block has, shared out.
GROUPS_PER_WORD = BLOCK // GROUP // SURE_WORDS


def counter(epilogue, write, publish):
    """Make the serial function of the pass that stores the keep bits, and the one that runs it in parallel."""
    return _make(epilogue, write, publish, copy_bits, note_nothing)


def counter_positive(epilogue, write, publish):
    """Make those of the pass that stores which elements of the result are positive."""
    return _make(epilogue, write, publish, copy_nothing, note_positive)


def _make(epilogue, write, publish, copy, note):
    def serial(seed, step, offset, keep_prob, x, bits, operands, out):
        """Draw keep bits and apply the epilogue.

        Parameters
        ----------
        seed, step : int
            Counters of the stream, as 64 bits of either sign.
        offset : int
            Absolute index of ``x[0]``.
        keep_prob : float, 0 to 1
            Probability of keeping an element, exact to 2**-64.
        x, out : ndarray, 1-d, C-contiguous, of one dtype
            May be the same array. float16 comes as its bits in int16, bfloat16 as its bits in uint16.
        bits : ndarray of uint8
            Written, if it is not empty: 64 bytes for each block of 512 absolute indices that holds an element.
        operands : float or tuple
            What the epilogue takes: see `epilogues`.
        """
        stop = offset + x.size
        draw_and_apply(epilogue, write, copy, note, seed, step, offset, keep_prob, x, bits, operands, out, offset, stop)
        publish()

    return serial, counter_in_parallel


def counter_in_parallel(serial, seed, step, offset, keep_prob, x, bits, operands, out, threads):
    """Call the serial kernel at the address `serial` on the stretch of each of so many threads."""
    shares = min(threads, chunks_of(x.size, offset))
    for share in numba.prange(shares):
        start, stop = bounds(share, shares, x.size, offset)
        begin, end = start - offset, stop - offset
        own_bits = bits[(start // BLOCK - offset // BLOCK) * BLOCK_BYTES :]
        own_operands = operands_of_share(operands, begin, end)
        call_compiled(serial, (seed, step, start, keep_prob, x[begin:end], own_bits, own_operands, out[begin:end]))


def _draw_bits(seed, step, offset, keep_prob, bits):
    """Draw keep bits alone, for as many blocks as `bits` holds."""
    threshold, inverted = threshold_of(keep_prob)
    first = offset // BLOCK
    state = unset_state()
    for block in range(first // BLOCKS_PER_CHUNK * BLOCKS_PER_CHUNK, first + bits.size // BLOCK_BYTES):
        if block % BLOCKS_PER_CHUNK == 0:
            state = start_chunk(seed, step, block // BLOCKS_PER_CHUNK)
        kept, state = draw_block(state, threshold)
        if block >= first:
            store_uint64s(bits, (block - first) * BLOCK_BYTES, kept ^ inverted)


draw_bits = interpreted_as(interpreted.draw_bits)(make_kernel(_draw_bits, "counter_draw_bits"))


@interpreted_as(interpreted.draw_and_apply)
@helper
def draw_and_apply(epilogue, write, copy, note, seed, step, offset, keep_prob, x, bits, operands, out, start, stop):
    """Draw the bits of absolute indices `start` to `stop` and apply the epilogue; `i` counts from ``x[0]``.

    While a block is drawn, the epilogue is applied to 512 elements whose bits are known: the generator computes while their
    memory is on its way (keep_prob 0.9, 1 Mi, two threads: 8 % faster than in turn). New bits stay on the stack, where
    the epilogue reads them, and are copied to `bits` many at a time (3 % faster than each at once). `copy` copies them, or
    `note` writes other bits in their place.
    """
    threshold, inverted = threshold_of(keep_prob)
    block, blocks = start // BLOCK, (stop + BLOCK - 1) // BLOCK
    # Bits of the last blocks, and the absolute index of the first of them.
    recent, base = stack_array(np.uint8, BUFFER), block * BLOCK
    i = start - offset
    aligned = min(i + elements_to_alignment(out, i), stop - offset)
    ready = min(blocks, (offset + aligned + 2 * BLOCK - 1) // BLOCK)

    state = unset_state()
    for b in range(block // BLOCKS_PER_CHUNK * BLOCKS_PER_CHUNK, ready):  # a chunk's blocks can only be drawn in order
        if b % BLOCKS_PER_CHUNK == 0:
            state = start_chunk(seed, step, b // BLOCKS_PER_CHUNK)
        kept, state = draw_block(state, threshold)
        if b >= block:
            store_uint64s(recent, (b * BLOCK - base) // 8, kept ^ inverted)
    first_bit, pending = offset % BLOCK, NONE_PENDING
    result = apply_part(epilogue, x, recent, offset - base, operands, out, i, aligned - i)
    pending = note(bits, i + first_bit, (result, result, result, result), aligned - i, pending)
    i = aligned
    for b in range(ready, blocks):
        if b % BLOCKS_PER_CHUNK == 0:
            state = start_chunk(seed, step, b // BLOCKS_PER_CHUNK)
        if b * BLOCK - base == 8 * BUFFER:
            copy(recent, base, b - 2, bits, offset)
            base = keep_last_two_blocks(recent, base)
        comparison = (state, threshold, splat_uint64(NONE_SET), splat_uint64(ALL_SET))
        for _ in range(SURE_WORDS):
            comparison = compare_one_bit(comparison)
            for _ in range(GROUPS_PER_WORD):
                results = apply_group(epilogue, write, x, recent, offset - base, operands, out, i)
                pending = note(bits, i + first_bit, results, WHOLE, pending)
                i += GROUP
        kept, state = finish_comparison(comparison)
        store_uint64s(recent, (b * BLOCK - base) // 8, kept ^ inverted)
    copy(recent, base, blocks, bits, offset)
    shift, end = offset - base, stop - offset
    apply_aligned_range(epilogue, write, note, x, recent, shift, operands, out, i, end, bits, first_bit, pending)


@tiny_helper
def copy_bits(recent, base, stop, bits, offset):
    """Copy the bits from index `base` to block `stop` from the buffer to `bits`, unless it is empty."""
    if bits.size > 0:
        first = base // BLOCK
        for block in range(first, stop):
            word = load_uint64s(recent, (block - first) * BLOCK_BYTES)
            store_uint64s(bits, (block - offset // BLOCK) * BLOCK_BYTES, word)


@tiny_helper
def copy_nothing(recent, base, stop, bits, offset):
    """In the place of `copy_bits`, where other bits are stored."""


@tiny_helper
def unset_state():
    """A state that only gives its variable a type: each chunk starts anew."""
    return splat_uint64(NONE_SET), splat_uint64(NONE_SET), splat_uint64(NONE_SET), splat_uint64(NONE_SET)


@tiny_helper
def start_chunk(seed, step, chunk):
    """State of the generator at the start of a chunk."""
    return start_lanes(np.uint64(seed), np.uint64(step), np.uint64(chunk))


@tiny_helper
def keep_last_two_blocks(recent, base):
    """Move the last two blocks of the buffer, whose bits are still to be read, to its front; returns the new base."""
    store_uint64s(recent, 0, load_uint64s(recent, BUFFER - 2 * BLOCK_BYTES))
    store_uint64s(recent, BLOCK_BYTES, load_uint64s(recent, BUFFER - BLOCK_BYTES))
    return base + 8 * BUFFER - 2 * BLOCK
