"""KeepMask: which elements are kept, and the factor that forward and backward share."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _dispatch, _dispatch_fused
from ._small import apply_small
from ._validate import as_numeric_array, as_probability, check_bias_gradient, check_out, check_shape, is_bfloat16
from .forms.form import NumpyForm
from .forms.named import CS231N
from .kernels.factory import Kernels
from .streams.base import Bits
from .streams.counter import CounterKey, first_bit
from .streams.region import RegionKey, region_of_key, stream_of_key
from .streams.rounding import OPERATOR, ZERO, Rounding

#: Methods of an array that a mask has too. Each unpacks the mask, eight bytes an element, for the moment of the call.
ARRAY_METHODS = (
    "all any argmax argmin astype copy cumsum dot flatten item max mean min nonzero ravel repeat reshape round squeeze std sum "
    "swapaxes take tobytes tolist transpose var"
).split()


class KeepMask(np.lib.mixins.NDArrayOperatorsMixin):
    """The mask of one dropout: one bit an element, and the factor of kept elements.

    That of a `relu_dropout` counts as kept only what was positive, too.

    ``mask.apply(dout)`` is the backward: by a kernel, in dout's dtype. Wherever an array is expected, the mask stands for
    the NumPy code's ``(rand < p) / p``: ``np.asarray(mask)``, ``mask == 0``, ``mask[3]`` and ``mask.mean()`` give what that
    array gives (each unpacks it for the moment; `apply` does not). It cannot be written to.

    Attributes
    ----------
    shape : tuple of int
    keep_prob : float
        Probability of keeping an element.
    seed, step, offset : int or None
        What engine fast drew it from: `dropout` repeats the mask from them (but not which sums were positive in a
        `relu_dropout`). None for other masks.
    noise_shape : tuple of int or None
        Shape of what was drawn, where elements share bits. None where each element has its own bit.
    region : tuple or None
        The larger array's shape, and where the mask's elements start and stop in it along each axis, if `dropout` was told so.
    dtype, size, ndim, nbytes, T
        Of the array that it stands for: float64 (bool, or a form's own, where it does not scale), number of elements and of axes;
        of the mask itself: bytes that its bits take, 0 where `apply` draws them again; the transposed array.

    Notes
    -----
    Products: in engine fast ``dout * mask`` is ``mask.apply(dout)`` for an array of floats of the mask's shape, in dout's
    dtype, so a float32 network stays one. In engine numpy ``dout * mask`` is NumPy's own product, which is float64 for a
    float32 dout; `apply` rounds it to dout's dtype. For a backward use `apply`.

    Two masks are equal (``==`` gives one bool) where they have the same shape, factor and kept elements;
    compared with anything else, a mask is the array. `dropout`, `dropout_forward` and `from_array` make masks.

    Examples
    --------
    >>> import numpy as np
    >>> from dropout_fast import dropout
    >>> x = np.arange(1.0, 9.0)
    >>> out, mask = dropout(x, keep_prob=0.5, seed=1)
    >>> mask
    KeepMask(shape=(8,), keep_prob=0.5, seed=1, step=0, offset=0, nbytes=64)
    >>> np.asarray(mask)
    array([0., 2., 0., 0., 2., 2., 2., 2.])
    >>> bool((mask.apply(x) == out).all())
    True
    """

    # _bits: keep bit of element i at bit i + _first_bit(), counted from the lowest of _bits[0]; None: _key draws them again.
    # _drawn_shape: shape of what the bits are of, with as many axes, if elements share bits: each length is 1 or the mask's.
    # _is_positive: the bits tell what was kept and positive before a ReLU, so the key alone does not tell them.
    # _kernels, _scale: what the forward of a small array found out for the backward; no part of the mask's value.
    __slots__ = ("_bits", "_drawn_shape", "_form", "_is_positive", "_kernels", "_key", "_rounding", "_scale", "keep_prob", "shape")

    shape: tuple[int, ...]
    keep_prob: Any
    _scale: float

    def __init__(
        self,
        shape: tuple[int, ...],
        keep_prob: Any,
        form: NumpyForm,
        rounding: Rounding,
        key: CounterKey | RegionKey | None,
        bits: Bits | None = None,
        is_positive: bool = False,
        drawn_shape: tuple[int, ...] | None = None,
    ) -> None:
        """For this package's own use; see `from_array`."""
        self.shape = shape
        self.keep_prob = keep_prob
        self._form = form
        self._rounding = rounding
        self._key = key
        self._bits = bits
        self._is_positive = is_positive
        self._drawn_shape = drawn_shape
        self._kernels: Kernels | None = None

    @classmethod
    def from_array(cls, keep: npt.ArrayLike, *, keep_prob: float) -> "KeepMask":
        """Make a mask of one's own.

        Parameters
        ----------
        keep : array_like of bool, any shape
            Which elements are kept.
        keep_prob : float in (0, 1]
            Kept elements are divided by it.

        Returns
        -------
        KeepMask
            Its `apply` multiplies as engine fast does: dropped elements are +0.

        Raises
        ------
        TypeError
            `keep` holds no booleans, or `keep_prob` is no number.
        ValueError
            `keep` is ragged, or `keep_prob` is outside (0, 1].

        Examples
        --------
        >>> import numpy as np
        >>> mask = KeepMask.from_array([True, False, True], keep_prob=0.5)
        >>> mask.apply(np.array([1.0, 2.0, 3.0]))
        array([2., 0., 6.])
        """
        array = as_numeric_array("keep", keep)
        if array.dtype != np.bool_:
            raise TypeError(f"`keep` has dtype {array.dtype}; expected bool. Use keep != 0.")
        keep_prob = float(as_probability("keep_prob", keep_prob, "(0, 1]"))
        return cls(array.shape, keep_prob, CS231N, ZERO, None, _packed(np.asarray(array), 0))

    def apply(self, a: npt.ArrayLike, out: npt.NDArray[Any] | None = None, *, bias_gradient: npt.NDArray[Any] | None = None) -> Any:
        """Multiply by the mask: the forward's scaling, and the whole of the backward.

        Parameters
        ----------
        a : array_like, the mask's shape
            float32 and float64 (in engine fast float16 and bfloat16 too) take the kernels, other numbers NumPy.
        out : ndarray, optional
            Where the result goes: `a` itself (in place) or a separate array, of `a`'s dtype, or of the
            dtype of ``a * np.asarray(mask)``, which is then not rounded to `a`'s.
        bias_gradient : ndarray, shape (a.shape[-1],), `a`'s dtype, optional
            Written: the sum of the result over all axes but the last, in the same walk over memory.

        Returns
        -------
        ndarray
            `out` if given. The product, rounded to `a`'s dtype (integers and booleans become floats). Dropped
            elements: +0 whatever `a` holds in engine fast, ``a * 0`` in engine numpy, as in NumPy code.

        Raises
        ------
        TypeError
            `a` holds no numbers, or `out` is no array.
        ValueError
            `a` has another shape than the mask, or `out` or `bias_gradient` another shape or dtype than it must, is
            read-only, or overlaps `a` in part.

        Notes
        -----
        The sums of `bias_gradient` have the same bits for any number of threads. Consecutive rows make a block: there are as many
        blocks as whole sixteens of rows, 1 at least and 32 at most. Each has a multiple of four rows, nearly the same number;
        the last one has the rest, too. In each block a column is added from the first row to the last, and then the blocks'
        sums from the first to the last; for the half formats in float32, and rounded at the end. What no kernel takes
        (integers, complex numbers, subclasses, an `out` of another dtype) is summed by NumPy.
        """
        if bias_gradient is None:
            product = apply_small(self, a, out)
            if product is not None:
                return product
        a = as_numeric_array("a", a)
        check_shape("a", a, self.shape)
        if out is not None:
            check_out(out, "a", a, self)
        if bias_gradient is not None:
            check_bias_gradient(bias_gradient, a, (("a", a), ("out", out)))
            return _dispatch_fused.apply_and_sum(self, a, out, bias_gradient)
        return _dispatch.apply(self, a, out)

    def keep_fraction(self) -> float:
        """Number of kept elements over the number of elements, NaN if there are none; `keep_prob` on average."""
        return np.count_nonzero(self._kept_as_drawn()) / math.prod(self._shape_of_bits()) if self.size else math.nan

    @property
    def seed(self) -> int | None:
        """Seed of the counter stream, a fresh one if none was given; None for other masks."""
        return None if self._key is None else self._key[0]

    @property
    def step(self) -> int | None:
        """Step of the counter stream; None for other masks."""
        return None if self._key is None else self._key[1]

    @property
    def offset(self) -> int | None:
        """Flat index of the first element in the array of which this is a shard; None for masks of other streams."""
        return None if self._key is None else self._key[2]

    @property
    def noise_shape(self) -> tuple[int, ...] | None:
        """Shape of what was drawn, where elements share bits; of the larger array, where there is a `region`."""
        region = region_of_key(self._key)
        return self._drawn_shape if region is None else region.noise_shape

    @property
    def region(self) -> tuple[tuple[int, ...], tuple[tuple[int, int], ...]] | None:
        """Shape of the larger array of which this is a block, and its bounds along each axis; None where there is none."""
        region = region_of_key(self._key)
        return None if region is None else (region.shape, region.bounds)

    @property
    def nbytes(self) -> int:
        """Bytes that the bits take, 0 where they are drawn again."""
        return 0 if self._bits is None else self._bits.nbytes

    def _first_bit(self) -> int:
        """Position of the first element's bit."""
        return 0 if self._key is None else first_bit(self._key)

    def _shape_of_bits(self) -> tuple[int, ...]:
        """Shape of what the bits are of."""
        return self.shape if self._drawn_shape is None else self._drawn_shape

    def _bits_or_redrawn(self) -> Bits:
        """The bits, drawn again if none are stored."""
        if self._bits is not None:
            return self._bits
        assert self._key is not None
        return stream_of_key(self._key).draw_bits(self._key, self._shape_of_bits())

    def _keep_only(self, positive: npt.NDArray[np.bool_]) -> None:
        """Drop elements that were not positive before a ReLU."""
        self._bits = _packed(self._kept() & positive, self._first_bit())
        self._drawn_shape = None  # each element has a bit of its own now

    def _kept(self) -> npt.NDArray[np.bool_]:
        """Which elements are kept."""
        kept: npt.NDArray[np.bool_] = self._broadcast(self._kept_as_drawn())
        return kept

    def _kept_as_drawn(self) -> npt.NDArray[np.bool_]:
        """Which bits are set."""
        shape, first = self._shape_of_bits(), self._first_bit()
        unpacked = np.unpackbits(self._bits_or_redrawn(), count=first + math.prod(shape), bitorder="little")
        return unpacked[first:].view(np.bool_).reshape(shape)

    def _broadcast(self, array: Any) -> Any:
        """What there is for each bit, as an array of the mask's shape."""
        return array if self._drawn_shape is None else np.broadcast_to(array, self.shape)

    def _values(self) -> Any:
        """The array that the mask stands for; for a 0-d x of NumPy code a Python number, as `np.random.rand()` is one."""
        if self._rounding == OPERATOR and not self.shape:
            return self._form.mask(bool(self._kept()), self.keep_prob)
        if self._rounding != ZERO and self._form.scale != "mask":
            return self._broadcast(self._form.mask(self._kept_as_drawn(), self.keep_prob))
        return self._broadcast(np.where(self._kept_as_drawn(), *self._levels()))

    def _levels(self) -> npt.NDArray[Any]:
        """The values of kept and dropped elements, by NumPy: a float32 keep_prob gives float32, say."""
        with np.errstate(all="ignore"):  # 1 / 1e-310 is inf here as in the kernels, which do not warn
            levels: npt.NDArray[Any] = self._form.mask(np.array([True, False]), self.keep_prob or 1.0)  # 0 keeps nothing
        return levels

    def _factor(self) -> tuple[Any, ...]:
        """What equal masks have in common besides the kept elements."""
        is_in_values = self._form.scale in ("mask", None)
        return (*self._levels().tolist(), *(() if is_in_values else (self._form.scale, self.keep_prob)))

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the array that the mask stands for: float64 where it scales, otherwise bool, or what the form makes of it."""
        return self._levels().dtype

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def T(self) -> npt.NDArray[Any]:  # NumPy's name
        """The transposed array that the mask stands for."""
        return np.asarray(self).T

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """The mask as an array of its own, new at each call; a broadcast view, read-only, where elements share bits."""
        if copy is False:
            raise ValueError("A KeepMask holds bits: it cannot be an array without a copy. Use copy=None.")
        return (np.array if copy else np.asarray)(self._values(), dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """Take part in arithmetic as the array that the mask stands for; in engine fast products are those of `apply`."""
        targets = options.get("out", ())
        if method == "at" or any(isinstance(target, KeepMask) for target in targets):
            return NotImplemented
        if ufunc is np.multiply and method == "__call__" and self._rounding == ZERO:
            factor = inputs[1] if inputs[0] is self else inputs[0]
            if _is_float_array(factor):
                return self._product(factor, options)
        arrays = [item._values() if isinstance(item, KeepMask) else item for item in inputs]
        return getattr(ufunc, method)(*arrays, **options)

    def _product(self, factor: npt.NDArray[Any], options: dict[str, Any]) -> Any:
        """`np.multiply` with an array of floats, in the array's dtype."""
        out = options.get("out", (factor,))[0]
        if factor.shape == self.shape and out.dtype == factor.dtype and set(options) <= {"out"}:
            return self.apply(factor, *options.get("out", ()))
        return np.multiply(factor, self._values().astype(factor.dtype), **options)

    def __eq__(self, other: object) -> Any:
        return np.bool_(self._equals(other)) if isinstance(other, KeepMask) else super().__eq__(other)

    def __ne__(self, other: object) -> Any:
        return np.bool_(not self._equals(other)) if isinstance(other, KeepMask) else super().__ne__(other)

    __hash__ = None  # type: ignore[assignment]  # as an array has none

    def _equals(self, other: "KeepMask") -> bool:
        if self.shape != other.shape or self._factor() != other._factor():
            return False
        has_key = self._key is not None and not self._is_positive and not other._is_positive
        is_drawn_as = self is other or (has_key and (self._key, self._drawn_shape) == (other._key, other._drawn_shape))
        return is_drawn_as or np.array_equal(self._kept(), other._kept())

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
        state = (self.shape, self.keep_prob, self._form, self._rounding, self._key, self._bits, self._is_positive)
        return KeepMask, (*state, self._drawn_shape)

    def __repr__(self) -> str:
        shared = "" if self.noise_shape is None else f", noise_shape={self.noise_shape}"
        if self._key is None:
            return f"KeepMask(shape={self.shape}{shared}, keep_prob={self.keep_prob}, dtype={self.dtype}, nbytes={self.nbytes})"
        seed, step, offset, keep_prob = self._key[:4]
        place = f"{offset=}" if self.region is None else f"region={self.region}"
        return f"KeepMask(shape={self.shape}{shared}, {keep_prob=}, {seed=}, {step=}, {place}, nbytes={self.nbytes})"


def _array_method(name: str) -> Callable[..., Any]:
    def method(self: KeepMask, *arguments: Any, **options: Any) -> Any:
        return getattr(np.asarray(self), name)(*arguments, **options)

    method.__name__ = name
    method.__qualname__ = f"KeepMask.{name}"
    method.__doc__ = f"As `numpy.ndarray.{name}`, of the array that the mask stands for."
    return method


for _name in ARRAY_METHODS:
    setattr(KeepMask, _name, _array_method(_name))


def _packed(kept: npt.NDArray[np.bool_], first: int) -> Bits:
    """Booleans as bits, from bit `first` on; at least four bytes, because kernels read four at a time."""
    packed = np.packbits(np.concatenate((np.zeros(first, np.bool_), kept.reshape(-1))), bitorder="little")
    return np.pad(packed, (0, max(0, 4 - packed.size)))


def _is_float_array(value: Any) -> bool:
    return type(value) is np.ndarray and (value.dtype.kind == "f" or is_bfloat16(value.dtype))
