"""The polynomials over GF(2) with which ``mt19937_jump`` jumps ahead in MT19937's stream.

Jumping ``e`` words ahead is a multiplication by ``t**e`` modulo the characteristic polynomial (H. Haramoto, M. Matsumoto,
T. Nishimura, F. Panneton, P. L'Ecuyer, "Efficient Jump Ahead for F2-Linear Random Number Generators", INFORMS
Journal on Computing 20(3), 2008). Here a polynomial is a Python int whose bits are the coefficients.
"""

import functools

import numpy as np
import numpy.typing as npt

from ..simd.vectors import LANES
from .hankel import HALVINGS, ROWS
from .mt19937 import MATRIX_A, M, N
from .mt19937_jump import COLUMNS, DEGREE, DIRECT_JUMPS

Jumps = npt.NDArray[np.uint16]


@functools.lru_cache(maxsize=64)
def jumps_over(first: int, stride: int, others: int) -> Jumps:
    """Compute the jumps to the strides behind the first.

    Parameters
    ----------
    first, stride : int
        Blocks of 624 words in the first stride, and in each other.
    others : int
        How many strides follow the first.

    Returns
    -------
    ndarray of uint16, shape (n, 27, 32, 5)
        Digits for `mt19937_jump.jump`: for the jumps over `first` blocks and 0 to 15 strides more, and then for those over 16, 32,
        ... strides; as many as are needed.
    """
    over_many = DIRECT_JUMPS * stride
    powers = _progression(first, stride, min(others, DIRECT_JUMPS)) + _progression(
        over_many, over_many, (others - 1) // DIRECT_JUMPS
    )
    jumps = np.empty((len(powers), 3**HALVINGS, COLUMNS, ROWS // LANES >> HALVINGS), np.uint16)
    for i, power in enumerate(powers):
        # The kernel multiplies the words of the following block.
        jumps[i] = _digits(_divided_by_block(power))
    return jumps


def _progression(first: int, step: int, count: int) -> list[int]:
    """Powers of t, `count` of them: the first jumps over `first` blocks, each other over `step` blocks more."""
    powers = [_power_of_t(N * first)] if count > 0 else []
    multiples = _multiples(_power_of_t(N * step)) if count > 1 else []
    while len(powers) < count:
        powers.append(_product(powers[-1], multiples))
    return powers


def _multiples(polynomial: int) -> list[int]:
    """The products of the polynomial with all polynomials of eight coefficients."""
    multiples = [0]
    for place in range(8):
        multiples += [multiple ^ polynomial << place for multiple in multiples]
    return multiples


def _product(polynomial: int, multiples: list[int]) -> int:
    """Multiply by the polynomial whose `_multiples` are given, modulo the characteristic polynomial."""
    product = 0
    for byte in polynomial.to_bytes(DEGREE // 8 + 1, "big"):
        product = product << 8 ^ multiples[byte]
    return _reduced(product)


def _digits(polynomial: int) -> npt.NDArray[np.uint16]:
    """Convert to the columns of `hankel.multiply`: lower half, sum of both halves, upper half, and that three times over."""
    digits = np.frombuffer(polynomial.to_bytes(COLUMNS * ROWS // 8, "little"), "<u2").reshape(1, COLUMNS, -1)
    for _ in range(HALVINGS):
        low, high = np.split(digits, 2, axis=-1)
        digits = np.stack((low, low ^ high, high), axis=1).reshape(-1, *low.shape[1:])
    return digits


def _power_of_t(exponent: int) -> int:
    """``t**exponent`` modulo the characteristic polynomial."""
    result = 1
    for bit in f"{exponent:b}":
        squared = int(f"{result:b}", base=4)  # over GF(2) a square has a zero between any two coefficients
        result = _reduced(squared << int(bit))
    return result


def _divided_by_block(polynomial: int) -> int:
    """Divide by ``t**624`` modulo the characteristic polynomial, whose second lowest term is ``t**1189``."""
    low = polynomial & (1 << N) - 1
    return (polynomial ^ low << DEGREE ^ _times_tail(low)) >> N


def _reduced(polynomial: int) -> int:
    # The tail's degree is 623 less, so 623 coefficients of a product can be cancelled at once; more would come back.
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
