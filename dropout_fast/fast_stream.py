"""Engine fast: which kernel draws and scales an array, by its dtype, its size and where the result goes."""

import functools
import math
from pathlib import Path
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

#: Bytes of cache assumed where the system does not tell.
USUAL_CACHE = 2**25


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


#: By the dtype's name, as NumPy has no bfloat16 of its own.
KERNELS = {
    "float32": _kernels("float32"),
    "float64": _kernels("float64"),
    "float16": _kernels("float16", np.int16),
    "bfloat16": _kernels("bfloat16", np.uint16),
}
_BY_DTYPE = {np.dtype(name): kernels for name, kernels in KERNELS.items() if name != "bfloat16"}


def kernels_for(dtype: np.dtype[Any]) -> Kernels | None:
    """The kernels for arrays of that dtype, None if it has none."""
    kernels = _BY_DTYPE.get(dtype)
    return KERNELS["bfloat16"] if kernels is None and is_bfloat16(dtype) else kernels


def empty_bits(size: int, offset: int) -> Bits:
    """Room for the keep bits of that many elements: of whole blocks of 512 absolute indices."""
    return np.empty((offset % BLOCK + size + BLOCK - 1) // BLOCK * BLOCK_BYTES, np.uint8) if size else NO_BITS


def draw_and_scale(kernels: Kernels, x: Array, bits: Bits, key: Key, scale: float, out: Array) -> None:
    """Draw the keep bits, into `bits` if it is not empty, and write ``x * scale`` or +0 to `out`."""
    seed, step, offset, keep_prob = key
    _run(kernels.draw_and_scale, kernels.view, x, out, bits, _signed(seed), _signed(step), offset, keep_prob, scale)


def scale_by_bits(kernels: Kernels, x: Array, bits: Bits, offset: int, scale: float, out: Array) -> None:
    """Write ``x * scale`` or +0 to `out`, by bits from `draw_and_scale`."""
    _run(kernels.scale, kernels.view, x, out, bits, offset % BLOCK, scale)


def draw(key: Key, shape: tuple[int, ...]) -> Bits:
    """The keep bits alone."""
    seed, step, offset, keep_prob = key
    bits = empty_bits(math.prod(shape), offset)
    dropout.draw_bits(bits, _signed(seed), _signed(step), offset, keep_prob)
    return bits


def _run(kernels: tuple[Any, Any, Any], view: type[Any] | None, x: Array, out: Array, *arguments: Any) -> None:
    """Choose between the three kernels; all write the same."""
    serial, parallel, streaming = kernels
    nbytes = x.nbytes
    # In place, the caches hold what is to be overwritten; past them nothing is won.
    if nbytes >= runtime.PARALLEL_FROM and out is not x and nbytes > last_level_cache():
        parallel = streaming
    x_flat = x.ravel()  # a view; half as dear as reshape
    out_flat = x_flat if out is x else out.ravel()
    if view is not None:
        x_flat, out_flat = x_flat.view(view), out_flat.view(view)
    runtime.run(serial, parallel, nbytes, x_flat, *arguments, out_flat)


def _signed(counter: int) -> int:
    """The same 64 bits as the kernels take them: one type for all, so one compilation."""
    return counter if counter < 2**63 else counter - 2**64


@functools.cache
def last_level_cache() -> int:
    """Bytes of this machine's largest cache."""
    units = {"K": 2**10, "M": 2**20}
    sizes = []
    for file in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size"):
        text = file.read_text().strip()
        sizes.append(int(text[:-1]) * units[text[-1]] if text[-1] in units else int(text))
    return max(sizes, default=USUAL_CACHE)
