"""KeepMask: which elements are kept, and the scaling that forward and backward share."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from .checks import as_numeric_array, check_out, check_shape


class KeepMask(np.lib.mixins.NDArrayOperatorsMixin):
    """The mask of one dropout: 1 bit an element, and the factor that kept elements get.

    Wherever an array is expected it stands for the NumPy code's mask, ``(rand < p) / p``:
    ``np.asarray(mask)``, ``dout * mask``, ``mask == 0``, ``mask[3]`` and ``mask.mean()`` give what that
    array gives (each unpacks it for the moment; `apply` does not). It cannot be written to.

    Attributes
    ----------
    shape : tuple of int
    keep_prob : float
        Probability of keeping an element.
    seed, step, offset : int or None
        What engine fast drew it from: `dropout` repeats the mask from them. None for engine numpy.
    dtype, size, nbytes
        Of the array that it stands for: float64 (bool where it does not scale) and the number of
        elements; of the mask itself: bytes that its bits take, 0 where `apply` draws them again.

    Notes
    -----
    Two masks are equal (``==`` gives one bool) where they have the same shape, factor and kept elements;
    compared with anything else, a mask is the array. `dropout` and `dropout_forward` make masks.

    Examples
    --------
    >>> import numpy as np
    >>> from dropout_fast import dropout
    >>> x = np.arange(1.0, 9.0)
    >>> out, mask = dropout(x, 0.5, seed=1)
    >>> mask
    KeepMask(shape=(8,), keep_prob=0.5, seed=1, step=0, offset=0, nbytes=64)
    >>> np.asarray(mask)
    array([0., 2., 0., 0., 2., 2., 2., 2.])
    >>> bool((mask.apply(x) == out).all())
    True
    """

    __slots__ = ("_scaled", "keep_prob", "shape")

    shape: tuple[int, ...]
    keep_prob: Any
    seed: int | None
    step: int | None
    offset: int | None
    _scaled: bool

    def apply(self, a: npt.ArrayLike, out: npt.NDArray[Any] | None = None) -> Any:
        """Multiply by the mask: the forward's scaling, and the whole of the backward.

        Parameters
        ----------
        a : array_like, the mask's shape
            float32 and float64 (in engine fast float16 and bfloat16 too) take the kernels, other numbers NumPy.
        out : ndarray, optional
            Where the result goes: `a` itself (in place) or an array apart, of `a`'s dtype, or of the
            dtype of ``a * np.asarray(mask)``, which is then not rounded to `a`'s.

        Returns
        -------
        ndarray
            `out` if given. The product, rounded to `a`'s dtype (integers and booleans stay floats). Dropped
            elements: +0 whatever `a` holds in engine fast, ``a * 0`` in engine numpy, as in NumPy code.

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
        """`apply` without its checks: by a kernel as the arrays lie, or on a copy, or by NumPy."""
        kernels = self._kernels_for(a.dtype)
        if kernels is not None and is_plain(a):
            if out is None:
                out = np.empty(a.shape, a.dtype)
            if out is a or (out.dtype == a.dtype and is_plain(out)):
                self._scale_into(out, a, kernels)
                return out
        return self._multiply_a_copy(a, out)

    def _multiply_a_copy(self, a: npt.NDArray[Any], out: npt.NDArray[Any] | None) -> Any:
        dtype = (a if out is None else out).dtype
        native = dtype.newbyteorder("=")
        kernels = self._kernels_for(native)
        if kernels is None or self._kernels_for(a.dtype.newbyteorder("=")) is None:
            return self._multiply_by_numpy(a, out)
        product = a.astype(native, order="C")  # a subclass stays one
        plain = product.view(np.ndarray)
        self._scale_into(plain, plain, kernels)
        if out is None:
            return product.astype(dtype, copy=False)
        np.copyto(out, product)
        return out

    def keep_fraction(self) -> float:
        """Kept elements over all elements, NaN if there are none; on average `keep_prob`."""
        return np.count_nonzero(self._keeps()) / self.size if self.size else math.nan

    # What an engine says of its masks.

    @property
    def nbytes(self) -> int:
        """Bytes that the bits take."""
        raise NotImplementedError

    def _kernels_for(self, dtype: np.dtype[Any]) -> Any:
        """What `_scale_into` needs for arrays of that dtype, None if it cannot take them."""
        raise NotImplementedError

    def _scale_into(self, target: npt.NDArray[Any], a: npt.NDArray[Any], kernels: Any) -> None:
        """Multiply by a kernel; both arrays are plain and of one dtype."""
        raise NotImplementedError

    def _multiply_by_numpy(self, a: npt.NDArray[Any], out: npt.NDArray[Any] | None) -> Any:
        raise NotImplementedError

    def _keeps(self) -> npt.NDArray[np.bool_]:
        """Which elements are kept."""
        raise NotImplementedError

    # The array that it stands for.

    def _values(self) -> Any:
        return np.where(self._keeps(), *self._levels())

    def _levels(self) -> npt.NDArray[Any]:
        """What kept and dropped elements get, divided by NumPy: a float32 keep_prob gives float32, say."""
        levels = np.array([True, False])
        if not self._scaled:
            return levels
        with np.errstate(over="ignore"):  # 1 / 1e-310 is inf here as in the kernels, which do not warn
            return levels / (self.keep_prob or 1.0)  # with keep_prob 0 nothing is kept

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the array that the mask stands for: float64, or bool where it does not scale."""
        return self._levels().dtype

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

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

    def __eq__(self, other: object) -> Any:
        return np.bool_(self._equals(other)) if isinstance(other, KeepMask) else super().__eq__(other)

    def __ne__(self, other: object) -> Any:
        return np.bool_(not self._equals(other)) if isinstance(other, KeepMask) else super().__ne__(other)

    __hash__ = None  # type: ignore[assignment]  # as an array has none

    def _equals(self, other: "KeepMask") -> bool:
        if self.shape != other.shape or not np.array_equal(self._levels(), other._levels()):
            return False
        return self._is_drawn_as(other) or np.array_equal(self._keeps(), other._keeps())

    def _is_drawn_as(self, other: "KeepMask") -> bool:
        """Whether it is known without a look at the bits that they are the same."""
        return self is other

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


def bits_as_bools(bits: npt.NDArray[np.uint8], first: int, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """The bits from the `first` on as an array of booleans of that shape."""
    size = math.prod(shape)
    return np.unpackbits(bits, count=first + size, bitorder="little")[first:].view(np.bool_).reshape(shape)


def is_plain(array: npt.NDArray[Any]) -> bool:
    """Whether the kernels can take it as it lies: no subclass, C order, aligned, writeable."""
    return type(array) is np.ndarray and array.flags.carray
