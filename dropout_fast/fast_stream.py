"""Engine fast: which kernel draws and scales an array, by its dtype, its size and where the result goes."""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from . import runtime
from .checks import is_bfloat16
from .kernels import dropout, masked_scale
from .kernels.bernoulli import BLOCK
from .kernels.dropout import BLOCK_BYTES

Bits = npt.NDArray[np.uint8]
Array = npt.NDArray[Any]

#: In the place of bits that are not kept.
NO_BITS: Bits = np.empty(0, np.uint8)


#: What the keep bits are a function of, with an element's index: seed, step, offset, keep_prob. A plain tuple is made
#: in 10 ns, a named one in 0.2 us.
Key = tuple[int, int, int, float]


class Kernels(NamedTuple):
    """The kernels of one dtype, and the dtype as which they take arrays: Numba knows no half formats."""

    draw_and_scale: tuple[Any, Any, Any]
    scale: tuple[Any, Any, Any]
    view: type[Any] | None


def _kernels(name: str, view: type[Any] | None = None) -> Kernels:
    return Kernels(
        (dropout.dropout_serial[name], dropout.dropout_parallel[name], dropout.dropout_streaming[name]),
        (masked_scale.drop_serial[name], masked_scale.drop_parallel[name], masked_scale.drop_streaming[name]),
        view,
    )


#: By dtype. Those of bfloat16 stand under its name, as NumPy has no such dtype of its own.
KERNELS: dict[Any, Kernels] = {
    np.dtype(np.float32): _kernels("float32"),
    np.dtype(np.float64): _kernels("float64"),
    np.dtype(np.float16): _kernels("float16", np.int16),
    "bfloat16": _kernels("bfloat16", np.uint16),
}


def kernels_for(dtype: np.dtype[Any]) -> Kernels | None:
    """The kernels for arrays of that dtype, None if it has none."""
    kernels = KERNELS.get(dtype)
    return KERNELS["bfloat16"] if kernels is None and is_bfloat16(dtype) else kernels


def empty_bits(size: int, offset: int) -> Bits:
    """Room for the keep bits of that many elements: of whole blocks of 512 absolute indices."""
    return np.empty((offset % BLOCK + size + BLOCK - 1) // BLOCK * BLOCK_BYTES, np.uint8)


def draw_and_scale(kernels: Kernels, x: Array, key: Key, scaled: bool, out: Array, stores: bool) -> Bits | None:
    """Write x, divided by keep_prob if `scaled`, where it is kept, and +0 elsewhere, to `out`.

    Returns the keep bits if `stores`, else None.
    """
    seed, step, offset, keep_prob = key
    bits = empty_bits(x.size, offset) if stores else NO_BITS
    flat, flat_out = x.ravel(), out.ravel()  # views; half as dear as by reshape
    if kernels.view is not None:
        flat, flat_out = flat.view(kernels.view), flat_out.view(kernels.view)
    scale = 1.0 / keep_prob if scaled and keep_prob else 1.0
    # The kernels take 64 bits of either sign: one type for all counters, so one compilation.
    seed = seed if seed < 2**63 else seed - 2**64
    step = step if step < 2**63 else step - 2**64
    arguments = (flat, bits, seed, step, offset, keep_prob, scale, flat_out)
    runtime.run(kernels.draw_and_scale, x.nbytes, out is x, arguments)
    return bits if stores else None


def scale_by_bits(kernels: Kernels, x: Array, bits: Bits, key: Key, scaled: bool, out: Array) -> None:
    """The same by bits that `draw_and_scale` has drawn."""
    _, _, offset, keep_prob = key
    flat, flat_out = x.ravel(), out.ravel()
    if kernels.view is not None:
        flat, flat_out = flat.view(kernels.view), flat_out.view(kernels.view)
    scale = 1.0 / keep_prob if scaled and keep_prob else 1.0
    runtime.run(kernels.scale, x.nbytes, out is x, (flat, bits, offset % BLOCK, scale, flat_out))


def draw(key: Key, shape: tuple[int, ...]) -> Bits:
    """The keep bits alone."""
    seed, step, offset, keep_prob = key
    bits = empty_bits(math.prod(shape), offset)
    dropout.draw_bits(bits, _signed(seed), _signed(step), offset, keep_prob)
    return bits


def _signed(counter: int) -> int:
    """The same 64 bits as the kernels take them: one type for all, so one compilation."""
    return counter if counter < 2**63 else counter - 2**64
