"""`dropout`: one call of engine fast, or of NumPy's draws where a generator is given."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _dispatch
from ._draws import draws
from ._small import forward_of_fast, forward_of_rng
from ._validate import (
    DEFAULT_KEEP_PROB,
    as_counter,
    as_floating_array,
    as_numeric_array,
    both_probabilities,
    check_form_has_rng,
    check_keeps_some,
    check_out,
    check_rng,
    is_usable_out,
    one_probability,
    refuse_beside_rng,
    refuse_positional,
)
from .forms.form import NumpyForm
from .forms.named import CS231N
from .mask import KeepMask
from .streams.counter import COUNTER
from .streams.numpy_generators import numpy_stream
from .streams.rounding import NUMPY, ZERO
from .streams.seeds import fresh_seed

#: Dtypes of the arrays that take the shortest way through the checks.
_USUAL = frozenset((np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.float16)))


def dropout(
    x: npt.ArrayLike,
    *positional: Any,
    keep_prob: float | None = None,
    rate: float | None = None,
    seed: int | None = None,
    step: int = 0,
    offset: int = 0,
    rng: Any = None,
    form: NumpyForm | None = None,
    noise_shape: Sequence[int | None] | None = None,
    region: Any = None,
    out: npt.NDArray[Any] | None = None,
    store_mask: bool = True,
) -> tuple[Any, KeepMask]:
    """Keep each element with probability `keep_prob`, divided by it; the others become +0.

    >>> import numpy as np
    >>> from dropout_fast import dropout
    >>> out, mask = dropout(np.ones((2, 4), np.float32), keep_prob=0.5, seed=3)
    >>> out
    array([[0., 2., 2., 0.],
           [0., 0., 0., 2.]], dtype=float32)
    >>> mask.apply(np.full((2, 4), 10.0))  # the backward
    array([[ 0., 20., 20.,  0.],
           [ 0.,  0.,  0., 20.]])

    Parameters
    ----------
    x : array_like of floats, any shape
        float16, bfloat16 (of ml_dtypes), float32 and float64 take the kernels; complex numbers, long
        doubles and subclasses of ndarray are multiplied by NumPy.
    *positional
        Must be empty: all other arguments are keywords, because PyTorch and Keras mean the probability of dropping where
        NumPy code means that of keeping.
    keep_prob : float, 0 to 1
        Probability of KEEPING an element, exact to 2**-64; 0.5 where neither this nor `rate` is given.
    rate : float, 0 to 1
        Probability of dropping an element, in the place of `keep_prob`, which is then ``1.0 - rate``.
    seed, step : int, 0 to 2**64 - 1
        The mask is a function of them: count `step` up from call to call, and any call can be
        repeated. Without `seed`, a fresh one, which `mask.seed` remembers.
    offset : int, 0 to 2**62 - 1
        Flat index of x's first element, where x is a shard of a larger array: each shard gets the
        bits that the whole array would get, wherever it is cut.
    rng : np.random, numpy.random.Generator or numpy.random.RandomState, optional
        Draw from this generator, under its lock, exactly what ``rng.random(x.shape)`` would (``np.random.rand(*x.shape)`` for
        `np.random` and a RandomState), and give the numbers of the NumPy code: see Notes. Its state is then what that call would
        leave. `seed`, `step`, `offset` and ``store_mask=False`` are refused beside it, because it can draw nothing again.
    form : dropout_fast.forms.NumpyForm, optional
        With `rng`: draw, compare and scale as this form of NumPy code does. None is ``forms.CS231N``.
    noise_shape : tuple of int or None, optional
        Draw a mask of this shape only, and broadcast it to x's, as in Keras: each length is 1, where elements share a bit, or x's
        own, which None stands for. ``(1, None)`` drops whole columns of a matrix, and ``(None, None, 1, 1)`` whole maps of images.
        Fewer axes than x's are the last ones, as in NumPy. With `rng` exactly ``rng.random(noise_shape)`` is drawn, and `offset`
        is the flat index in the array of that shape.
    region : (shape, index), optional
        x is this block of a larger array, and gets the bits that the whole would get: the larger array's shape, and where x lies in
        it, as a slice or (start, stop) for each axis: ``((1000, 1000), np.s_[:, 128:256])``, or of Dask's ``block_info[0]``
        ``(info["shape"], info["array-location"])``. A `noise_shape` is the larger array's then. Engine fast only: a generator
        cannot skip to the bits of a block.
    out : ndarray, optional
        Where the result goes: ``out=x`` (in place), or a separate array of x's shape and dtype. A new
        large array costs more than the computation: pass `out` in a training loop.
    store_mask : bool
        False: the mask holds no bits, and `apply` draws them again; its memory is a constant.

    Returns
    -------
    out : ndarray, x's shape and dtype
        `out` if given.
    mask : KeepMask
        ``mask.apply(dout)`` is the backward, and ``mask.apply(a)`` the forward of another array.

    Raises
    ------
    TypeError
        x holds no floats, `out` is no array, both `keep_prob` and `rate` are given, one is given by position, `rng` is given
        together with what it excludes, `form` is given without it, `region` beside `rng` or `offset`, or another argument is not
        of the type above.
    ValueError
        An argument is out of its range, nothing can be kept although `rng` is given, `noise_shape` does not broadcast to x's
        shape, `region` is no block of that shape, or `out` has another shape or dtype than x, is read-only, or overlaps x in part.

    Notes
    -----
    Seeding: `np.random` is neither read nor moved. Parallelism: Numba's threads share large arrays. Stream: a keep bit is a
    function of (seed, step, keep_prob, offset + flat C-order index) and of nothing else: not of threads, processor, dtype,
    memory layout, or `out`. For half formats the product is computed in float32 and rounded.

    With `noise_shape` the mask holds one bit for each element of that shape, and the kernels repeat them. With `region` the bits of
    x are drawn first, and applied in a second walk; what the generator must skip between two rows of the block costs time too.

    With `rng` all this is NumPy's: elements are kept where a draw is below keep_prob, and the result is
    ``x * ((draws < keep_prob) / keep_prob)`` rounded to x's dtype, so that a dropped NaN stays NaN. A `form` changes both.
    Bit generators MT19937, PCG64 and PCG64DXSM are drawn by kernels, float32 and float64 arrays in one pass; others by the C
    functions with which NumPy draws.

    References
    ----------
    J. Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC11 (2011), starts each chunk of the
    stream; D. Blackman, S. Vigna, "Scrambled Linear Pseudorandom Number Generators", ACM TOMS 47(4) (2021), continues it.
    """
    # The usual arguments are recognised here: calls of the checks below would take half a microsecond more.
    array: Any = x
    if noise_shape is not None or region is not None:
        if positional:
            refuse_positional("dropout(x, ...)", positional)
        if rng is not None:
            refuse_beside_rng("rng", {"store_mask": bool(store_mask)}, {"store_mask": True})
        array = as_floating_array("x", array)
        stream, stream_key, mask = draws(array.shape, keep_prob, rate, seed, step, offset, rng, form, noise_shape, region)
        if out is not None:
            check_out(out, "x", array)
        return _dispatch.forward(stream, stream_key, mask, array, out, store_mask), mask
    if rng is not None:
        if not (seed is None and type(step) is type(offset) is int and step == offset == 0 and store_mask):
            values = {"seed": seed, "step": step, "offset": offset, "store_mask": bool(store_mask)}
            refuse_beside_rng("rng", values, {"seed": None, "step": 0, "offset": 0, "store_mask": True})
        return _dropout_by_rng(array, positional, keep_prob, rate, rng, form, out)
    if form is not None:
        check_form_has_rng(form, rng)
    if seed is None:
        seed = fresh_seed()
    if keep_prob is None and (rate is None or (type(rate) is float and 0.0 <= rate <= 1.0)):
        keep_prob, rate = DEFAULT_KEEP_PROB if rate is None else 1.0 - rate, None
    if not (
        type(keep_prob) is float
        and 0.0 <= keep_prob <= 1.0
        and rate is None
        and not positional
        and type(array) is np.ndarray
        and array.dtype in _USUAL
        and type(seed) is int
        and 0 <= seed < 2**64
        and type(step) is int
        and 0 <= step < 2**64
        and type(offset) is int
        and 0 <= offset < 2**62
        and (out is None or is_usable_out(out, array))
    ):
        if positional:
            refuse_positional("dropout(x, ...)", positional)
        array = as_floating_array("x", array)
        keep_prob = one_probability(keep_prob, rate)
        seed, step = as_counter("seed", seed, 64), as_counter("step", step, 64)
        offset = as_counter("offset", offset, 62)
        if out is not None:
            check_out(out, "x", array)
    key = (seed, step, offset, keep_prob)
    mask = KeepMask(array.shape, keep_prob, CS231N, ZERO, key)
    if store_mask and type(array) is np.ndarray:
        result = forward_of_fast(mask, array, key, out)
        if result is not None:
            return result, mask
    return _dispatch.forward(COUNTER, key, mask, array, out, store_mask), mask


def _dropout_by_rng(
    x: Any, positional: tuple[Any, ...], keep_prob: Any, rate: Any, rng: Any, form: Any, out: npt.NDArray[Any] | None
) -> tuple[Any, KeepMask]:
    """`dropout` where `rng` is given: the numbers of the NumPy code."""
    if not (
        type(keep_prob) is float  # the usual, as in `dropout`
        and form is None
        and 0.0 < keep_prob <= 1.0
        and rate is None
        and not positional
        and type(rng) is np.random.Generator
        and type(x) is np.ndarray
        and x.dtype in _USUAL
        and (out is None or is_usable_out(out, x))
    ):
        if positional:
            refuse_positional("dropout(x, ...)", positional)
        check_rng("rng", rng)
        if form is not None:
            check_form_has_rng(form, rng)
        x = as_floating_array("x", x)
        of_keeping, of_dropping = both_probabilities(keep_prob, rate)
        check_keeps_some(of_keeping, rate, form)
        keep_prob, rate = of_keeping, of_dropping
        if out is not None:
            check_out(out, "x", x)
    form = form or CS231N
    if rate is None:
        rate = 1.0 - keep_prob
    mask = KeepMask(x.shape, keep_prob, form, NUMPY, None)
    if type(x) is np.ndarray:
        result = forward_of_rng(mask, rng, rate, x, out)
        if result is not None:
            return result, mask
    stream, key, mask._rounding = numpy_stream(rng, x.shape, form, keep_prob, rate)
    return _dispatch.forward(stream, key, mask, x, out), mask


def pass_through(name: str, x: Any, out: npt.NDArray[Any] | None) -> Any:
    """What dropout is where nothing is dropped: x itself, or a copy in `out`; `name` is x's in a complaint."""
    if out is None or out is x:
        return x
    x = as_numeric_array(name, x)
    check_out(out, name, x)
    np.copyto(out, x)
    return out
