"""xoshiro256++ in eight lanes: 512 random bits a step.

D. Blackman, S. Vigna, "Scrambled Linear Pseudorandom Number Generators", ACM TOMS 47(4) (2021). Each
lane is a generator of its own, started at a state that Threefry makes of (seed, step, chunk, lane).
"""

import numpy as np

from .compiling import helper, tiny_helper
from .threefry import threefry
from .vectors import LANES_OF_UINT64, count_from, rotate_left, spread


@tiny_helper
def start_lanes(seed, step, chunk):
    """State of the eight lanes at the beginning of a chunk: four vectors of uint64."""
    s0, s1 = threefry(spread(chunk), count_from(np.uint64(0)), seed, step)
    s2, s3 = threefry(spread(chunk), count_from(np.uint64(LANES_OF_UINT64)), seed, step)
    return s0, s1, s2, s3


@helper
def next_word(state):
    """512 random bits, and the state after them."""
    s0, s1, s2, s3 = state
    word = rotate_left(s0 + s3, np.uint64(23)) + s0
    shifted = s1 << np.uint64(17)
    s2 = s2 ^ s0
    s3 = s3 ^ s1
    s1 = s1 ^ s2
    s0 = s0 ^ s3
    s2 = s2 ^ shifted
    s3 = rotate_left(s3, np.uint64(45))
    return word, (s0, s1, s2, s3)
