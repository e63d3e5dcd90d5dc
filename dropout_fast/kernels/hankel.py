"""Products of a square matrix of words and columns of bits, where the word at row k and column i depends on k + i alone.

Such a matrix (Hankel's) cut in four has the same two blocks off the diagonal, and so three products of half the size do,
as in A. Karatsuba, Yu. Ofman, "Multiplication of Multidigit Numbers on Automata", Soviet Physics Doklady 7, 1963; a sum is
the exclusive or:

    [a b] [x]   [(a + b) x + b (x + y)]
    [b c] [y] = [b (x + y) + (b + c) y]

Three times over, a matrix of 640 rows leaves 27 of 80. They are multiplied by way of tables of the sums of any of four
neighbouring columns (V. L. Arlazarov et al., "On Economical Construction of the Transitive Closure of an Oriented
Graph", Soviet Mathematics Doklady 11, 1970): one load for four bits.
"""

import numpy as np

from .compiling import helper, tiny_helper
from .memory import elements_to_alignment, load, load_long, store
from .vectors import LANES, elements_from

#: Times that a matrix is cut in four.
HALVINGS = 3
PARTS = 1 << HALVINGS
PRODUCTS = 3**HALVINGS

#: Rows of a smallest matrix. Cut in four once less, a quarter more is loaded; once more, as much, from three times the tables.
SMALL = 5 * LANES
ROWS = SMALL << HALVINGS

#: Columns summed in a table, and the words of each sum: two matrices long, so that it serves from any vector on.
BITS = 4
SUM = 2 * SMALL


@tiny_helper
def allocate_words(count):
    """Room for that many words from the start of a cache line on: loads that straddle two cost double."""
    words = np.empty(count + LANES, np.uint32)
    return words[elements_to_alignment(words, 0) :]


@helper
def multiply(words, digits):
    """Multiply the matrix ``words[k + i]`` by columns of 640 bits.

    Parameters
    ----------
    words : ndarray of uint32, shape (1296,)
        Those past the first 1,279 are read and count for nothing.
    digits : ndarray of uint16, shape (27, n, 5)
        For each smallest matrix and column, what it is multiplied by, sixteen bits each, lowest first.

    Returns
    -------
    ndarray of uint32, shape (27 * n * 80,)
        The smallest products, by column and then matrix; `add_product` adds them up.
    """
    columns = digits.shape[1]
    for halving in range(HALVINGS):
        words = cut_in_four(words, 3**halving, ROWS >> halving)
    table = allocate_words(SUM << BITS)
    products = allocate_words(PRODUCTS * columns * SMALL)
    for i in range(PRODUCTS):
        tabulate(words, i * (SUM + LANES), table)
        for column in range(columns):
            multiply_small(table, digits[i, column], products, (column * PRODUCTS + i) * SMALL)
    return products


@helper
def cut_in_four(words, count, rows):
    """``a + b``, b and ``b + c`` of each of that many matrices."""
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
    """Make the e-th sum that of those of the first four columns whose bits are in e."""
    for k in range(0, SUM, LANES):
        zero = load(words, start)
        store(table, k, zero ^ zero)
        for column in range(BITS):
            column_words = load(words, start + k + column)
            for e in range(1 << column):
                store(table, SUM * (e + (1 << column)) + k, load(table, SUM * e + k) ^ column_words)


@helper
def multiply_small(table, digits, products, start):
    """A product by a smallest matrix: the highest four bits of all digits, and four rows on, and the next four bits."""
    # In full, without a loop: LLVM then sees that the last step's sixth vector is not needed. As a loop, 9 % slower.
    zero = load(table, 0)
    total = plus_sums((zero, zero, zero, zero, zero, zero), table, digits, np.intp(12))
    total = plus_sums(moved(total), table, digits, np.intp(8))
    total = plus_sums(moved(total), table, digits, np.intp(4))
    a, b, c, d, e, _ = plus_sums(moved(total), table, digits, np.intp(0))
    store(products, start, a)
    store(products, start + LANES, b)
    store(products, start + 2 * LANES, c)
    store(products, start + 3 * LANES, d)
    store(products, start + 4 * LANES, e)


@tiny_helper
def moved(total):
    """Six vectors end to end from the fifth word on; the last four words mean nothing."""
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
def plus_sums(total, table, digits, shift):
    """Six vectors end to end plus the sums that four bits of the digits stand for, each a vector after the one before."""
    a, b, c, d, e, f = total
    for i in range(SMALL // LANES):
        start = SUM * (np.intp(digits[i]) >> shift & ((1 << BITS) - 1)) + LANES * i
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
        total = load_long(words, start + SMALL * part, SMALL)
        for corner in range(PARTS):
            i = in_base_3(part) + in_base_3(corner)
            total = total ^ load_long(products, (column * PRODUCTS + i) * SMALL, SMALL)
        store(out, SMALL * part, total)


@tiny_helper
def in_base_3(part):
    """The number whose digits in base 3 are a part's bits."""
    return (part >> 2) * 9 + (part >> 1 & 1) * 3 + (part & 1)
