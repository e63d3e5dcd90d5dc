"""MT19937 jumped ahead: the state many blocks later, without the words in between.

Each bit of the words obeys one linear recurrence, whose characteristic polynomial has degree 19,937. So
``word[e + k]`` is the sum (the exclusive or) of those ``word[i + k]`` for which ``t**i`` is a term of ``t**e`` modulo that
polynomial. ``jump_polynomials`` computes these polynomials.

640 such sums, over 640 neighbouring i, are one product with the matrix ``word[i + k]``. One matrix serves all, by Horner's
rule in ``t**640``.
"""

import functools

import numba

from ..factory import make_callback
from ..options import tiny_helper
from ..simd.memory import load, pointer_to_uint16, pointer_to_uint32, store
from ..simd.vectors import LANES
from .hankel import DIGITS, PRODUCTS, ROWS, add_product, allocate_words, multiply
from .mt19937 import M, N, copy_block, recur

DEGREE = 19937

#: How many threads have a polynomial of their own. Further threads jump twice: a polynomial for each would take too long.
DIRECT_JUMPS = 16

#: How many products with the matrix a jump takes.
COLUMNS = -(-DEGREE // ROWS)

#: Digits of sixteen bits that a polynomial takes.
DIGITS_PER_JUMP = PRODUCTS * COLUMNS * DIGITS


def _jump(words_address, digits_address):
    """Replace the block of 624 words at an address by a later one.

    Parameters
    ----------
    words_address : int
    digits_address : int
        Of the polynomial's coefficients, as `hankel.multiply` takes them: uint16, shape (27, 32, 5).
    """
    words = numba.carray(pointer_to_uint32(words_address), N)
    digits = numba.carray(pointer_to_uint16(digits_address), DIGITS_PER_JUMP)
    products = multiply(words_of_matrix(words), digits, COLUMNS)
    total = allocate_words(2 * ROWS)
    total[:ROWS] = 0
    for column in range(COLUMNS - 1, -1, -1):
        for k in range(0, ROWS, LANES):
            store(total, ROWS + k, next_vector(total, ROWS - N + k))
        add_product(products, column, total, ROWS, total)
    copy_block(total, words)


@functools.cache
def jump_address() -> int:
    """Address of `_jump` as machine code, which kernels call by `simd.memory.call_address`.

    Compiled once for all kernels, when the first of them needs it. As a part of each kernel it took 3 to 4 s more to compile in
    each.
    """
    return make_callback(_jump, "void(uintp, uintp)", "mt19937_jump")


@tiny_helper
def words_of_matrix(words):
    """The words of the following block, and those after it.

    The recurrence does not hold for the block itself: the lower bits of its first word have no effect.
    """
    stream = allocate_words(N + 2 * ROWS + LANES)
    copy_block(words, stream)
    for k in range(0, 2 * ROWS + LANES, LANES):
        store(stream, N + k, next_vector(stream, k))
    return stream[N:]


@tiny_helper
def next_vector(words, k):
    """The sixteen words that come 624 after those from ``words[k]`` on."""
    return recur(load(words, k), load(words, k + 1), load(words, k + M))
