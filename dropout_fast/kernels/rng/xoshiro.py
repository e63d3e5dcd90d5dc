"""xoshiro256++ in eight lanes: 512 random bits a step.

D. Blackman, S. Vigna, "Scrambled Linear Pseudorandom Number Generators", ACM TOMS 47(4) (2021). Each
lane is a generator of its own; Threefry makes its first state from (seed, step, chunk, lane).
"""

import numpy as np

from ..options import helper, tiny_helper
from ..simd.vectors import UINT64_LANES, count_from, rotate_left, splat_uint64
from .threefry import threefry


@tiny_helper
def start_lanes(seed, step, chunk):
    """State of the eight lanes at the start of a chunk: four vectors of uint64."""
    s0, s1 = threefry(splat_uint64(chunk), count_from(np.uint64(0)), seed, step)
    s2, s3 = threefry(splat_uint64(chunk), count_from(np.uint64(UINT64_LANES)), seed, step)
    return s0, s1, s2, s3


@helper
def next_word(state):
    """Draw 512 random bits; returns them and the new state."""
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
