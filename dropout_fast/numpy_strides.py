"""Where several threads start in one MT19937 stream: the strides, and the polynomials that jump over them.

Jumping ``e`` words ahead is multiplying by ``t**e`` modulo the characteristic polynomial (H. Haramoto, M. Matsumoto,
T. Nishimura, F. Panneton, P. L'Ecuyer, "Efficient Jump Ahead for F2-Linear Random Number Generators", INFORMS
Journal on Computing 20(3), 2008). A polynomial over GF(2) is an int here, its coefficients the bits.
"""

import functools

import numpy as np
import numpy.typing as npt

from .kernels.hankel import HALVINGS, ROWS
from .kernels.mt19937 import MATRIX_A, WORDS_A_DRAW, M, N
from .kernels.mt19937_jump import COLUMNS, DEGREE
from .kernels.vectors import LANES

DRAWS_A_BLOCK = N // WORDS_A_DRAW

#: Blocks that a thread draws and scales in the time of one jump: 40 us in a loop, 45 in a call, where a block takes 0.13 us
#: (2 cores of an AMD EPYC virtual machine).
BLOCKS_A_JUMP = 340

#: Strides are rounded up to so many binary places, for fewer polynomials: each new stride takes 6 to 14 ms, once a process.
PLACES = 5

Jumps = npt.NDArray[np.uint16]


def strides(size: int, threads: int) -> tuple[int, Jumps]:
    """Share the draws of an array out among threads.

    Returns
    -------
    stride : int
        Draws that one thread makes, whole blocks; so that a later block is one of NumPy's as well.
    jumps : ndarray of uint16, shape (n, 27, 32, 5)
        For jumps over 1, 2, 4, ... strides, as many as the last stride needs, the digits of `kernels.mt19937_jump.jump`.
    """
    blocks = -(-size // DRAWS_A_BLOCK)
    # All threads but the first jump before they draw.
    blocks_a_stride = _rounded_up(-(-(blocks + (threads - 1) * BLOCKS_A_JUMP) // threads))
    last = (blocks - 1) // blocks_a_stride
    return blocks_a_stride * DRAWS_A_BLOCK, _jumps(blocks_a_stride, last.bit_length())


def _rounded_up(blocks: int) -> int:
    unit = 1 << max(0, blocks.bit_length() - PLACES)
    return -(-blocks // unit) * unit


@functools.lru_cache(maxsize=64)
def _jumps(blocks: int, count: int) -> Jumps:
    """The digits of jumps over that many blocks, twice as many, and so on."""
    jumps = np.empty((count, 3**HALVINGS, COLUMNS, ROWS // LANES >> HALVINGS), np.uint16)
    power = _power_of_t(N * blocks) if count else 0
    for i in range(count):
        # The kernel multiplies the block that follows.
        jumps[i] = _digits(_divided_by_block(power))
        power = _squared(power)
    return jumps


def _digits(polynomial: int) -> npt.NDArray[np.uint16]:
    """A polynomial as `kernels.hankel.multiply` takes its columns: lower half, sum of both, upper half, three times over."""
    digits = np.frombuffer(polynomial.to_bytes(COLUMNS * ROWS // 8, "little"), "<u2").reshape(1, COLUMNS, -1)
    for _ in range(HALVINGS):
        low, high = np.split(digits, 2, axis=-1)
        digits = np.stack((low, low ^ high, high), axis=1).reshape(-1, *low.shape[1:])
    return digits


def _power_of_t(exponent: int) -> int:
    """``t**exponent`` modulo the characteristic polynomial."""
    result = 1
    for bit in f"{exponent:b}":
        result = _reduced(_squared(result) << int(bit))
    return result


def _squared(polynomial: int) -> int:
    """The square modulo the characteristic polynomial: over GF(2) it has a zero between any two coefficients."""
    return _reduced(int(f"{polynomial:b}", base=4))


def _divided_by_block(polynomial: int) -> int:
    """Divide by ``t**624``, modulo the characteristic polynomial, whose second lowest term is ``t**1189``."""
    low = polynomial & (1 << N) - 1
    return (polynomial ^ low << DEGREE ^ _times_tail(low)) >> N


def _reduced(polynomial: int) -> int:
    # The tail's degree is 623 less: so many coefficients of a product go at once, and more would only come back.
    while (excess := polynomial.bit_length() - DEGREE) > 0:
        rest = max(0, excess - (N - 1))
        factor = polynomial >> DEGREE + rest
        polynomial ^= (factor << DEGREE ^ _times_tail(factor)) << rest
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
