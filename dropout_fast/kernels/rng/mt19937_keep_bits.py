"""The keep bits of ``np.random.rand(count) < p``, decided by the upper bits of each draw where these suffice.

Those of ``np.random.rand(count) >= r`` are found by the same comparison, with all bits of the draws turned over.
"""

import numpy as np

from ..factory import make_kernel
from ..options import helper, tiny_helper
from ..simd.memory import load, stack_array, store_uint64
from ..simd.vectors import GROUP, LANES, signed_greater, signed_less, to_bits, word_of
from .mt19937 import (
    RING_MASK,
    RING_WORDS,
    SECOND_RING,
    N,
    save_state,
    start_rings,
    state_at,
    temper,
    temper_upper,
    turned_early,
    twist,
)

#: random_sample takes the upper 27 bits of a draw's first word, and the upper 26 of its second.
BITS_OF_FIRST = 27
BITS_OF_SECOND = 26

#: Upper bits that decide nearly all draws: those that the last step of the tempering leaves unchanged.
DECIDING = 18
UNDECIDED = (1 << (32 - DECIDING)) - 1

#: What draws are combined with where they are compared turned over, and where as they are.
ALL_ONES, NO_ONES = np.uint32(2**32 - 1), np.uint32(0)

#: The upper bit: with it turned over, unsigned numbers have the order of signed ones, which x86 compares in one instruction.
SIGN = np.uint32(2**31)

#: What turns over the upper bit of a draw, and what all bits but that.
SIGN_TURNED, OTHERS_TURNED = turned_early(2**31), turned_early(2**31 - 1)

#: All lanes, as bits.
ALL_LANES = np.uint16(2**LANES - 1)

#: How far words are computed ahead of the draws: as far as the rings allow. One group less took 3 % longer.
AHEAD = 2 * GROUP - LANES


def _draw_bits(state_address, threshold, count, bits):
    """Draw ``count`` keep bits, and advance the state.

    Parameters
    ----------
    state_address : int
        Address of NumPy's ``{uint32 key[624]; int pos}``, whose lock the caller holds.
    threshold : int
        Which draws keep their elements: see `comparison_of`.
    count : int
        Number of elements.
    bits : ndarray of uint8
        Written, in words of eight bytes: bit ``i % 8`` of ``bits[i // 8]`` is element i's; bits past ``count`` are 0.
    """
    state = state_at(state_address)
    rings = stack_array(np.uint32, RING_WORDS)
    start, front = start_rings(rings, state, np.intp(state[N]))
    place, comparison = (start, front), comparison_of(threshold)
    for done in range(0, count, GROUP):
        lanes, place = draw_group(rings, place, comparison)
        store_group_bits(bits, done, min(GROUP, count - done), word_of(lanes))
    save_state(rings, start, place[1], count, state)


draw_bits = make_kernel(_draw_bits, "mt19937_draw_bits")


@tiny_helper
def comparison_of(threshold):
    """The limit below which draws, as integers of 53 bits, keep their elements, and what their words are combined with before.

    A threshold of 0 or more is the limit. One below 0 is its complement: draws are turned over then, so that those of at least
    ``2**53 - limit`` keep their elements.
    """
    if threshold < 0:
        return ~threshold, ALL_ONES
    return threshold, NO_ONES


@helper
def draw_group(rings, place, comparison):
    """Make the next 64 draws; returns their keep bits as four vectors of booleans, and the place behind them."""
    draw, front = place
    if front < draw + AHEAD:
        front = twist(rings, front)
    lanes, are_decided = compare(rings, draw, comparison)
    if not are_decided:
        lanes = compare_exactly(rings, draw, comparison)
    return lanes, (draw + GROUP, front)


@helper
def compare(rings, draw, comparison):
    """Decide 64 draws by their upper bits; returns the keep bits, and whether no draw ties with the limit in these bits."""
    exact_limit, turned = comparison
    upper = min(exact_limit >> (BITS_OF_FIRST + BITS_OF_SECOND - DECIDING), 2**DECIDING - 1) << (32 - DECIDING)
    limits = np.uint32(upper) ^ SIGN, np.uint32(upper + UNDECIDED) ^ SIGN
    turned = SIGN_TURNED if turned == NO_ONES else OTHERS_TURNED
    first, decided = compare_upper(rings, draw, limits, turned)
    second, second_decided = compare_upper(rings, draw + LANES, limits, turned)
    third, third_decided = compare_upper(rings, draw + 2 * LANES, limits, turned)
    fourth, fourth_decided = compare_upper(rings, draw + 3 * LANES, limits, turned)
    are_decided = to_bits(decided & second_decided & third_decided & fourth_decided) == ALL_LANES
    return (first, second, third, fourth), are_decided


@tiny_helper
def compare_upper(rings, draw, limits, turned):
    """`compare` for sixteen draws: which are below the first limit, and which are not between the two."""
    word = temper_upper(load(rings, draw & RING_MASK), turned)
    below = signed_less(word, limits[0])
    return below, below | signed_greater(word, limits[1])


@helper
def compare_exactly(rings, draw, comparison):
    """Decide 64 draws by all their bits."""
    first = compare_both(rings, draw, comparison)
    second = compare_both(rings, draw + LANES, comparison)
    third = compare_both(rings, draw + 2 * LANES, comparison)
    fourth = compare_both(rings, draw + 3 * LANES, comparison)
    return first, second, third, fourth


@tiny_helper
def compare_both(rings, draw, comparison):
    """`compare_exactly` for sixteen draws."""
    exact_limit, turned = comparison
    limit, second_limit = np.uint32(exact_limit >> BITS_OF_SECOND), np.uint32(exact_limit & (2**BITS_OF_SECOND - 1))
    first = (temper(load(rings, draw & RING_MASK)) ^ turned) >> np.uint32(32 - BITS_OF_FIRST)
    second = (temper(load(rings, SECOND_RING + (draw & RING_MASK))) ^ turned) >> np.uint32(32 - BITS_OF_SECOND)
    return (first < limit) | ((first == limit) & (second < second_limit))


@tiny_helper
def store_group_bits(bits, done, count, word):
    """Write the keep bits of at most 64 elements from `done` on, a multiple of 64, as a whole word."""
    store_uint64(bits, done // 8, word & np.uint64(2**64 - 1) >> np.uint64(GROUP - count))
