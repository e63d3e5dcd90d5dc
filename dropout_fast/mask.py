"""KeepMask: which elements are kept, one bit each, and the scaling that forward and backward share."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from . import runtime
from .checks import as_numeric_array, check_out, check_shape
from .kernels import masked_scale

_KERNELS = {
    np.dtype(np.float32): (masked_scale.scale_masked_float32, masked_scale.scale_masked_float32_parallel),
    np.dtype(np.float64): (masked_scale.scale_masked_float64, masked_scale.scale_masked_float64_parallel),
}

#: Types of keep_prob whose mask is float64, by which NumPy multiplies as the kernels do.
_PLAIN_NUMBERS = (float, int)


class KeepMask(np.lib.mixins.NDArrayOperatorsMixin):
    """The mask of one dropout: 1 bit an element, and the factor that kept elements get.

    Wherever an array is expected it stands for the NumPy code's mask, ``(rand < p) / p``:
    ``np.asarray(mask)``, ``dout * mask``, ``mask == 0``, ``mask[3]`` and ``mask.mean()`` give what that
    array gives (each unpacks it for the moment; `apply` does not). It cannot be written to.

    Parameters
    ----------
    bits : ndarray of uint8, shape (ceil(prod(shape) / 8),)
        Keep bit of the i-th element in C order at bit ``i % 8`` of ``bits[i // 8]``; kept, not copied.
    shape : tuple of int
    keep_prob : float
        Probability of keeping an element, in (0, 1].
    scaled : bool
        Whether kept elements are divided by `keep_prob`; if not, the mask is one of booleans.

    Attributes
    ----------
    shape, keep_prob
        As given.

    Examples
    --------
    >>> import numpy as np
    >>> from dropout_fast import dropout_forward
    >>> x = np.arange(1.0, 9.0)
    >>> out, (_, mask) = dropout_forward(x, {"p": 0.5, "mode": "train", "seed": 1})
    >>> mask
    KeepMask(shape=(8,), keep_prob=0.5, dtype=float64, nbytes=1)
    >>> np.asarray(mask)
    array([2., 0., 2., 2., 2., 2., 2., 2.])
    >>> bool((mask.apply(x) == out).all())
    True
    """

    __slots__ = ("_bits", "_scaled", "keep_prob", "shape")

    def __init__(self, bits: npt.NDArray[np.uint8], shape: tuple[int, ...], keep_prob: Any, scaled: bool = True) -> None:
        self._bits = bits
        self.shape = shape
        self.keep_prob = keep_prob
        self._scaled = scaled

    def apply(self, a: npt.ArrayLike, out: npt.NDArray[Any] | None = None) -> Any:
        """Multiply by the mask: the forward's scaling, and the whole of the backward.

        Parameters
        ----------
        a : array_like, the mask's shape
            float32 and float64 take the kernels, other numbers NumPy.
        out : ndarray, optional
            Where the result goes: `a` itself (in place) or an array apart, of `a`'s dtype, or of the
            dtype of ``a * np.asarray(mask)``, which is then not rounded to `a`'s.

        Returns
        -------
        ndarray
            `out` if given. The product, rounded to `a`'s dtype (integers and booleans stay floats).

        Raises
        ------
        TypeError
            `a` holds no numbers, or `out` is no array.
        ValueError
            `a` has another shape than the mask, or `out` another shape or dtype than it must, is
            read-only, or overlaps `a` in part.
        """
        a = as_numeric_array("a", a)
        check_shape("a", a, self.shape)
        if out is not None:
            check_out(out, "a", a, self)
        return self.multiply(a, out)

    def multiply(self, a: npt.NDArray[Any], out: npt.NDArray[Any] | None) -> Any:
        """`apply` without its checks."""
        kernels = _KERNELS.get(a.dtype)
        if kernels is None or not _is_plain(a) or not self._is_for_kernels():
            return self._multiply_awkward(a, out)
        if out is None:
            out = np.empty(a.shape, a.dtype)
        elif out.dtype != a.dtype or not _is_plain(out):
            return self._multiply_awkward(a, out)
        self._scale_into(out, a, kernels)
        return out

    def _multiply_awkward(self, a: npt.NDArray[Any], out: npt.NDArray[Any] | None) -> Any:
        dtype = (a if out is None else out).dtype
        kernels = _KERNELS.get(dtype.newbyteorder("="))
        if type(a) is not np.ndarray or kernels is None or a.dtype.kind != "f" or not self._is_for_kernels():
            return multiply_by_numpy(a, self._values(), out)
        product = np.empty(a.shape, dtype.newbyteorder("="))
        np.copyto(product, a)
        self._scale_into(product, product, kernels)
        if out is None:
            return product.astype(dtype, copy=False)
        np.copyto(out, product)
        return out

    def _is_for_kernels(self) -> bool:
        # Of a 0-d x the NumPy code's mask is a Python number, which NumPy multiplies by in x's own dtype.
        return self.shape != () and (not self._scaled or isinstance(self.keep_prob, _PLAIN_NUMBERS))

    def _scale_into(self, target: npt.NDArray[Any], a: npt.NDArray[Any], kernels: tuple[Any, Any]) -> None:
        scale = 1.0 / float(self.keep_prob) if self._scaled else 1.0
        runtime.run(*kernels, a.nbytes, _flat(a), self._bits, scale, _flat(target))

    def _keeps(self) -> npt.NDArray[np.bool_]:
        octets = np.unpackbits(self._bits, count=self.size, bitorder="little")
        return octets.view(np.bool_).reshape(self.shape)

    def _values(self) -> Any:
        """The mask that the NumPy code would hold: of 0-d x a Python number, as `np.random.rand()` is one."""
        kept = self._keeps() if self.shape else bool(self._keeps())
        if not self._scaled:
            return kept
        return np.where(kept, *self._levels()) if self.shape else kept / self.keep_prob

    def _levels(self) -> npt.NDArray[Any]:
        """What kept and dropped elements get, divided by NumPy: a float32 keep_prob gives float32, say."""
        levels = np.array([True, False])
        with np.errstate(over="ignore"):  # 1 / 1e-310 is inf here as in the kernels, which do not warn
            return levels / self.keep_prob if self._scaled else levels

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the array that the mask stands for: float64, or bool where it does not scale."""
        return self._levels().dtype

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes that the bits take."""
        return self._bits.nbytes

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """The mask as an array of its own, new at each call."""
        if copy is False:
            raise ValueError("A KeepMask holds bits: it cannot be an array without a copy. Use copy=None.")
        return np.asarray(self._values(), dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """Take part in arithmetic as the array that the mask stands for."""
        if method == "at" or any(isinstance(out, KeepMask) for out in options.get("out", ())):
            return NotImplemented
        arrays = (item._values() if isinstance(item, KeepMask) else item for item in inputs)
        return getattr(ufunc, method)(*arrays, **options)

    def __getattr__(self, name: str) -> Any:
        """Whatever else an array has (``mask.mean()``, ``mask.T``), read from the array it stands for."""
        if name.startswith("_"):
            raise AttributeError(f"KeepMask has no attribute {name!r}")
        array = np.asarray(self)
        array.flags.writeable = False  # a method that writes would write to nobody's copy
        return getattr(array, name)

    def __getitem__(self, key: Any) -> Any:
        return np.asarray(self)[key]

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a KeepMask of shape ()")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return iter(np.asarray(self))

    def __contains__(self, value: Any) -> bool:
        return value in np.asarray(self)

    def __bool__(self) -> bool:
        return bool(np.asarray(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return KeepMask, (self._bits, self.shape, self.keep_prob, self._scaled)

    def __repr__(self) -> str:
        return f"KeepMask(shape={self.shape}, keep_prob={self.keep_prob}, dtype={self.dtype}, nbytes={self.nbytes})"


def multiply_by_numpy(a: npt.NDArray[Any], values: Any, out: npt.NDArray[Any] | None) -> Any:
    """``a * values``, into `out` or rounded to `a`'s dtype where that is a floating one."""
    product = a * values
    if out is not None:
        np.copyto(out, product, casting="unsafe")
        return out
    return product.astype(a.dtype, copy=False) if a.dtype.kind in "fc" else product


def _is_plain(array: npt.NDArray[Any]) -> bool:
    """Whether the kernels can take it as it lies: no subclass, C order, aligned, writeable."""
    return type(array) is np.ndarray and array.flags.carray


def _flat(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return array if array.ndim == 1 else array.reshape(-1)
