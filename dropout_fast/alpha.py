"""`alpha_dropout`: dropout that keeps mean and variance behind a SELU, as its authors defined it."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _dispatch
from ._draws import draws
from ._validate import as_floating_array, check_alpha, check_out, refuse_beside_rng, refuse_positional
from .mask import KeepMask

#: What a dropped element becomes before the affine map: the limit of SELU at minus infinity, -lambda * alpha.
DROPPED = -1.7580993408473766


class AlphaMask:
    """The mask of one `alpha_dropout`: its `apply` is the backward.

    Attributes
    ----------
    shape : tuple of int
    keep_prob : float
        Probability of keeping an element.
    scale, shift : float
        Of the affine map that gives the result mean 0 and variance 1 where x has them.
    nbytes : int
        Bytes that its bits take.
    """

    __slots__ = ("_mask", "keep_prob", "scale", "shift")

    def __init__(self, mask: KeepMask, keep_prob: float, scale: float, shift: float) -> None:
        """For this package's own use."""
        self._mask = mask  # its factor is the scale of the affine map, which is not 1 / keep_prob
        self.keep_prob = keep_prob
        self.scale = scale
        self.shift = shift

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the arrays that it takes."""
        return self._mask.shape

    @property
    def nbytes(self) -> int:
        """Bytes that the bits take, 0 where they are drawn again."""
        return self._mask.nbytes

    def apply(self, a: npt.ArrayLike, out: npt.NDArray[Any] | None = None) -> Any:
        """Multiply kept elements by the scale, and others by 0: the backward. Arguments and errors as for `KeepMask.apply`."""
        return self._mask.apply(a, out)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """The factors of the backward: the scale where an element is kept, 0 elsewhere."""
        return self._mask.__array__(dtype, copy)

    def __eq__(self, other: object) -> bool:
        """Whether both have the same kept elements and factors."""
        return isinstance(other, AlphaMask) and self.keep_prob == other.keep_prob and bool(self._mask == other._mask)

    __hash__ = None  # type: ignore[assignment]  # as `KeepMask`

    def __reduce__(self) -> tuple[Any, ...]:
        return AlphaMask, (self._mask, self.keep_prob, self.scale, self.shift)

    def __repr__(self) -> str:
        return f"AlphaMask(shape={self.shape}, keep_prob={self.keep_prob}, nbytes={self.nbytes})"


def alpha_dropout(
    x: npt.ArrayLike,
    *positional: Any,
    keep_prob: float | None = None,
    rate: float | None = None,
    seed: int | None = None,
    step: int = 0,
    offset: int = 0,
    rng: Any = None,
    noise_shape: Sequence[int | None] | None = None,
    region: Any = None,
    out: npt.NDArray[Any] | None = None,
    store_mask: bool = True,
) -> tuple[Any, AlphaMask]:
    """Set elements to SELU's limit for large negative inputs, and map the result so that mean 0 and variance 1 stay.

    With keep probability q, ``d`` drawn and ``c = -1.7580993408473766``: ``a * (x * d + c * (1 - d)) + b``, where
    ``a = (q + c**2 * q * (1 - q))**-0.5`` and ``b = -a * c * (1 - q)``.

    Parameters
    ----------
    x : array_like of floats, any shape
        As for `dropout`, but no complex numbers: the output of a SELU.
    *positional
        Must be empty, as for `dropout`.
    keep_prob, rate, seed, step, offset, rng, noise_shape, region, out, store_mask
        As for `dropout`, but something must be kept.

    Returns
    -------
    out : ndarray, x's shape and dtype
        `out` if given. In engine fast a dropped element is ``a * c + b`` whatever x holds; with `rng` NaN stays NaN.
    mask : AlphaMask
        ``mask.apply(dout)`` is the backward, ``dout * a * d``.

    Raises
    ------
    TypeError, ValueError
        As `dropout`; ValueError where nothing can be kept.

    Notes
    -----
    Computed as ``a * d * (x - c) + (a * c + b)`` in x's dtype, which is the same but for rounding. Three walks over memory: NumPy
    subtracts and adds, and a kernel drops.

    References
    ----------
    G. Klambauer, T. Unterthiner, A. Mayr, S. Hochreiter, "Self-Normalizing Neural Networks", NeurIPS (2017).

    Examples
    --------
    >>> import numpy as np
    >>> out, mask = alpha_dropout(np.zeros((2, 4)), keep_prob=0.5, seed=3)
    >>> out.round(4)
    array([[-0.7792,  0.7792,  0.7792, -0.7792],
           [-0.7792, -0.7792, -0.7792,  0.7792]])
    >>> mask.apply(np.ones((2, 4))).round(4)
    array([[0.    , 0.8864, 0.8864, 0.    ],
           [0.    , 0.    , 0.    , 0.8864]])
    """
    if positional:
        refuse_positional("alpha_dropout(x, ...)", positional)
    if rng is not None:
        refuse_beside_rng("rng", {"store_mask": bool(store_mask)}, {"store_mask": True})
    array = as_floating_array("x", x)
    stream, key, mask = draws(array.shape, keep_prob, rate, seed, step, offset, rng, None, noise_shape, region)
    probability = float(mask.keep_prob)
    check_alpha(array, probability, keep_prob, rate)
    if out is not None:
        check_out(out, "x", array)
    scale, shift = affine_map(probability)
    mask.keep_prob = 1 / scale
    result = np.subtract(array, array.dtype.type(DROPPED), out=out)
    if not isinstance(result, np.ndarray):  # of a 0-d array
        result = np.asarray(result)
    _dispatch.forward(stream, key, mask, result, result, store_mask)
    result += array.dtype.type(scale * DROPPED + shift)
    return result, AlphaMask(mask, probability, scale, shift)


def affine_map(keep_prob: float) -> tuple[float, float]:
    """Scale and shift that give the result the mean and the variance of x, where those are 0 and 1."""
    scale = 1 / math.sqrt(keep_prob + DROPPED**2 * keep_prob * (1 - keep_prob))
    return scale, -scale * DROPPED * (1 - keep_prob)
