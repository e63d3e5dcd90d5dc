"""NumPy's MT19937 by vectors, in the order of its draws.

The generator (Matsumoto and Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed
uniform pseudo-random number generator", ACM TOMACS 8(1), 1998) is the recurrence
``word[k + 624] = word[k + 397] ^ (upper bit of word[k], lower bits of word[k + 1]) A``. NumPy keeps a block of 624 words and
a position among them.

A draw takes two words, of which the second hardly ever counts. So first words lie in one ring and second words in another, and
vectors of either are read as they are drawn. In draws, a new first word is made of the first and the second word 312 back and
the second word 114 back; a new second word of the second word 312 back and the first words 311 and 113 back.
"""

import numba
import numpy as np

from .compiling import helper, tiny_helper
from .memory import load, pointer_to_uint32, store
from .vectors import GROUP, LANES, alternate, every_second, select

N = 624  # words of state
M = 397  # distance of the middle word
MATRIX_A = np.uint32(0x9908B0DF)  # the companion matrix's last row
UPPER_MASK = np.uint32(0x80000000)
LOWER_MASK = np.uint32(0x7FFFFFFF)
TEMPERING_B = np.uint32(0x9D2C5680)
TEMPERING_C = np.uint32(0xEFC60000)

#: random_sample makes a float64 of two words.
WORDS_A_DRAW = 2
DRAWS_A_BLOCK = N // WORDS_A_DRAW

#: Draws whose words are kept at a time, a power of two: those that the recurrence and NumPy's state need, and some ahead.
RING = 512
AROUND = RING - 1

#: Where the second words start: behind the first words, and sixteen of these once more, for vectors that go around.
SECOND = RING + LANES

#: Words of both rings.
WORDS = 2 * SECOND


@helper
def state_at(address):
    """NumPy's state as an array: 624 words and the position among them."""
    return numba.carray(pointer_to_uint32(address), N + 1)


@helper
def copy_block(block, copy):
    """Copy a block's words from the front of one array to that of another."""
    for k in range(0, N, LANES):
        store(copy, k, load(block, k))


@helper
def start_rings(rings, block, position):
    """Lay a block into rings so that the word at `position` is the first of a draw and of a vector.

    The position may be a draw's that is still to come. Returns the place in the stream, in draws from the rings' start: the
    one at `position`, and the first whose words are still to be computed; multiples of sixteen.
    """
    origin = -position & (WORDS_A_DRAW * LANES - 1)
    for k in range(0, N, WORDS_A_DRAW * LANES):
        low, high = load(block, k), load(block, min(k + LANES, N - LANES))
        store(rings, index_of(origin + k), every_second(low, high, 0))
        store(rings, index_of(origin + k + 1), every_second(low, high, 1))
    # From here on vectors are whole; what the block has already comes out as it is.
    first, second = DRAWS_A_BLOCK + (origin + 1) // 2, DRAWS_A_BLOCK + origin // 2
    store(rings, first, next_first_words(rings, first))
    store(rings, SECOND + second, next_second_words(rings, second))
    return (origin + position) // WORDS_A_DRAW, first + LANES - 1 & -LANES


@tiny_helper
def index_of(word):
    """Where the rings have the word of that number, counted from their start."""
    return (word & 1) * SECOND + (word >> 1 & AROUND)


@helper
def twist(rings, front):
    """Compute the words of 64 draws from `front` on; returns the place behind them.

    The last words that are read are 227 behind the new ones: none of these, nor such as the processor is still writing.
    """
    for draw in range(front, front + GROUP, LANES):
        first, second = next_first_words(rings, draw), next_second_words(rings, draw)
        store(rings, draw & AROUND, first)
        store(rings, SECOND + (draw & AROUND), second)
    if (front + GROUP - LANES & AROUND) < GROUP:  # the rings' first vectors are among them: once more behind the last
        store(rings, RING, load(rings, 0))
        store(rings, SECOND + RING, load(rings, SECOND))
    return front + GROUP


@tiny_helper
def next_first_words(rings, draw):
    """First words of sixteen draws from `draw` on."""
    old, middle = draw - DRAWS_A_BLOCK & AROUND, draw - (N - M + 1) // 2 & AROUND
    return recur(load(rings, old), load(rings, SECOND + old), load(rings, SECOND + middle))


@tiny_helper
def next_second_words(rings, draw):
    """Second words of sixteen draws from `draw` on."""
    old, following, middle = draw - DRAWS_A_BLOCK & AROUND, draw - DRAWS_A_BLOCK + 1 & AROUND, draw - (N - M) // 2 & AROUND
    return recur(load(rings, SECOND + old), load(rings, following), load(rings, middle))


@tiny_helper
def recur(word, following, middle):
    """The recurrence, on vectors of words 624, 623 and 227 before the new ones."""
    joined = (word & UPPER_MASK) | (following & LOWER_MASK)
    return middle ^ (joined >> np.uint32(1)) ^ select((following & np.uint32(1)) == np.uint32(1), MATRIX_A, np.uint32(0))


@helper
def save_state(rings, start, front, draws, state):
    """Leave NumPy's state behind so many draws from `start`, where it is now; `front` as `start_rings` and `twist` return it."""
    position = np.intp(state[N])
    origin = WORDS_A_DRAW * start - position
    position += WORDS_A_DRAW * draws
    # NumPy twists when the next word is asked for, not when the last one is taken.
    skipped = max(position - 1, 0) // N * N
    while WORDS_A_DRAW * front < origin + skipped + N:
        front = twist(rings, front)
    for k in range(0, N, LANES):
        word = origin + skipped + k
        store(state, k, alternate(load(rings, index_of(word)), load(rings, index_of(word + 1))))
    state[N] = position - skipped


@helper
def temper(word):
    """The output function, on vectors."""
    word = temper_upper(word)
    return word ^ (word >> np.uint32(18))


@helper
def temper_upper(word):
    """Its upper 18 bits alone."""
    word = word ^ (word >> np.uint32(11))
    word = word ^ ((word << np.uint32(7)) & TEMPERING_B)
    return word ^ ((word << np.uint32(15)) & TEMPERING_C)
