"""The definition of engine fast in plain Python integers: slow, and short enough to be trusted at sight."""

import numpy as np

WORD = 2**64 - 1
ROTATIONS = (16, 42, 12, 31, 16, 32, 24, 21)
CHUNK, BLOCK, LANES = 32768, 512, 8


def rotate_left(word, bits):
    return (word << bits | word >> (64 - bits)) & WORD


def threefry(counter, key):
    keys = (*key, 0x1BD11BDAA9FC1A22 ^ key[0] ^ key[1])
    x0, x1 = (counter[0] + keys[0]) & WORD, (counter[1] + keys[1]) & WORD
    for r in range(20):
        x0 = (x0 + x1) & WORD
        x1 = rotate_left(x1, ROTATIONS[r % 8]) ^ x0
        if r % 4 == 3:
            s = r // 4 + 1
            x0, x1 = (x0 + keys[s % 3]) & WORD, (x1 + keys[(s + 1) % 3] + s) & WORD
    return x0, x1


def xoshiro(state):
    """Return the next output and update `state`, a list of four words."""
    s0, s1, s2, s3 = state
    output = (rotate_left((s0 + s3) & WORD, 23) + s0) & WORD
    t = s1 << 17 & WORD
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= t
    state[:] = s0, s1, s2, rotate_left(s3, 45)
    return output


def block(states, threshold):
    """Draw 512 keep bits as eight words. An element is kept where the first bit that differs is set in the threshold."""
    kept, undecided, words = [0] * LANES, [WORD] * LANES, 0
    while threshold and (words < 8 or any(undecided)):
        for lane, state in enumerate(states):
            word = xoshiro(state)
            if threshold >> 63:
                kept[lane] |= undecided[lane] & ~word
            undecided[lane] &= word if threshold >> 63 else ~word
        threshold = threshold << 1 & WORD
        words += 1
    return kept


def keep_bits(size, keep_prob, seed, step, offset):
    """The keep bits that `dropout` must draw, one bool for each element."""
    if keep_prob == 1 or size == 0:
        return np.ones(size, np.bool_)
    threshold = int(keep_prob * 2**64)
    kept = {}
    for chunk in range(offset // CHUNK, (offset + size - 1) // CHUNK + 1):
        states = [[*threefry((chunk, lane), (seed, step)), *threefry((chunk, lane + LANES), (seed, step))] for lane in range(LANES)]
        for b in range(chunk * CHUNK // BLOCK, min((chunk + 1) * CHUNK, offset + size + BLOCK) // BLOCK):
            kept[b] = block(states, threshold)
    indices = (divmod(offset + i, BLOCK) for i in range(size))
    return np.array([kept[b][e // 64] >> e % 64 & 1 for b, e in indices], np.bool_)
