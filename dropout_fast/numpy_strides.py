"""Where several threads start in one MT19937 stream: the strides, and the polynomials that jump over them.

Jumping ``e`` words ahead is multiplying by ``t**e`` modulo the characteristic polynomial (H. Haramoto, M. Matsumoto,
T. Nishimura, F. Panneton, P. L'Ecuyer, "Efficient Jump Ahead for F2-Linear Random Number Generators", INFORMS
Journal on Computing 20(3), 2008). A polynomial over GF(2) is an int here, its coefficients the bits.
"""

import functools

import numpy as np
import numpy.typing as npt

from .kernels.hankel import HALVINGS, ROWS
from .kernels.mt19937 import DRAWS_A_BLOCK, MATRIX_A, M, N
from .kernels.mt19937_jump import COLUMNS, DEGREE, ONE_JUMP
from .kernels.vectors import LANES

#: Draws of a stride are a multiple of the bits in a word, so that no two threads write to one word of bits.
BLOCKS_AT_A_TIME = 8

#: Blocks that a thread draws and scales in the time of one jump: 45 us, where a block takes 0.09 us (2 cores of an AMD EPYC
#: virtual machine).
BLOCKS_A_JUMP = 480

#: Strides are rounded up to so many binary places, for fewer polynomials: those of a new stride take 6 to 13 ms on two
#: threads, 50 to 60 on sixteen, once a process.
PLACES = 5

Jumps = npt.NDArray[np.uint16]


def strides(size: int, threads: int) -> tuple[int, int, Jumps]:
    """Share the draws of an array out among threads.

    Returns
    -------
    first, stride : int
        Draws that the first thread makes, and that each other makes: whole blocks, so that a later block is one of NumPy's too.
    jumps : ndarray of uint16, shape (n, 27, 32, 5)
        Digits for `kernels.mt19937_jump.jump`, to the strides of the sixteen threads after the first, and then over 16, 32, ...
        strides; as many as are needed.
    """
    first, stride, others = shares(size, threads)
    return first * DRAWS_A_BLOCK, stride * DRAWS_A_BLOCK, _jumps(first, stride, others)


def shares(size: int, threads: int) -> tuple[int, int, int]:
    """Blocks that the first thread draws, and each other, and how many others there are.

    The first thread draws more, as it does not jump. For less than half a jump's time no other jumps, which takes 335 KB.
    """
    blocks = -(-size // DRAWS_A_BLOCK)
    stride = _rounded_up(max(1, BLOCKS_A_JUMP // 2, -(-(blocks - BLOCKS_A_JUMP) // threads)))
    first = stride + BLOCKS_A_JUMP
    return first, stride, max(0, -(-(blocks - first) // stride))


def _rounded_up(blocks: int) -> int:
    unit = max(BLOCKS_AT_A_TIME, 1 << blocks.bit_length() >> PLACES)
    return -(-blocks // unit) * unit


@functools.lru_cache(maxsize=64)
def _jumps(first: int, stride: int, others: int) -> Jumps:
    """The digits of jumps to that many strides behind the first."""
    over_many = ONE_JUMP * stride
    powers = _progression(first, stride, min(others, ONE_JUMP)) + _progression(over_many, over_many, (others - 1) // ONE_JUMP)
    jumps = np.empty((len(powers), 3**HALVINGS, COLUMNS, ROWS // LANES >> HALVINGS), np.uint16)
    for i, power in enumerate(powers):
        # The kernel multiplies the block that follows.
        jumps[i] = _digits(_divided_by_block(power))
    return jumps


def _progression(first: int, step: int, count: int) -> list[int]:
    """So many powers of t: over that many blocks, and over `step` blocks more each."""
    powers = [_power_of_t(N * first)] if count > 0 else []
    multiples = _multiples(_power_of_t(N * step)) if count > 1 else []
    while len(powers) < count:
        powers.append(_product(powers[-1], multiples))
    return powers


def _multiples(polynomial: int) -> list[int]:
    """Its products with the polynomials of eight coefficients."""
    multiples = [0]
    for place in range(8):
        multiples += [multiple ^ polynomial << place for multiple in multiples]
    return multiples


def _product(polynomial: int, multiples: list[int]) -> int:
    """The product with the polynomial of those `_multiples`, modulo the characteristic polynomial."""
    product = 0
    for octet in polynomial.to_bytes(DEGREE // 8 + 1, "big"):
        product = product << 8 ^ multiples[octet]
    return _reduced(product)


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
        squared = int(f"{result:b}", base=4)  # over GF(2) a square has a zero between any two coefficients
        result = _reduced(squared << int(bit))
    return result


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
