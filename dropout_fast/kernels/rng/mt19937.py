"""NumPy's MT19937 by vectors, in the order of its draws.

The generator (Matsumoto and Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed
uniform pseudo-random number generator", ACM TOMACS 8(1), 1998) is the recurrence
``word[k + 624] = word[k + 397] ^ (upper bit of word[k], lower bits of word[k + 1]) A``. NumPy keeps a block of 624 words and
a position in it.

A draw takes two words, and the second hardly ever matters. So first words and second words lie in a ring buffer each, and
vectors of either are read in the order in which they are drawn. Counted in draws, a new first word depends on the first and the
second word 312 back and the second word 114 back; a new second word on the second word 312 back and the first words 311 and
113 back.
"""

import numba
import numpy as np

from ..options import helper, tiny_helper
from ..simd.memory import load, pointer_to_uint32, store
from ..simd.vectors import GROUP, LANES, deinterleave, interleave, select_scalars

N = 624  # words of state
M = 397  # distance of the middle word
MATRIX_A = np.uint32(0x9908B0DF)  # the companion matrix's last row
UPPER_MASK = np.uint32(0x80000000)
LOWER_MASK = np.uint32(0x7FFFFFFF)
TEMPERING_B = np.uint32(0x9D2C5680)
TEMPERING_C = np.uint32(0xEFC60000)

#: random_sample makes a float64 of two words.
WORDS_PER_DRAW = 2
DRAWS_PER_BLOCK = N // WORDS_PER_DRAW

#: Draws whose words a ring holds, a power of two: those that the recurrence and NumPy's state need, and some ahead.
RING_SIZE = 512
RING_MASK = RING_SIZE - 1

#: Index of the ring of second words: behind the first words and a repetition of their first sixteen, for vectors that wrap.
SECOND_RING = RING_SIZE + LANES

#: Words of both rings together.
RING_WORDS = 2 * SECOND_RING


@helper
def state_at(address):
    """NumPy's state as an array: 624 words and the position among them."""
    return numba.carray(pointer_to_uint32(address), N + 1)


@helper
def copy_block(block, copy):
    """Copy the 624 words at the front of one array to the front of another."""
    for k in range(0, N, LANES):
        store(copy, k, load(block, k))


@helper
def start_rings(rings, block, position):
    """Fill the rings from a block so that the word at `position` is the first of a draw and of a vector.

    The position may lie behind the block. Returns two places in the stream, counted in draws from the rings' start, multiples of
    sixteen: the draw at `position`, and the first draw whose words are still to be computed.
    """
    origin = -position & (WORDS_PER_DRAW * LANES - 1)
    for k in range(0, N, WORDS_PER_DRAW * LANES):
        low, high = load(block, k), load(block, min(k + LANES, N - LANES))
        store(rings, index_of(origin + k), deinterleave(low, high, 0))
        store(rings, index_of(origin + k + 1), deinterleave(low, high, 1))
    # From here on vectors are whole; words that the block holds are computed to what they are.
    first, second = DRAWS_PER_BLOCK + (origin + 1) // 2, DRAWS_PER_BLOCK + origin // 2
    store(rings, first, next_first_words(rings, first))
    store(rings, SECOND_RING + second, next_second_words(rings, second))
    return (origin + position) // WORDS_PER_DRAW, first + LANES - 1 & -LANES


@tiny_helper
def index_of(word):
    """Index in the rings of the word with that number, counted from their start."""
    return (word & 1) * SECOND_RING + (word >> 1 & RING_MASK)


@helper
def twist(rings, front):
    """Compute the words of 64 draws from `front` on; returns the place behind them.

    The words read are at least 227 behind the new ones, so none is still on its way to memory.
    """
    for draw in range(front, front + GROUP, LANES):
        first, second = next_first_words(rings, draw), next_second_words(rings, draw)
        store(rings, draw & RING_MASK, first)
        store(rings, SECOND_RING + (draw & RING_MASK), second)
    if (front + GROUP - LANES & RING_MASK) < GROUP:  # the rings' first vectors are new: repeat them behind the end
        store(rings, RING_SIZE, load(rings, 0))
        store(rings, SECOND_RING + RING_SIZE, load(rings, SECOND_RING))
    return front + GROUP


@tiny_helper
def next_first_words(rings, draw):
    """Compute the first words of sixteen draws from `draw` on."""
    old, middle = draw - DRAWS_PER_BLOCK & RING_MASK, draw - (N - M + 1) // 2 & RING_MASK
    return recur(load(rings, old), load(rings, SECOND_RING + old), load(rings, SECOND_RING + middle))


@tiny_helper
def next_second_words(rings, draw):
    """Compute the second words of sixteen draws from `draw` on."""
    old, following, middle = (
        draw - DRAWS_PER_BLOCK & RING_MASK,
        draw - DRAWS_PER_BLOCK + 1 & RING_MASK,
        draw - (N - M) // 2 & RING_MASK,
    )
    return recur(load(rings, SECOND_RING + old), load(rings, following), load(rings, middle))


@tiny_helper
def recur(word, following, middle):
    """The recurrence, on vectors of words 624, 623 and 227 before the new ones."""
    joined = (word & UPPER_MASK) | (following & LOWER_MASK)
    return middle ^ (joined >> np.uint32(1)) ^ select_scalars((following & np.uint32(1)) == np.uint32(1), MATRIX_A, np.uint32(0))


@helper
def save_state(rings, start, front, draws, state):
    """Advance NumPy's state by `draws` from `start`, where it is now; `front` as `start_rings` and `twist` return it."""
    position = np.intp(state[N])
    origin = WORDS_PER_DRAW * start - position
    position += WORDS_PER_DRAW * draws
    # NumPy twists when the next word is asked for, not when the last one is taken.
    skipped = max(position - 1, 0) // N * N
    while WORDS_PER_DRAW * front < origin + skipped + N:
        front = twist(rings, front)
    for k in range(0, N, LANES):
        word = origin + skipped + k
        store(state, k, interleave(load(rings, index_of(word)), load(rings, index_of(word + 1))))
    state[N] = position - skipped


@helper
def temper(word):
    """The output function, on vectors."""
    word = temper_upper(word, np.uint32(0))
    return word ^ (word >> np.uint32(18))


@helper
def temper_upper(word, turned):
    """The output function, of which only the upper 18 bits are right, with some of its bits turned over: see `turned_early`."""
    word = word ^ (word >> np.uint32(11)) ^ turned
    word = word ^ ((word << np.uint32(7)) & TEMPERING_B)
    return word ^ ((word << np.uint32(15)) & TEMPERING_C)


def turned_early(bits: int) -> np.uint32:
    """What turns over these bits of the output, combined with a word after the first step of the tempering.

    There a processor with AVX-512 combines three words in one instruction.
    """
    for shift, mask in ((15, int(TEMPERING_C)), (7, int(TEMPERING_B))):
        before = bits
        for _ in range(-(-32 // shift)):  # each round makes so many lower bits more right
            before = bits ^ (before << shift & mask)
        bits = before
    return np.uint32(bits)
