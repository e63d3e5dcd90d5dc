"""Dropout of Dask arrays, lazily and block by block: the bits of the whole array, however it is cut. Masks are drawn, never sent.

>>> import dask.array as da
>>> from dropout_fast.dask import dropout, dropout_backward
>>> x = da.ones((4, 6), chunks=(2, 3), dtype="float32")
>>> out = dropout(x, keep_prob=0.5, seed=3)
>>> out.compute()
array([[0., 2., 2., 0., 0., 0.],
       [0., 2., 0., 2., 2., 2.],
       [0., 2., 2., 2., 2., 2.],
       [2., 0., 2., 2., 0., 2.]], dtype=float32)
>>> dx = dropout_backward(da.ones_like(out), keep_prob=0.5, seed=3)
>>> bool((dx == out).all())
True
"""

import math
from collections.abc import Sequence
from typing import Any

import dask.array as da
from dask.array.utils import meta_from_array

from . import functional
from ._validate import as_floating_array, as_noise_shape, check_blocks, counter_key, refuse_no_seed, refuse_positional

__all__ = ["dropout", "dropout_backward"]


def dropout(
    array: da.Array,
    *positional: Any,
    keep_prob: float | None = None,
    rate: float | None = None,
    seed: int,
    step: int = 0,
    noise_shape: Sequence[int | None] | None = None,
) -> da.Array:
    """Keep each element with probability `keep_prob`, divided by it; the others become +0. `dropout_fast.dropout`, in blocks.

    >>> import dask.array as da
    >>> from dropout_fast.dask import dropout
    >>> x = da.ones((1000, 1000), chunks=(100, 1000))
    >>> by_rows = dropout(x, rate=0.1, seed=0, step=7)
    >>> by_tiles = dropout(x.rechunk((300, 300)), rate=0.1, seed=0, step=7)
    >>> bool((by_rows == by_tiles).all())
    True

    Parameters
    ----------
    array : dask.array.Array of floats, any shape and chunks
        Its blocks are NumPy arrays, and their sizes are known.
    *positional
        Must be empty: all other arguments are keywords.
    keep_prob : float, 0 to 1
        Probability of KEEPING an element; 0.5 where neither this nor `rate` is given.
    rate : float, 0 to 1
        Probability of dropping an element, in the place of `keep_prob`.
    seed, step : int, 0 to 2**64 - 1
        The mask is a function of them. A seed must be given: a fresh one would be in no mask that the backward could ask.
    noise_shape : tuple of int or None, optional
        Of the whole array: elements share a bit along axes where it is 1, as in `dropout_fast.dropout`.

    Returns
    -------
    dask.array.Array, the shape, chunks and dtype of `array`
        Nothing is drawn yet.

    Raises
    ------
    TypeError
        `array` is no Dask array, its blocks are no NumPy arrays or hold no floats, `seed` is missing, both `keep_prob` and
        `rate` are given, one is given by position, or another argument is not of the type above.
    ValueError
        The sizes of blocks are unknown, an argument is out of its range, or `noise_shape` does not broadcast to the shape.

    Notes
    -----
    The result is that of ``dropout_fast.dropout(array.compute(), ...)[0]`` with the same keywords, bit for bit, on every scheduler.
    A block draws its bits from the seed and from where it lies in the whole (`region`), so no task waits for another's
    mask, and a block that is computed again, because a worker was lost, is the same. The same arguments give the same
    names of tasks. Blocks that are rows of the whole take one pass over memory; others draw their bits first.

    Worker threads may call at once; a large block may use Numba's threads besides. ``DROPOUT_FAST_LAUNCH=serial`` in the
    environment of the workers keeps each call on its own thread.
    """
    if positional:
        refuse_positional("dropout(array, ...)", positional)
    return _blockwise("array", array, keep_prob, rate, seed, step, noise_shape)


def dropout_backward(
    dout: da.Array,
    *positional: Any,
    keep_prob: float | None = None,
    rate: float | None = None,
    seed: int,
    step: int = 0,
    noise_shape: Sequence[int | None] | None = None,
) -> da.Array:
    """Multiply a gradient by the mask of the `dropout` with the same keywords, which is drawn again.

    >>> import dask.array as da
    >>> from dropout_fast.dask import dropout, dropout_backward
    >>> key = {"keep_prob": 0.5, "seed": 0, "step": 1}
    >>> out = dropout(da.ones(1000, chunks=100), **key)
    >>> dx = dropout_backward(da.full(1000, 10.0, chunks=300), **key)
    >>> bool((dx == 10.0 * out).all())
    True

    Parameters
    ----------
    dout : dask.array.Array of floats, the shape of the forward's `array`
        Its chunks and dtype may be others.
    *positional
        Must be empty: all other arguments are keywords.
    keep_prob, rate, seed, step, noise_shape
        Those of the forward.

    Returns
    -------
    dask.array.Array, the shape, chunks and dtype of `dout`
        What ``mask.apply(dout)`` of `dropout_fast.dropout`'s mask gives, bit for bit.

    Raises
    ------
    TypeError, ValueError
        As `dropout`.
    """
    if positional:
        refuse_positional("dropout_backward(dout, ...)", positional)
    return _blockwise("dout", dout, keep_prob, rate, seed, step, noise_shape)


def _blockwise(name: str, array: Any, keep_prob: Any, rate: Any, seed: Any, step: Any, noise_shape: Any) -> da.Array:
    """The array, named `name` in complaints, times the mask."""
    if not isinstance(array, da.Array):
        raise TypeError(
            f"`{name}` has type {type(array).__name__}; expected a dask.array.Array. "
            f"Use dask.array.from_array({name}), or dropout_fast.dropout for a NumPy array."
        )
    meta = meta_from_array(array)
    check_blocks(name, meta, array.shape)
    as_floating_array(name, meta)
    refuse_no_seed(seed)
    seed, step, _, keep_prob = counter_key(keep_prob, rate, seed, step, 0)
    noise_shape = as_noise_shape("noise_shape", noise_shape, array.shape, name)
    key = {"keep_prob": keep_prob, "seed": seed, "step": step}
    return da.map_blocks(dropout_of_block, array, key, noise_shape, dtype=array.dtype, meta=meta)


def dropout_of_block(block: Any, key: dict[str, Any], noise_shape: tuple[int, ...] | None, block_info: Any = None) -> Any:
    """One block of the result. Dask tells by `block_info` where it lies."""
    shape, bounds = block_info[0]["shape"], block_info[0]["array-location"]
    place: dict[str, Any] = {"region": (shape, bounds), "noise_shape": noise_shape}
    if noise_shape is None and _is_consecutive(shape, bounds):
        place = {"offset": sum(start * math.prod(shape[axis + 1 :]) for axis, (start, _) in enumerate(bounds))}
    return functional.dropout(block, **key, **place, store_mask=False)[0]


def _is_consecutive(shape: tuple[int, ...], bounds: Sequence[tuple[int, int]]) -> bool:
    """Whether a block's elements follow each other in the whole: an `offset` tells where, and one pass over memory does."""
    of_one = 0  # leading axes along which the block is one element long
    while of_one < len(shape) and bounds[of_one][1] - bounds[of_one][0] == 1:
        of_one += 1
    return all(tuple(bound) == (0, length) for bound, length in zip(bounds[of_one + 1 :], shape[of_one + 1 :], strict=True))
