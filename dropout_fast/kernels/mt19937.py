"""NumPy's MT19937 by vectors: the keep bits that ``np.random.rand(count) < p`` would give.

The generator (Matsumoto and Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed
uniform pseudo-random number generator", ACM TOMACS 8(1), 1998) is the recurrence
``word[k + 624] = word[k + 397] ^ (upper bit of word[k], lower bits of word[k + 1]) A``. NumPy keeps
624 words and a position among them; here several such blocks stand one behind the other in one
buffer, where the recurrence is a plain loop without wrap-around.
"""

import numba
import numpy as np

from .compiling import helper, kernel, tiny_helper
from .memory import load, pointer_to_uint32, store, store_bits
from .vectors import LANES, elements_from, even_elements, select, to_bits

N = 624  # words of state
M = 397  # distance of the middle word
MATRIX_A = np.uint32(0x9908B0DF)  # the companion matrix's last row
UPPER_MASK = np.uint32(0x80000000)
LOWER_MASK = np.uint32(0x7FFFFFFF)
TEMPERING_B = np.uint32(0x9D2C5680)
TEMPERING_C = np.uint32(0xEFC60000)

#: Blocks twisted at a time: with the block before them they fill 22 KiB of the first-level cache.
BLOCKS = 8

#: random_sample makes a float64 of two words: the upper 27 bits of one, the upper 26 of the next.
WORDS_A_DRAW = 2
BITS_OF_SECOND = 26

CACHE_LINE = 64  # bytes


@kernel()
def draw_bits(state_address, count, threshold, bits):
    """Draw ``count`` keep bits, as ``random_sample(count) * 2**53 < threshold``, and move the state on.

    Parameters
    ----------
    state_address : int
        Address of NumPy's ``{uint32 key[624]; int pos}``, whose lock the caller holds.
    count : int
        How many elements.
    threshold : int
        ``ceil(p * 2**53)``: a draw below it keeps its element.
    bits : ndarray of uint8
        Written: bit ``i % 8`` of ``bits[i // 8]`` is element i's; bits past ``count`` are 0.
    """
    state = state_at(state_address)
    words = allocate_blocks(BLOCKS + 1)
    copy_block(state, 0, words, 0)
    place = (np.intp(state[N]), N)
    done = 0
    while done < count:
        place, draws = next_draws(words, place, count - done)
        compare(words, place[0], draws, threshold, bits, done // 8)
        place = (place[0] + WORDS_A_DRAW * draws, place[1])
        done += draws
    save_state(words, place, state)


@helper
def state_at(address):
    """NumPy's state as an array: 624 words and the position among them."""
    return numba.carray(pointer_to_uint32(address), N + 1)


@helper
def save_state(words, place, state):
    """Leave NumPy's state where the stream has come to."""
    # NumPy twists when the next word is asked for, not when the last one is taken.
    block = max(place[0] - 1, 0) // N
    copy_block(words, N * block, state, 0)
    state[N] = place[0] - N * block


@helper
def next_draws(words, place, most):
    """Have words for the next draws, at most `most`: sixteen or more, a multiple of sixteen, or the last few.

    `place` is the position in `words` and how many words stand there; returns it, and the number of draws.
    """
    position, filled = place
    draws = min(most, LANES)
    if position + WORDS_A_DRAW * draws > filled:
        wanted = position + WORDS_A_DRAW * most
        position -= filled - N
        copy_block(words, filled - N, words, 0)
        filled = twist(words, min(BLOCKS, (wanted - filled + N - 1) // N))
    if draws == LANES:
        draws = min(most, (filled - position) // WORDS_A_DRAW) // LANES * LANES
    return (position, filled), draws


@helper
def allocate_blocks(blocks):
    """Room for that many blocks from the start of a cache line on: stores that straddle two cost double."""
    words = np.empty(N * blocks + LANES + CACHE_LINE // 4, np.uint32)
    offset = (-words.ctypes.data % CACHE_LINE) // 4
    return words[offset:]


@helper
def copy_block(source, start, target, target_start):
    """Copy the block of 624 words at ``source[start]``."""
    for k in range(0, N, LANES):
        store(target, target_start + k, load(source, start + k))


@helper
def twist(words, blocks):
    """Compute the ``blocks`` blocks that follow the first one; returns how many words then stand."""
    # The middle word is N - M = 227 behind the new one: sixteen at a time never read what they write. Whole
    # vectors are read, and what straddles two is put together in registers: half the reads.
    present = load(words, 0)
    middle = load(words, M - M % LANES)
    for k in range(0, N * blocks, LANES):
        coming = load(words, k + LANES)
        middle_coming = load(words, k + M - M % LANES + LANES)
        following = elements_from(present, coming, 1)
        joined = (present & UPPER_MASK) | (following & LOWER_MASK)
        times_a = (joined >> np.uint32(1)) ^ select((following & np.uint32(1)) == np.uint32(1), MATRIX_A, np.uint32(0))
        store(words, N + k, elements_from(middle, middle_coming, 13) ^ times_a)
        present, middle = coming, middle_coming
    return N * (blocks + 1)


@helper
def temper(word):
    """The output function, on one word or on a vector of them."""
    word = word ^ (word >> np.uint32(11))
    word = word ^ ((word << np.uint32(7)) & TEMPERING_B)
    word = word ^ ((word << np.uint32(15)) & TEMPERING_C)
    return word ^ (word >> np.uint32(18))


@helper
def compare(words, position, draws, threshold, bits, octet):
    """Keep bits of the next draws, as many as `next_draws` says, from ``words[position]`` on.

    The first word of a draw decides, unless it ties with the threshold's upper bits: once in 2**27
    draws. Then all are compared again, exactly.
    """
    ties = np.uint16(draws % LANES)
    for draw in range(0, draws // LANES * LANES, LANES):
        ties |= compare_vector(words, position + WORDS_A_DRAW * draw, threshold, bits, octet + draw // 8)
    if ties != 0:
        compare_exactly(words, position, draws, threshold, bits, octet)


@tiny_helper
def compare_vector(words, start, threshold, bits, octet):
    """Keep bits of sixteen draws by the first words alone; returns which of them tie."""
    first = np.uint32(threshold >> BITS_OF_SECOND)
    a = temper(even_elements(load(words, start), load(words, start + LANES))) >> np.uint32(5)
    store_bits(bits, octet, to_bits(a < first))
    return to_bits(a == first)


@helper
def compare_exactly(words, position, draws, threshold, bits, octet):
    """Keep bits of any number of draws, one at a time, by both words of each."""
    for draw in range(draws):
        a = np.uint64(temper(words[position + WORDS_A_DRAW * draw]) >> np.uint32(5))
        b = np.uint64(temper(words[position + WORDS_A_DRAW * draw + 1]) >> np.uint32(6))
        if draw % 8 == 0:
            bits[octet + draw // 8] = 0
        if (a << np.uint64(BITS_OF_SECOND) | b) < np.uint64(threshold):
            bits[octet + draw // 8] |= np.uint8(1 << (draw % 8))
