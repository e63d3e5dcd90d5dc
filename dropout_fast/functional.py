"""`dropout`: one call of engine fast."""

from typing import Any

import numpy as np
import numpy.typing as npt

from . import fast_stream
from .checks import as_counter, as_keep_prob, as_numeric_array, check_out, is_twin
from .entropy import fresh_seed
from .fast_mask import FastMask
from .fast_stream import KERNELS, Array, Key
from .mask import KeepMask, is_plain

FLOATING_KINDS = "fcV"  # V is bfloat16's


def dropout(
    x: npt.ArrayLike,
    keep_prob: float = 0.5,
    *,
    seed: int | None = None,
    step: int = 0,
    offset: int = 0,
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
    keep_prob : float, 0 to 1
        Probability of KEEPING an element, exact to 2**-64.
    seed, step : int, 0 to 2**64 - 1
        The mask is a function of them: count `step` up from call to call, and any call can be
        repeated. Without `seed`, a fresh one, which `mask.seed` remembers.
    offset : int, 0 to 2**62 - 1
        Flat index of x's first element, where x is a shard of a larger array: each shard gets the
        bits that the whole array would get, wherever it is cut.
    out : ndarray, optional
        Where the result goes: ``out=x`` (in place), or an array apart of x's shape and dtype. A new
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
        x holds no floats, `out` is no array, or another argument is not of the type above.
    ValueError
        An argument is out of its range, or `out` has another shape or dtype than x, is read-only, or
        overlaps x in part.

    Notes
    -----
    Seeding: `np.random` is neither read nor moved. Parallelism: large arrays are shared out among
    Numba's threads. Stream: a keep bit is a function of (seed, step, keep_prob, offset + flat C-order
    index) and of nothing else: not of threads, processor, dtype, memory layout, or `out`. In half
    formats the product is computed in float32 and rounded.

    References
    ----------
    J. Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC11 (2011), starts each chunk of the
    stream; D. Blackman, S. Vigna, "Scrambled Linear Pseudorandom Number Generators", ACM TOMS 47(4) (2021), continues it.
    """
    # What is as usual is seen here, where it takes half a microsecond less than in functions of their own.
    array: Any = x
    if seed is None:
        seed = fresh_seed()
    kernels = KERNELS.get(array.dtype) if type(array) is np.ndarray and array.flags.carray else None
    if (
        kernels is not None
        and type(keep_prob) is float
        and 0.0 <= keep_prob <= 1.0
        and type(seed) is int
        and 0 <= seed < 2**64
        and type(step) is int
        and 0 <= step < 2**64
        and type(offset) is int
        and 0 <= offset < 2**62
        and (out is None or out is array or is_twin(out, array))
    ):
        key = (seed, step, offset, keep_prob)
        if out is None:
            out = np.empty(array.shape, array.dtype)
        bits = fast_stream.draw_and_scale(kernels, array, key, True, out, store_mask)
        return out, FastMask(bits, array.shape, key, True)
    array = as_numeric_array("x", array)
    if array.dtype.kind not in FLOATING_KINDS:
        raise TypeError(f"`x` has dtype {array.dtype}; expected floats. Use x.astype(np.float32).")
    keep_prob = float(as_keep_prob("keep_prob", keep_prob))
    seed, step = as_counter("seed", seed, 64), as_counter("step", step, 64)
    offset = as_counter("offset", offset, 62)
    if out is not None:
        check_out(out, "x", array)
    return forward(array, (seed, step, offset, keep_prob), True, out, store_mask)


def forward(x: Array, key: Key, scaled: bool, out: Array | None, store_mask: bool) -> tuple[Any, KeepMask]:
    """Dropout by arguments that have been checked: in one pass where a kernel can, else draw and then multiply."""
    kernels = fast_stream.kernels_for(x.dtype)
    if kernels is not None and is_plain(x) and (out is None or out is x or is_plain(out)):
        if out is None:
            out = np.empty(x.shape, x.dtype)
        bits = fast_stream.draw_and_scale(kernels, x, key, scaled, out, store_mask)
        return out, FastMask(bits, x.shape, key, scaled)
    if out is None:
        np.empty(x.shape, x.dtype)  # lack of memory shows before the work of drawing
    mask = FastMask(fast_stream.draw(key, x.shape) if store_mask else None, x.shape, key, scaled)
    return mask.multiply(x, out), mask


def pass_on(name: str, x: Any, out: Array | None) -> Any:
    """What dropout is where nothing is dropped: x itself, or in `out`; `name` is x's in a complaint."""
    if out is None or out is x:
        return x
    x = as_numeric_array(name, x)
    check_out(out, name, x)
    np.copyto(out, x)
    return out
