"""Keep bits of exact probability from few random bits: 512 elements at a time.

A uniform number of 64 bits is below the threshold ``keep_prob * 2**64`` or not. The two are compared bit by bit
from the top, by one random word of 512 bits for the bit in question of 512 elements. The comparison
ends where the threshold has no further set bit (nothing undecided can be below it then), and else
after eight words or more, once all elements are decided: ten words on average. keep_prob 1/2 takes one word, 1/4 two.
"""

import numpy as np

from .compiling import helper, tiny_helper
from .vectors import any_bit, spread
from .xoshiro import next_word

#: Elements whose bits come from one word at a time.
BLOCK = 512

#: Elements served by one start of the generator; threads share whole ones, so that no two need the same.
CHUNK = 32768

#: Blocks in a chunk.
BLOCKS = CHUNK // BLOCK

#: Words taken before the first look at what is undecided: fewer would be enough once in 56 blocks only.
SURE_WORDS = 8

NONE = np.uint64(0)
ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
ONE = np.uint64(1)
TOP = np.uint64(63)


@tiny_helper
def threshold_of(keep_prob):
    """The threshold, and what keep bits are to be inverted by: 2**64, of keep_prob 1, is no uint64."""
    if keep_prob >= 1.0:
        return NONE, ALL
    return np.uint64(keep_prob * 2.0**64), NONE


@helper
def draw_block(state, threshold):
    """512 keep bits as a vector of uint64, and the generator's state after them."""
    comparison = (state, threshold, spread(NONE), spread(ALL))
    for _ in range(SURE_WORDS):
        comparison = compare_one_bit(comparison)
    return finish(comparison)


@helper
def compare_one_bit(comparison):
    """Compare one more bit, if the threshold has one.

    A comparison: the generator's state, the threshold's bits to come, elements kept, elements undecided.
    """
    state, threshold, kept, undecided = comparison
    if threshold != NONE:
        word, state = next_word(state)
        if threshold >> TOP:
            kept = kept | (undecided & (word ^ ALL))
            undecided = undecided & word
        else:
            undecided = undecided & (word ^ ALL)
        threshold = threshold << ONE
    return state, threshold, kept, undecided


@tiny_helper
def finish(comparison):
    """Compare until all is decided; returns the keep bits and the generator's state."""
    while comparison[1] != NONE and any_bit(comparison[3]):
        comparison = compare_one_bit(comparison)
    return comparison[2], comparison[0]
