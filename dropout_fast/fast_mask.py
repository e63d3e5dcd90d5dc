"""Masks of engine fast: a function of (seed, step, keep_prob, index), with their bits or without."""

from typing import Any

import numpy as np
import numpy.typing as npt

from . import fast_stream
from .fast_stream import Bits, Key
from .kernels.bernoulli import BLOCK
from .mask import KeepMask, bits_as_bools


class FastMask(KeepMask):
    """A mask of engine fast.

    Parameters
    ----------
    bits : ndarray of uint8 or None
        From `fast_stream.draw` or `draw_and_scale`; None: `apply` draws them again.
    shape : tuple of int
    key : tuple
        Seed, step, offset and keep_prob.
    scaled : bool
        Whether kept elements are divided by keep_prob; if not, the mask is one of booleans.
    """

    __slots__ = ("_bits", "_key")

    def __init__(self, bits: Bits | None, shape: tuple[int, ...], key: Key, scaled: bool = True) -> None:
        self._bits = bits
        self.shape = shape
        self._key = key
        self.keep_prob = key[3]
        self._scaled = scaled

    @property
    def seed(self) -> int:  # type: ignore[override]  # an int here, None in engine numpy
        """Seed of the stream, taken afresh if none was given."""
        return self._key[0]

    @property
    def step(self) -> int:  # type: ignore[override]
        """Counter of calls with one seed."""
        return self._key[1]

    @property
    def offset(self) -> int:  # type: ignore[override]
        """Flat index of the first element in the array of which this is a shard."""
        return self._key[2]

    @property
    def nbytes(self) -> int:
        """Bytes that the bits take, 0 where they are drawn again."""
        return 0 if self._bits is None else self._bits.nbytes

    def _kernels_for(self, dtype: np.dtype[Any]) -> fast_stream.Kernels | None:
        return fast_stream.kernels_for(dtype)

    def _scale_into(self, target: npt.NDArray[Any], a: npt.NDArray[Any], kernels: fast_stream.Kernels) -> None:
        if self._bits is None:
            fast_stream.draw_and_scale(kernels, a, self._key, self._scaled, target, stores=False)
        else:
            fast_stream.scale_by_bits(kernels, a, self._bits, self._key, self._scaled, target)

    def _multiply_by_numpy(self, a: npt.NDArray[Any], out: npt.NDArray[Any] | None) -> Any:
        """For integers, complex numbers and long doubles, which all keep their kind."""
        scale = self._levels()[0]
        product = a.astype(np.result_type(a.dtype, scale))  # a subclass stays one, and 0-d an array
        plain = product.view(np.ndarray)
        np.multiply(plain, scale, out=plain)
        plain[~self._keeps()] = 0  # inf and NaN too
        if out is not None:
            np.copyto(out, product, casting="unsafe")
            return out
        return product.astype(a.dtype, copy=False) if a.dtype.kind in "fc" else product

    def _keeps(self) -> npt.NDArray[np.bool_]:
        bits = fast_stream.draw(self._key, self.shape) if self._bits is None else self._bits
        return bits_as_bools(bits, self._key[2] % BLOCK, self.shape)

    def _is_drawn_as(self, other: KeepMask) -> bool:
        return isinstance(other, FastMask) and self._key == other._key

    def __reduce__(self) -> tuple[Any, ...]:
        return FastMask, (self._bits, self.shape, self._key, self._scaled)

    def __repr__(self) -> str:
        seed, step, offset, keep_prob = self._key
        return f"KeepMask(shape={self.shape}, {keep_prob=}, {seed=}, {step=}, {offset=}, nbytes={self.nbytes})"
