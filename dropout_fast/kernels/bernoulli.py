"""Keep bits of exact probability from few random bits: 512 elements at a time.

A uniform number of 64 bits is below the threshold ``keep_prob * 2**64`` or not. The two are compared bit by bit
from the top: one random word of 512 bits holds the bit in question of 512 elements. The comparison
ends where the threshold has no further set bit (no undecided element can be below it then), or else
once all elements are decided, after eight words or more: ten on average. keep_prob 1/2 takes one word, 1/4 two.
"""

import numpy as np

from .options import helper, tiny_helper
from .rng.xoshiro import next_word
from .simd.vectors import any_bit_set, splat_uint64

#: Elements of a block, whose bits come from one random word at a time.
BLOCK = 512
BLOCK_BYTES = BLOCK // 8

#: Elements of a chunk, for which the generator is started once.
CHUNK = 32768

BLOCKS_PER_CHUNK = CHUNK // BLOCK

#: Words drawn before the first check whether an element is undecided: fewer would do for one block in 56 only.
SURE_WORDS = 8

NONE_SET = np.uint64(0)
ALL_SET = np.uint64(0xFFFFFFFFFFFFFFFF)
ONE = np.uint64(1)
TOP = np.uint64(63)


@tiny_helper
def threshold_of(keep_prob):
    """The threshold, and a mask that inverts the keep bits: the threshold of keep_prob 1, 2**64, does not fit a uint64."""
    if keep_prob >= 1.0:
        return NONE_SET, ALL_SET
    return np.uint64(keep_prob * 2.0**64), NONE_SET


@helper
def draw_block(state, threshold):
    """Draw 512 keep bits as a vector of uint64; returns them and the new state of the generator."""
    comparison = (state, threshold, splat_uint64(NONE_SET), splat_uint64(ALL_SET))
    for _ in range(SURE_WORDS):
        comparison = compare_one_bit(comparison)
    return finish_comparison(comparison)


@helper
def compare_one_bit(comparison):
    """Compare one more bit, if the threshold has one left.

    A comparison is a tuple: the generator's state, the remaining bits of the threshold, elements kept, elements undecided.
    """
    state, threshold, kept, undecided = comparison
    if threshold != NONE_SET:
        word, state = next_word(state)
        if threshold >> TOP:
            kept = kept | (undecided & (word ^ ALL_SET))
            undecided = undecided & word
        else:
            undecided = undecided & (word ^ ALL_SET)
        threshold = threshold << ONE
    return state, threshold, kept, undecided


@tiny_helper
def finish_comparison(comparison):
    """Compare until all elements are decided; returns the keep bits and the generator's state."""
    while comparison[1] != NONE_SET and any_bit_set(comparison[3]):
        comparison = compare_one_bit(comparison)
    return comparison[2], comparison[0]
