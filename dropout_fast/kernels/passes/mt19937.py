"""The drawing passes of NumPy's MT19937: draw keep bits, and apply an epilogue while bits and words are in the cache.

One thread draws the stream from the start. Several threads draw one stride each; all but the first jump to their first word.
The bits are the same.
"""

import numba
import numpy as np

from ..elementwise import FIRST, apply_group_by_registers, apply_part, apply_rest_by_registers
from ..notes import NONE_PENDING, note_nothing, note_positive
from ..options import helper, tiny_helper
from ..rng.mt19937 import RING_WORDS, WORDS_PER_DRAW, N, copy_block, save_state, start_rings, state_at
from ..rng.mt19937_jump import DIGITS_PER_JUMP, DIRECT_JUMPS
from ..rng.mt19937_keep_bits import comparison_of, draw_group, store_group_bits
from ..shares import operands_of_share
from ..simd.memory import address_of, call_compiled, elements_to_alignment, stack_array
from ..simd.vectors import GROUP, word_of


def mt19937(epilogue, write, publish):
    """Make the serial function of the pass that stores the keep bits, and the one that runs it in parallel."""
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
        draw_and_apply(epilogue, write, note, state_at(state_address), threshold, x, bits, operands, out)
        publish()

    return serial, mt19937_in_parallel


def mt19937_in_parallel(serial, state_address, threshold, x, bits, operands, out, first, stride, jumps, jump_address):
    """Call the serial kernel on the stride of each thread, with a state of its own; the last one's becomes NumPy's.

    Parameters
    ----------
    serial : int
        Address of the serial kernel.
    state_address, threshold, x, bits, operands, out
        As for the serial kernel.
    first, stride : int
        Elements that the first thread takes, and that each other takes: multiples of 312 and of 64.
    jumps : ndarray of uint16, shape (n, 27, 32, 5)
        From `jump_polynomials.jumps_over`.
    jump_address : int
        From `mt19937_jump.jump_address`; any number where there are no jumps.
    """
    state, start = state_at(state_address), np.empty(N + 1, np.uint32)
    copy_state(state, start)
    for part in numba.prange(parts_of(x.size, first, stride)):
        own_state = np.empty(N + 1, np.uint32)
        copy_state(start, own_state)
        begin, end = jump_to_part(own_state, x.size, part, first, stride, jumps, jump_address)
        own_operands = operands_of_share(operands, begin, end)
        arguments = (address_of(own_state, 0), threshold, x[begin:end], bits[begin // 8 :], own_operands, out[begin:end])
        call_compiled(serial, arguments)
        if end == x.size:
            copy_state(own_state, state)


@tiny_helper
def parts_of(size, first, stride):
    """Number of strides that have elements."""
    return 1 + (max(0, size - first) + stride - 1) // stride


@tiny_helper
def copy_state(state, copy):
    """Copy the block and the position in it."""
    copy_block(state, copy)
    copy[N] = state[N]


@helper
def jump_to_part(block, size, part, first, stride, jumps, jump_address):
    """Move a block to the stride of that number, by one or two jumps; returns where the stride begins and ends."""
    begin, end = np.intp(0), min(size, first)
    if part > 0:
        other = np.intp(part) - 1
        low, high = other % DIRECT_JUMPS, other // DIRECT_JUMPS
        digits = DIGITS_PER_JUMP * low
        call_compiled(jump_address, (address_of(block, 0), address_of(jumps, digits)))
        if high > 0:
            digits = DIGITS_PER_JUMP * (DIRECT_JUMPS - 1 + high)
            call_compiled(jump_address, (address_of(block, 0), address_of(jumps, digits)))
        begin = first + other * stride
        end = min(size, begin + stride)
    return begin, end


@helper
def draw_and_apply(epilogue, write, note, state, threshold, x, bits, operands, out):
    """Draw bits and apply the epilogue to all of x, and advance the state.

    Groups are aligned to the vectors of `out`, so that bits are used in the registers in which they are drawn. Of the first group
    only the last few draws, if any, are for x; the others come from words without a meaning, and are shifted out. `note` may
    write other bits over those that were drawn.
    """
    rings, comparison, end = stack_array(np.uint32, RING_WORDS), comparison_of(threshold), x.size
    unaligned = elements_to_alignment(out, 0)
    aligned, front = start_rings(rings, state, np.intp(state[N]) + WORDS_PER_DRAW * unaligned)
    place, previous, pending = (aligned - GROUP, front), np.uint64(0), NONE_PENDING
    for done in range(-GROUP, end, GROUP):
        lanes, place = draw_group(rings, place, comparison)
        word = word_of(lanes)
        if done >= 0:
            store_group_bits(bits, done, min(GROUP, end - done), shifted_in(previous, word, unaligned))
            if done == 0:
                count = min(unaligned, end)
                result = apply_part(epilogue, x, bits, FIRST, operands, out, FIRST, count)
                pending = note(bits, FIRST, (result, result, result, result), count, pending)
            i = done + unaligned
            if i + GROUP <= end:
                results = apply_group_by_registers(epilogue, write, x, lanes, operands, out, i)
            else:
                results = apply_rest_by_registers(epilogue, x, lanes, operands, out, i, end - i)
            pending = note(bits, i, results, min(GROUP, end - i), pending)
        previous = word
    save_state(rings, aligned - unaligned, place[1], end, state)


@tiny_helper
def shifted_in(previous, word, count):
    """The upper `count` bits (less than 64) of the previous word, followed by the lower bits of this word."""
    return previous >> np.uint64(1) >> np.uint64(GROUP - 1 - count) | word << np.uint64(count)
