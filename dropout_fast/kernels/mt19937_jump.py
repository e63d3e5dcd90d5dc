"""MT19937 jumped ahead: the state many blocks on, without the words between.

Each bit of the words obeys one linear recurrence, whose characteristic polynomial has degree 19,937. So
``word[e + k]`` is the sum (the exclusive or) of those ``word[i + k]`` whose ``t**i`` is in ``t**e`` modulo that polynomial.
The polynomials are made by ``dropout_fast.numpy_strides``.
"""

import numpy as np

from .compiling import helper
from .memory import load, load_long, store
from .mt19937 import M, N, recur
from .vectors import LANES

DEGREE = 19937

#: Blocks that hold the words that the sum is over, the one before them included.
WINDOW = 1 + (DEGREE + N + N - 1) // N

#: A state's words, at any of sixteen places in a vector.
SPAN = N + LANES

#: Lanes added up in registers at a time.
LONG = SPAN // 5


@helper
def jump(words, terms):
    """Replace the block at the front of `words` by a later one.

    Parameters
    ----------
    words : ndarray of uint32
    terms : ndarray of uint16, shape (16, n)
        ``terms[r, 1:1 + terms[r, 0]]`` are the m for which ``t**(16 * m + r)`` is in the polynomial: so all
        that is added up in the inner loop lies in whole vectors.
    """
    window = np.empty(WINDOW * N + 64, np.uint32)
    window[:N] = words[:N]
    # Of the block as it stands, the recurrence does not hold: the lower bits of its first word count for nothing.
    for k in range(0, N * (WINDOW - 1), LANES):
        store(window, N + k, recur(load(window, k), load(window, k + 1), load(window, k + M)))
    partial = np.empty(SPAN, np.uint32)
    words[:N] = 0
    for r in range(LANES):
        for start in range(0, SPAN, LONG):
            total = load_long(window, N + start, LONG)
            total = total ^ total
            for i in range(1, 1 + terms[r, 0]):
                total = total ^ load_long(window, N + start + LANES * np.intp(terms[r, i]), LONG)
            store(partial, start, total)
        for k in range(0, N, LANES):
            store(words, k, load(words, k) ^ load(partial, k + r))
