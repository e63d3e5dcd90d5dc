"""Products of a Hankel matrix of words and columns of bits: the word at row k and column i depends on k + i alone.

Sums are the exclusive or. Cut in four, such a matrix has the same two blocks off its diagonal. So three products of half the
size suffice, as in A. Karatsuba, Yu. Ofman, "Multiplication of Multidigit Numbers on Automata", Soviet Physics Doklady 7,
1963:

    [a b] [x]   [(a + b) x + b (x + y)]
    [b c] [y] = [b (x + y) + (b + c) y]

Cut three times, a matrix of 640 rows becomes 27 matrices of 80 rows. They are multiplied by means of tables: a table holds
all sums of four neighbouring columns (V. L. Arlazarov et al., "On Economical Construction of the Transitive Closure of an
Oriented Graph", Soviet Mathematics Doklady 11, 1970), so one load serves four bits.
"""

import numpy as np

from ..options import helper, tiny_helper
from ..simd.memory import elements_to_alignment, load, load_wide, store
from ..simd.vectors import LANES, elements_from

#: How many times a matrix is cut in four.
HALVINGS = 3
PARTS = 1 << HALVINGS
PRODUCTS = 3**HALVINGS

#: Rows of a smallest matrix. With one cut less, a quarter more is loaded; with one more, as much is loaded from three times
#: as many tables.
SMALL = 5 * LANES
ROWS = SMALL << HALVINGS

#: Digits of sixteen bits that a smallest matrix is multiplied by.
DIGITS = SMALL // LANES

#: Columns that a table sums up, and the words of each sum: twice the rows, so that it serves at every vector of the matrix.
BITS = 4
SUM = 2 * SMALL


@tiny_helper
def allocate_words(count):
    """Allocate that many words, aligned to a cache line: a load that straddles two lines costs double."""
    words = np.empty(count + LANES, np.uint32)
    return words[elements_to_alignment(words, 0) :]


@helper
def multiply(words, digits, columns):
    """Multiply the matrix ``words[k + i]`` by columns of 640 bits.

    Parameters
    ----------
    words : ndarray of uint32, shape (1296,)
        Words after the first 1,279 are read and have no effect.
    digits : ndarray of uint16, shape (27 * columns * 5,)
        What each smallest matrix and column is multiplied by, in sixteen bits each, lowest first.
    columns : int

    Returns
    -------
    ndarray of uint32, shape (27 * columns * 80,)
        The smallest products, by column and then matrix; `add_product` adds them up.
    """
    for halving in range(HALVINGS):
        words = cut_in_four(words, 3**halving, ROWS >> halving)
    table = allocate_words(SUM << BITS)
    products = allocate_words(PRODUCTS * columns * SMALL)
    for i in range(PRODUCTS):
        tabulate(words, i * (SUM + LANES), table)
        for column in range(columns):
            multiply_small(table, digits, (i * columns + column) * DIGITS, products, (column * PRODUCTS + i) * SMALL)
    return products


@helper
def cut_in_four(words, count, rows):
    """Compute ``a + b``, b and ``b + c`` of each of `count` matrices."""
    half, length = rows // 2, rows + LANES
    parts = allocate_words(3 * count * length)
    for i in range(count):
        start, target = i * (2 * rows + LANES), 3 * i * length
        for k in range(0, length, LANES):
            a, b, c = load(words, start + k), load(words, start + half + k), load(words, start + rows + k)
            store(parts, target + k, a ^ b)
            store(parts, target + length + k, b)
            store(parts, target + 2 * length + k, b ^ c)
    return parts


@helper
def tabulate(words, start, table):
    """Fill the table: its e-th sum adds up those of the first four columns whose bits are set in e."""
    for k in range(0, SUM, LANES):
        zero = load(words, start)
        store(table, k, zero ^ zero)
        for column in range(BITS):
            column_words = load(words, start + k + column)
            for e in range(1 << column):
                store(table, SUM * (e + (1 << column)) + k, load(table, SUM * e + k) ^ column_words)


@helper
def multiply_small(table, digits, first, products, start):
    """Multiply a smallest matrix: the highest four bits of all digits, four rows further the next four bits, and so on."""
    # Written out: LLVM then sees that the last step's sixth vector is unused. As a loop it was 9 % slower.
    zero = load(table, 0)
    total = plus_sums((zero, zero, zero, zero, zero, zero), table, digits, first, np.intp(12))
    total = plus_sums(shifted_by_four(total), table, digits, first, np.intp(8))
    total = plus_sums(shifted_by_four(total), table, digits, first, np.intp(4))
    a, b, c, d, e, _ = plus_sums(shifted_by_four(total), table, digits, first, np.intp(0))
    store(products, start, a)
    store(products, start + LANES, b)
    store(products, start + 2 * LANES, c)
    store(products, start + 3 * LANES, d)
    store(products, start + 4 * LANES, e)


@tiny_helper
def shifted_by_four(total):
    """Six concatenated vectors from their fifth word on; the last four words have no meaning."""
    a, b, c, d, e, f = total
    return (
        elements_from(a, b, BITS),
        elements_from(b, c, BITS),
        elements_from(c, d, BITS),
        elements_from(d, e, BITS),
        elements_from(e, f, BITS),
        elements_from(f, f, BITS),
    )


@helper
def plus_sums(total, table, digits, first, shift):
    """Six concatenated vectors plus, for each digit, the table's sum for four of its bits; each sum starts one vector later."""
    a, b, c, d, e, f = total
    for i in range(DIGITS):
        start = SUM * (np.intp(digits[first + i]) >> shift & ((1 << BITS) - 1)) + LANES * i
        a = a ^ load(table, start)
        b = b ^ load(table, start + LANES)
        c = c ^ load(table, start + 2 * LANES)
        d = d ^ load(table, start + 3 * LANES)
        e = e ^ load(table, start + 4 * LANES)
        f = f ^ load(table, start + 5 * LANES)
    return a, b, c, d, e, f


@helper
def add_product(products, column, words, start, out):
    """Write to ``out[:640]`` the words from ``words[start]`` on plus the product with that column."""
    for part in range(PARTS):
        total = load_wide(words, start + SMALL * part, SMALL)
        for corner in range(PARTS):
            i = in_base_3(part) + in_base_3(corner)
            total = total ^ load_wide(products, (column * PRODUCTS + i) * SMALL, SMALL)
        store(out, SMALL * part, total)


@tiny_helper
def in_base_3(part):
    """The number whose digits in base 3 are the bits of `part`."""
    return (part >> 2) * 9 + (part >> 1 & 1) * 3 + (part & 1)
