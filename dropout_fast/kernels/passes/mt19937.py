"""The drawing passes of NumPy's MT19937: draw keep bits, and apply an epilogue while bits and words are in the cache.

One thread draws the stream from the start. Several threads draw one stride each; all but the first jump to their first word.
The bits are the same.
"""

import numba
import numpy as np

from ..elementwise import apply_group_by_registers, apply_part, apply_rest_by_registers
from ..notes import NONE_PENDING, note_nothing, note_positive
from ..options import helper, tiny_helper
from ..rng.mt19937 import RING_WORDS, WORDS_PER_DRAW, N, copy_block, save_state, start_rings, state_at
from ..rng.mt19937_jump import DIGITS_PER_JUMP, DIRECT_JUMPS
from ..rng.mt19937_keep_bits import comparison_of, draw_group, store_group_bits
from ..simd.memory import address_of, call_address, elements_to_alignment, stack_array
from ..simd.vectors import GROUP, word_of


def mt19937(epilogue, write, publish):
    """Make the serial and the parallel function of the pass that stores the keep bits."""
    return _make(epilogue, write, publish, note_nothing)


def mt19937_positive(epilogue, write, publish):
    """Make those of the pass that stores which elements of the result are positive."""
    return _make(epilogue, write, publish, note_positive)


def _make(epilogue, write, publish, note):
    def serial(state_address, threshold, x, bits, operands, out):
        """Draw keep bits, apply the epilogue, and advance NumPy's state.

        Parameters
        ----------
        state_address : int
            Address of NumPy's ``{uint32 key[624]; int pos}``, whose lock the caller holds.
        threshold : int
            Which draws keep their elements: see `comparison_of`.
        x, out : ndarray, 1-d, C-contiguous, of one dtype, not empty
            May be the same array.
        bits : ndarray of uint8
            Written, in words of eight bytes: bit ``i % 8`` of ``bits[i // 8]`` is element i's.
        operands : float or tuple
            What the epilogue takes: see `epilogues`.
        """
        state = state_at(state_address)
        draw_stride(epilogue, write, note, state, (state, np.intp(state[N])), threshold, x, bits, operands, out, 0, x.size)

    def parallel(state_address, threshold, x, bits, operands, out, first, stride, jumps, jump_address):
        """As `serial`, on several threads.

        Parameters
        ----------
        state_address, threshold, x, bits, operands, out
            As for `serial`.
        first, stride : int
            Elements that the first thread takes, and that each other takes: multiples of 312 and of 64.
        jumps : ndarray of uint16, shape (n, 27, 32, 5)
            From `jump_polynomials.jumps_over`.
        jump_address : int
            From `mt19937_jump.jump_address`; any number where there are no jumps.
        """
        state = state_at(state_address)
        start = start_of(state)
        for part in numba.prange(parts_of(x.size, first, stride)):
            begin, end, block = jump_to_part(start, x.size, part, first, stride, jumps, jump_address)
            draw_stride(epilogue, write, note, state, (block, start[1]), threshold, x, bits, operands, out, begin, end)
            publish()

    return serial, parallel


@tiny_helper
def parts_of(size, first, stride):
    """Number of strides that have elements."""
    return 1 + (max(0, size - first) + stride - 1) // stride


@tiny_helper
def start_of(state):
    """A copy of the state's block, which the last stride overwrites, and the position in it."""
    block = np.empty(N, np.uint32)
    copy_block(state, block)
    return block, np.intp(state[N])


@helper
def jump_to_part(start, size, part, first, stride, jumps, jump_address):
    """Where the stride of that number begins and ends, and its first block, after one or two jumps."""
    block = np.empty(N, np.uint32)
    copy_block(start[0], block)
    begin, end = np.intp(0), min(size, first)
    if part > 0:
        other = np.intp(part) - 1
        low, high = other % DIRECT_JUMPS, other // DIRECT_JUMPS
        digits = DIGITS_PER_JUMP * low
        call_address(jump_address, address_of(block, 0), address_of(jumps, digits))
        if high > 0:
            digits = DIGITS_PER_JUMP * (DIRECT_JUMPS - 1 + high)
            call_address(jump_address, address_of(block, 0), address_of(jumps, digits))
        begin = first + other * stride
        end = min(size, begin + stride)
    return begin, end, block


@helper
def draw_stride(epilogue, write, note, state, start, threshold, x, bits, operands, out, begin, end):
    """Draw bits and apply the epilogue from element `begin`, a multiple of 64, to `end`; the last stride saves NumPy's state.

    `start` is a block and the position of the first word, in that block or in the following one. Groups are aligned to the
    vectors of `out`, so that bits are used in the registers in which they are drawn. Of the first group only the last few draws,
    if any, belong to this stride; the others come from words without a meaning, and are shifted out. `note` may write other bits
    over those that were drawn.
    """
    block, position = start
    rings, comparison = stack_array(np.uint32, RING_WORDS), comparison_of(threshold)
    unaligned = elements_to_alignment(out, begin)
    aligned, front = start_rings(rings, block, position + WORDS_PER_DRAW * unaligned)
    place, previous, pending = (aligned - GROUP, front), np.uint64(0), NONE_PENDING
    for done in range(begin - GROUP, end, GROUP):
        lanes, place = draw_group(rings, place, comparison)
        word = word_of(lanes)
        if done >= begin:
            store_group_bits(bits, done, min(GROUP, end - done), shifted_in(previous, word, unaligned))
            if done == begin:
                count = min(unaligned, end - begin)
                result = apply_part(epilogue, x, bits, 0, operands, out, begin, count)
                pending = note(bits, begin, (result, result, result, result), count, pending)
            i = done + unaligned
            if i + GROUP <= end:
                results = apply_group_by_registers(epilogue, write, x, lanes, operands, out, i)
            else:
                results = apply_rest_by_registers(epilogue, x, lanes, operands, out, i, end - i)
            pending = note(bits, i, results, min(GROUP, end - i), pending)
        previous = word
    if end == x.size:
        save_state(rings, aligned - unaligned, place[1], end - begin, state)


@tiny_helper
def shifted_in(previous, word, count):
    """The upper `count` bits (less than 64) of the previous word, followed by the lower bits of this word."""
    return previous >> np.uint64(1) >> np.uint64(GROUP - 1 - count) | word << np.uint64(count)
