"""Keep bits from NumPy's own global stream: ``np.random.rand(*shape) < p``, one bit an element."""

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import config

from . import runtime
from .kernels import numpy_dropout
from .kernels.numpy_draws import draw_bits
from .numpy_product import PLAIN_NUMBERS, exact, scale_of
from .numpy_strides import strides

Array = npt.NDArray[Any]
Bits = npt.NDArray[np.uint8]
Kernel = Callable[..., None]

#: What the kernels read of a mask at a time; they write eight bytes.
LEAST_BYTES = 4

#: Looked up once, not in each call of 3 us: 0.1 us.
_get_bit_generator = np.random.get_bit_generator  # type: ignore[attr-defined]  # documented, not in NumPy's stubs
_MT19937 = np.random.MT19937
_UINT8 = np.dtype(np.uint8)

#: A draw is an integer below this divided by it, both exact, and so is the product with p.
DRAWS = 2**53


def in_strides(kernel: Kernel) -> Kernel:
    """A parallel kernel as a function of what the serial one takes, and of the number of threads."""

    def run(state_address: int, x: Array, bits: Bits, threshold: int, scale: float, out: Array, threads: int) -> None:
        kernel(state_address, x, bits, threshold, scale, out, *strides(x.size, threads))

    run.__name__ = kernel.__name__
    return run


def _of_dtype(name: str, serial: Any, parallel: Any, streaming: Any) -> tuple[Kernel, ...]:
    return serial[name], in_strides(parallel[name]), in_strides(streaming[name])


_PRODUCT = (
    numpy_dropout.numpy_dropout_serial,
    numpy_dropout.numpy_dropout_parallel,
    numpy_dropout.numpy_dropout_streaming,
)
_PRODUCT_IN_FLOAT64 = (
    numpy_dropout.numpy_dropout_in_float64_serial,
    numpy_dropout.numpy_dropout_in_float64_parallel,
    numpy_dropout.numpy_dropout_in_float64_streaming,
)
_FLOAT64 = _of_dtype("float64", *_PRODUCT)

#: The kernels by dtype: where the scale is a number of that dtype, and where it is not.
KERNELS: dict[np.dtype[Any], tuple[tuple[Kernel, ...], tuple[Kernel, ...]]] = {
    np.dtype(np.float32): (_of_dtype("float32", *_PRODUCT), _of_dtype("float32", *_PRODUCT_IN_FLOAT64)),
    np.dtype(np.float64): (_FLOAT64, _FLOAT64),
}


def draw_and_scale(x: Array, p: Any, scaled: bool, out: Array) -> Bits | None:
    """Draw as `draw_keep_bits` does, and multiply meanwhile; returns the bits. x is not empty.

    None if no kernel can: then nothing is drawn.
    """
    bit_generator = _get_bit_generator()
    plan = _plan(x.dtype, float(p), scaled) if is_known(bit_generator, p) else None
    if plan is None:
        return None
    kernels, threshold, scale = plan
    bits = empty_bits(x.size)
    runtime.let_forks_pass()
    with bit_generator.lock:
        address = bit_generator.ctypes.state_address
        runtime.run(kernels, x.nbytes, out is x, (address, x.ravel(), bits, threshold, scale, out.ravel()))
    return bits


@functools.lru_cache(maxsize=64)
def _plan(dtype: np.dtype[Any], p: float, scaled: bool) -> tuple[tuple[Kernel, ...], int, float] | None:
    """Kernels, threshold and scale for arrays of that dtype, None if no kernel takes them."""
    if dtype not in KERNELS:
        return None
    scale = scale_of(p, scaled)
    return exact(KERNELS[dtype], scale), threshold_of(p), scale


def is_known(bit_generator: Any, p: Any) -> bool:
    """Whether kernels draw as NumPy does: from MT19937, and with a `p` that it compares with as Python does."""
    compiles = not config.DISABLE_JIT  # type: ignore[attr-defined]  # set at run time
    return compiles and type(bit_generator) is _MT19937 and isinstance(p, PLAIN_NUMBERS)


def threshold_of(p: float) -> int:
    """What a draw is compared with, as an integer."""
    return math.ceil(p * DRAWS)


def empty_bits(count: int) -> Bits:
    """Room for that many bits, for the kernels to fill, in words of 64."""
    return np.empty((count + 63) // 64 * 8 or 8, _UINT8)


def draw_keep_bits(shape: tuple[int, ...], p: Any) -> npt.NDArray[np.uint8]:
    """Draw from `np.random`, leaving it as ``np.random.rand(*shape)`` would.

    Parameters
    ----------
    shape : tuple of int
    p : int, float or NumPy number in (0, 1]
        Probability of a set bit.

    Returns
    -------
    ndarray of uint8, shape (at least max(4, ceil(prod(shape) / 8)),)
        Bit ``i % 8`` of element ``i // 8`` belongs to the i-th element in C order.

    Notes
    -----
    The kernel knows MT19937, the legacy global generator. Another one, put in place with
    `np.random.set_bit_generator`, is asked through NumPy, and so is a `p` whose type changes how
    NumPy compares (float32, say).
    """
    bit_generator = _get_bit_generator()
    if not is_known(bit_generator, p):
        packed = np.packbits(np.ravel(np.random.rand(*shape) < p), bitorder="little")
        return np.pad(packed, (0, max(0, LEAST_BYTES - packed.size)))
    count = math.prod(shape)
    bits = empty_bits(count)
    runtime.let_forks_pass()
    with bit_generator.lock:
        draw_bits(bit_generator.ctypes.state_address, count, threshold_of(p), bits)
    return bits
