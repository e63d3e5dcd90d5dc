"""Masks of engine numpy: NumPy's ``x * mask``, bit for bit."""

from typing import Any

import numpy as np
import numpy.typing as npt

from . import numpy_stream, runtime
from .kernels import masked_scale
from .mask import KeepMask, bits_as_bools, is_plain
from .numpy_product import PLAIN_NUMBERS, exact, scale_of

_FLOAT32 = (masked_scale.multiply_serial["float32"], masked_scale.multiply_parallel["float32"])
_FLOAT32_IN_FLOAT64 = (masked_scale.multiply_in_float64_serial["float32"], masked_scale.multiply_in_float64_parallel["float32"])
_FLOAT64 = (masked_scale.multiply_serial["float64"], masked_scale.multiply_parallel["float64"])

#: The kernels by dtype: where the scale is a float32 number, and where it is not.
KERNELS: dict[np.dtype[Any], Any] = {
    np.dtype(np.float32): (_FLOAT32, _FLOAT32_IN_FLOAT64),
    np.dtype(np.float64): (_FLOAT64, _FLOAT64),
}


def forward(x: npt.NDArray[Any], p: Any, scaled: bool, out: Any, room: npt.NDArray[Any]) -> tuple[Any, "NumpyMask"]:
    """Dropout by arguments that have been checked: in one pass where a kernel can, and into `room`; else draw and then multiply.

    `room` is `out`, or where that is None a new array like `x`.
    """
    if x.ndim and x.size and is_plain(x) and (out is None or out is x or is_plain(out)):
        bits = numpy_stream.draw_and_scale(x, p, scaled, room)
        if bits is not None:
            return room, NumpyMask(bits, x.shape, p, scaled)
    mask = NumpyMask(numpy_stream.draw_keep_bits(x.shape, p), x.shape, p, scaled)
    return mask.multiply(x, out), mask


class NumpyMask(KeepMask):
    """A mask whose bits were drawn from `np.random`.

    Parameters
    ----------
    bits : ndarray of uint8, four bytes or more
        Keep bit of the i-th element in C order at bit ``i % 8`` of ``bits[i // 8]``; kept, not copied.
    shape : tuple of int
    keep_prob : number in (0, 1]
    scaled : bool
        Whether kept elements are divided by `keep_prob`; if not, the mask is one of booleans.
    """

    __slots__ = ("_bits",)

    seed = step = offset = None

    def __init__(self, bits: npt.NDArray[np.uint8], shape: tuple[int, ...], keep_prob: Any, scaled: bool = True) -> None:
        self._bits = bits
        self.shape = shape
        self.keep_prob = keep_prob
        self._scaled = scaled

    @property
    def nbytes(self) -> int:
        """Bytes that the bits take."""
        return self._bits.nbytes

    def _kernels_for(self, dtype: np.dtype[Any]) -> Any:
        # Of a 0-d x the NumPy code's mask is a Python number, which NumPy multiplies by in x's own dtype.
        if self.shape == () or (self._scaled and not isinstance(self.keep_prob, PLAIN_NUMBERS)):
            return None
        return KERNELS.get(dtype)

    def _scale_into(self, target: npt.NDArray[Any], a: npt.NDArray[Any], kernels: Any) -> None:
        scale = scale_of(self.keep_prob, self._scaled)
        runtime.run(exact(kernels, scale), a.nbytes, a is target, (a.ravel(), self._bits, 0, scale, target.ravel()))

    def _multiply_a_copy(self, a: npt.NDArray[Any], out: npt.NDArray[Any] | None) -> Any:
        # What a subclass makes of a product is its own affair.
        return super()._multiply_a_copy(a, out) if type(a) is np.ndarray else self._multiply_by_numpy(a, out)

    def _multiply_by_numpy(self, a: npt.NDArray[Any], out: npt.NDArray[Any] | None) -> Any:
        return multiply_by_numpy(a, self._values(), out)

    def _keeps(self) -> npt.NDArray[np.bool_]:
        return bits_as_bools(self._bits, 0, self.shape)

    def _values(self) -> Any:
        """Of 0-d x a Python number, as `np.random.rand()` is one."""
        if self.shape:
            return super()._values() if self._scaled else self._keeps()
        kept = bool(self._keeps())
        return kept / self.keep_prob if self._scaled else kept

    def __reduce__(self) -> tuple[Any, ...]:
        return NumpyMask, (self._bits, self.shape, self.keep_prob, self._scaled)

    def __repr__(self) -> str:
        return f"KeepMask(shape={self.shape}, keep_prob={self.keep_prob}, dtype={self.dtype}, nbytes={self.nbytes})"


def multiply_by_numpy(a: npt.NDArray[Any], values: Any, out: npt.NDArray[Any] | None) -> Any:
    """``a * values``, into `out` or rounded to `a`'s dtype where that is a floating one."""
    # The operator of np.matrix is the matrix product.
    product = np.multiply(a, values) if isinstance(a, np.matrix) else a * values
    if out is not None:
        np.copyto(out, product, casting="unsafe")
        return out
    return product.astype(a.dtype, copy=False) if a.dtype.kind in "fc" else product
