"""Keep bits from NumPy's own global stream: ``np.random.rand(*shape) < p``, one bit an element."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import config

from . import runtime
from .kernels.mt19937 import draw_bits

#: What the kernels read of a mask at a time.
LEAST_BYTES = 4

#: Types of p that NumPy compares with float64 as Python does.
_PLAIN_NUMBERS = (float, int)


def draw_keep_bits(shape: tuple[int, ...], p: Any) -> npt.NDArray[np.uint8]:
    """Draw from `np.random`, leaving it as ``np.random.rand(*shape)`` would.

    Parameters
    ----------
    shape : tuple of int
    p : int, float or NumPy number in (0, 1]
        Probability of a set bit.

    Returns
    -------
    ndarray of uint8, shape (max(4, ceil(prod(shape) / 8)),)
        Bit ``i % 8`` of element ``i // 8`` belongs to the i-th element in C order.

    Notes
    -----
    The kernel knows MT19937, the legacy global generator. Another one, put in place with
    `np.random.set_bit_generator`, is asked through NumPy, and so is a `p` whose type changes how
    NumPy compares (float32, say).
    """
    bit_generator = np.random.get_bit_generator()  # type: ignore[attr-defined]  # documented, not in NumPy's stubs
    by_numpy = type(bit_generator) is not np.random.MT19937 or not isinstance(p, _PLAIN_NUMBERS)
    if by_numpy or config.DISABLE_JIT:  # type: ignore[attr-defined]  # set at run time
        packed = np.packbits(np.ravel(np.random.rand(*shape) < p), bitorder="little")
        return np.pad(packed, (0, max(0, LEAST_BYTES - packed.size)))
    count = math.prod(shape)
    bits = np.zeros(LEAST_BYTES, np.uint8) if count <= 8 * LEAST_BYTES else np.empty((count + 7) // 8, np.uint8)
    # A draw is an integer below 2**53 divided by 2**53, both exact, and so is the product here.
    threshold = math.ceil(p * 2**53)
    runtime.let_forks_pass()
    with bit_generator.lock:
        draw_bits(bit_generator.ctypes.state_address, count, threshold, bits)
    return bits
