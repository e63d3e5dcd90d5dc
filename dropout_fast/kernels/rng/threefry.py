"""Threefry2x64-20: two random words as a function of a counter and a key, without a state.

J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC11 (2011).
"""

import numpy as np

from ..options import helper
from ..simd.vectors import rotate_left

ROUNDS = 20
ROTATIONS = tuple(np.uint64(bits) for bits in (16, 42, 12, 31, 16, 32, 24, 21))
PARITY = np.uint64(0x1BD11BDAA9FC1A22)  # of the key schedule, as in Skein 1.3


@helper
def threefry(x0, x1, key0, key1):
    """Encrypt eight counters (two vectors of uint64) by one key (two uint64)."""
    keys = (key0, key1, PARITY ^ key0 ^ key1)
    x0, x1 = x0 + key0, x1 + key1
    for r in range(ROUNDS):
        x0 = x0 + x1
        x1 = rotate_left(x1, ROTATIONS[r % 8]) ^ x0
        if r % 4 == 3:
            injection = r // 4 + 1
            x0 = x0 + keys[injection % 3]
            x1 = x1 + (keys[(injection + 1) % 3] + np.uint64(injection))
    return x0, x1
