"""Dropout of whole maps and of whole samples, by the names under which they are known: `dropout` with a noise shape.

What calls of Keras and PyTorch drop, and what gives the same kind of mask here. Their masks are drawn by generators of their own,
and their `rate` and `p` are the probability of dropping. x has the shape (batch, channels, ...), in Keras (batch, ..., channels).

=======================================================  ========================================================
call                                                      here
=======================================================  ========================================================
PyTorch ``Dropout(p)``, Keras ``Dropout(rate)``            ``dropout(x, rate=p)``
PyTorch ``Dropout1d``, ``Dropout2d``, ``Dropout3d``        ``spatial_dropout(x, rate=p)``
``Dropout1d`` of (channels, length), without a batch      ``dropout(x, rate=p, noise_shape=(None, 1))``
PyTorch ``AlphaDropout(p)``, Keras ``AlphaDropout``        ``alpha_dropout(x, rate=p)``
PyTorch ``FeatureAlphaDropout(p)``                        ``alpha_dropout(x, rate=p, noise_shape=(None, None, 1, 1))``
Keras ``Dropout(rate, noise_shape=shape)``                 ``dropout(x, rate=rate, noise_shape=shape)``
Keras ``SpatialDropout1D``, ``2D``, ``3D``                 ``spatial_dropout(x, rate=rate, channels="last")``
the same with ``data_format="channels_first"``             ``spatial_dropout(x, rate=rate)``
torchvision ``StochasticDepth(p, mode="row")``             ``drop_path(x, rate=p)``
the same with ``mode="batch"``                            ``dropout(x, rate=p, noise_shape=(1, 1, 1, 1))``
MXNet ``Dropout(rate, axes)``                              ``Dropout(rate=rate, axes=axes)``
=======================================================  ========================================================

DropConnect drops weights in the place of activations, which needs no function of its own:

>>> import numpy as np
>>> from dropout_fast import dropout
>>> x, weights, dy = np.ones((2, 3)), np.ones((3, 4)), np.ones((2, 4))
>>> kept_weights, mask = dropout(weights, keep_prob=0.5, seed=1)
>>> y = x @ kept_weights
>>> dx, dweights = dy @ kept_weights.T, mask.apply(x.T @ dy)

Gaussian dropout is not here: it multiplies each element by a normal number of its own. So there are no keep bits, and a backward
needs a float for each element, or the generator's state; nothing of this package would make it faster than
``x * rng.normal(1, np.sqrt(rate / (1 - rate)), x.shape)``.
"""

from collections.abc import Callable
from typing import Any, Literal

import numpy.typing as npt

from ._validate import as_floating_array, check_axes, check_channels, refuse_positional
from .functional import dropout
from .mask import KeepMask


def spatial_dropout(
    x: npt.ArrayLike, *positional: Any, channels: Literal["first", "last"] = "first", **options: Any
) -> tuple[Any, KeepMask]:
    """Drop whole channels of each sample: all places of a map together.

    Parameters
    ----------
    x : array_like of floats, shape (batch, channels, ...) or (batch, ..., channels)
    *positional
        Must be empty, as for `dropout`.
    channels : {"first", "last"}
        Which of the two.
    **options
        As for `dropout`: keep_prob, rate, seed, step, offset, rng, form, region, out, store_mask.

    Returns
    -------
    out, mask
        As for `dropout`. The mask holds one bit for each sample and channel.

    Raises
    ------
    TypeError, ValueError
        As `dropout`; ValueError where x has fewer than two axes or `channels` is another word.

    References
    ----------
    J. Tompson, R. Goroshin, A. Jain, Y. LeCun, C. Bregler, "Efficient Object Localization Using Convolutional Networks",
    CVPR (2015).

    Examples
    --------
    >>> import numpy as np
    >>> out, mask = spatial_dropout(np.ones((1, 4, 2, 2)), keep_prob=0.5, seed=3)
    >>> out.sum((2, 3))
    array([[0., 8., 8., 0.]])
    """
    check_channels(channels)
    return _with_noise_shape(x, positional, 2, lambda ndim: _of_channels(channels, ndim), options)


def drop_path(x: npt.ArrayLike, *positional: Any, **options: Any) -> tuple[Any, KeepMask]:
    """Drop whole samples: the branch of a residual block that some samples skip (stochastic depth).

    Parameters
    ----------
    x : array_like of floats, shape (batch, ...)
    *positional
        Must be empty, as for `dropout`.
    **options
        As for `dropout`: keep_prob, rate, seed, step, offset, rng, form, region, out, store_mask.

    Returns
    -------
    out, mask
        As for `dropout`. The mask holds one bit for each sample.

    Raises
    ------
    TypeError, ValueError
        As `dropout`; ValueError where x has no axis.

    References
    ----------
    G. Huang, Y. Sun, Z. Liu, D. Sedra, K. Weinberger, "Deep Networks with Stochastic Depth", ECCV (2016); as here, with kept
    samples scaled in training, in G. Larsson, M. Maire, G. Shakhnarovich, "FractalNet: Ultra-Deep Neural Networks without
    Residuals", ICLR (2017), and later libraries.

    Examples
    --------
    >>> import numpy as np
    >>> out, mask = drop_path(np.ones((4, 3)), keep_prob=0.5, seed=3)
    >>> out
    array([[0., 0., 0.],
           [2., 2., 2.],
           [2., 2., 2.],
           [0., 0., 0.]])
    """
    return _with_noise_shape(x, positional, 1, lambda ndim: (None,) + (1,) * (ndim - 1), options)


def _of_channels(channels: str, ndim: int) -> tuple[int | None, ...]:
    shared = (1,) * (ndim - 2)
    return (None, None, *shared) if channels == "first" else (None, *shared, None)


def _with_noise_shape(
    x: Any,
    positional: tuple[Any, ...],
    least: int,
    noise_shape: Callable[[int], tuple[int | None, ...]],
    options: dict[str, Any],
) -> tuple[Any, KeepMask]:
    """`dropout` with the noise shape for x's number of axes."""
    if positional:
        refuse_positional("spatial_dropout(x, ...)" if least == 2 else "drop_path(x, ...)", positional)
    array = as_floating_array("x", x)
    check_axes("x", array, least)
    return dropout(array, noise_shape=noise_shape(array.ndim), **options)
