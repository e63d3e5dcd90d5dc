"""Where several threads start in one MT19937 stream: the strides, and the polynomials that jump over them.

Jumping ``e`` words ahead is multiplying by ``t**e`` modulo the characteristic polynomial (H. Haramoto, M. Matsumoto,
T. Nishimura, F. Panneton, P. L'Ecuyer, "Efficient Jump Ahead for F2-Linear Random Number Generators", INFORMS
Journal on Computing 20(3), 2008). A polynomial over GF(2) is an int here, its coefficients the bits.
"""

import functools

import numpy as np
import numpy.typing as npt

from .kernels.mt19937 import MATRIX_A, WORDS_A_DRAW, M, N
from .kernels.mt19937_jump import DEGREE
from .kernels.vectors import LANES

DRAWS_A_BLOCK = N // WORDS_A_DRAW

#: Blocks that a thread draws and scales in the time of one jump (124 us, 2 cores of an AMD EPYC virtual machine).
BLOCKS_A_JUMP = 900

#: Strides are rounded up to so many binary places, for fewer polynomials: each takes some 15 ms, once a process.
PLACES = 4

Jumps = npt.NDArray[np.uint16]


def strides(size: int, threads: int) -> tuple[int, Jumps]:
    """Share the draws of an array out among threads.

    Returns
    -------
    stride : int
        Draws that one thread makes, whole blocks; so that a later block is one of NumPy's as well.
    jumps : ndarray of uint16, shape (n, 16, m)
        For jumps over 1, 2, 4, ... strides, as many as the last stride needs, the terms of `kernels.mt19937_jump.jump`.
    """
    blocks = -(-size // DRAWS_A_BLOCK)
    # All threads but the first jump before they draw.
    blocks_a_stride = _rounded_up(-(-(blocks + (threads - 1) * BLOCKS_A_JUMP) // threads))
    last = (blocks - 1) // blocks_a_stride
    return blocks_a_stride * DRAWS_A_BLOCK, _jumps(blocks_a_stride, last.bit_length())


def _rounded_up(blocks: int) -> int:
    unit = 1 << max(3, blocks.bit_length() - PLACES)
    return -(-blocks // unit) * unit


@functools.lru_cache(maxsize=64)
def _jumps(blocks: int, count: int) -> Jumps:
    """The terms of jumps over that many blocks, twice as many, and so on."""
    jumps = np.zeros((count, LANES, DEGREE // LANES + 2), np.uint16)
    for power in range(count):
        # The kernel multiplies the block that follows.
        exponents = _exponents(_power_of_t(N * ((blocks << power) - 1)))
        for r in range(LANES):
            terms = exponents[exponents % LANES == r] // LANES
            jumps[power, r, 0] = terms.size
            jumps[power, r, 1 : 1 + terms.size] = terms
    return jumps


def _exponents(polynomial: int) -> npt.NDArray[np.intp]:
    return np.flatnonzero([bit == "1" for bit in reversed(f"{polynomial:b}")])


def _power_of_t(exponent: int) -> int:
    """``t**exponent`` modulo the characteristic polynomial."""
    result = 1
    for bit in f"{exponent:b}":
        result = int(f"{result:b}", base=4)  # squared: over GF(2) a square has a zero between any two coefficients
        result = _reduced(result << int(bit))
    return result


def _reduced(polynomial: int) -> int:
    while excess := polynomial >> DEGREE:
        polynomial ^= excess << DEGREE ^ _times_tail(excess)
    return polynomial


def _times_tail(factor: int) -> int:
    """`factor` times the characteristic polynomial without its first term, ``t**19937``.

    With a_j for the bits of `MATRIX_A`, lowest first, the polynomial is ``u v**31 + a_0 u v**30 + ... + a_30 u + a_31`` for
    ``u = t**624 + t**397`` and ``v = t**623 + t**396`` (Matsumoto and Nishimura, appendix A); ``u v**31`` is
    ``t**19937 + t**12673``, as it is ``t**19937 (1 + t**-227)**32``.
    """
    *others, last = (int(MATRIX_A) >> j & 1 for j in range(32))
    total = 0
    for a in others:
        total = total << N - 1 ^ total << M - 1 ^ factor * a
    return factor << DEGREE - 32 * (N - M) ^ total << N ^ total << M ^ factor * last
