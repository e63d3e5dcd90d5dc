"""The keep bits of ``np.random.rand(count) < p``, decided by the upper bits of each draw where these suffice.

Those of ``np.random.rand(count) >= r`` are found by the same comparison, with all bits of the draws turned over.
"""

import numpy as np

from ..factory import make_kernel
from ..options import helper, tiny_helper
from ..simd.memory import load, stack_array, store_uint64
from ..simd.vectors import GROUP, LANES, to_bits, word_of
from .mt19937 import RING_MASK, RING_WORDS, SECOND_RING, N, save_state, start_rings, state_at, temper, temper_upper, twist

#: random_sample takes the upper 27 bits of a draw's first word, and the upper 26 of its second.
BITS_OF_FIRST = 27
BITS_OF_SECOND = 26

#: Upper bits that decide nearly all draws: those that the last step of the tempering leaves unchanged.
DECIDING = 18
UNDECIDED = np.uint32(1 << (32 - DECIDING))

#: What draws are combined with where they are compared turned over, and where as they are.
ALL_ONES, NO_ONES = np.uint32(2**32 - 1), np.uint32(0)

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
    lanes, ties = compare(rings, draw, comparison)
    if ties != 0:
        lanes = compare_exactly(rings, draw, comparison)
    return lanes, (draw + GROUP, front)


@helper
def compare(rings, draw, comparison):
    """Decide 64 draws by their upper bits; returns the keep bits, and which draws tie with the limit in these bits."""
    exact_limit, turned = comparison
    limit = np.uint32(min(exact_limit >> (BITS_OF_FIRST + BITS_OF_SECOND - DECIDING), 2**DECIDING - 1) << (32 - DECIDING))
    first, ties = compare_upper(rings, draw, limit, turned)
    second, more_ties = compare_upper(rings, draw + LANES, limit, turned)
    third, still_more = compare_upper(rings, draw + 2 * LANES, limit, turned)
    fourth, last_ties = compare_upper(rings, draw + 3 * LANES, limit, turned)
    return (first, second, third, fourth), ties | more_ties | still_more | last_ties


@tiny_helper
def compare_upper(rings, draw, limit, turned):
    """`compare` for sixteen draws."""
    word = temper_upper(load(rings, draw & RING_MASK)) ^ turned
    return word < limit, to_bits(word - limit < UNDECIDED)


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
