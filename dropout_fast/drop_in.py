"""dropout_forward and dropout_backward: the signatures, and the numbers, of the NumPy code people have."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from . import functional, numpy_mask
from .checks import NUMERIC_KINDS, as_counter, as_keep_prob, as_numeric_array, check_out, check_shape, shown
from .entropy import fresh_seed
from .mask import KeepMask

MODES = ("train", "test")
ENGINES = ("numpy", "fast")

_MASKS = (KeepMask, np.ndarray, float, bool, np.generic)  # of 0-d x the NumPy code's mask is no array


def dropout_forward(
    x: npt.ArrayLike, dropout_param: Mapping[str, Any], *, out: npt.NDArray[Any] | None = None
) -> tuple[Any, tuple[Mapping[str, Any], KeepMask | None]]:
    """Forward pass of dropout: the NumPy code's values, bit for bit.

    Parameters
    ----------
    x : array_like, any shape
        float32 and float64 take the kernels; other numbers give the same values as NumPy, by NumPy.
    dropout_param : mapping
        - ``"p"``: probability of KEEPING an element, in (0, 1].
        - ``"mode"``: "train" drops; "test" returns x.
        - ``"seed"`` (optional): given to `np.random.seed` first, in either mode. In engine "fast", the seed of
          `dropout`, an int or None.
        - ``"scale_at"`` (optional): "train" divides kept elements by p; "test" is the older form, in
          which training does not scale and mode "test" returns ``x * p``.
        - ``"engine"`` (optional): "numpy", the stream of `np.random`, or "fast", that of `dropout`, which neither
          reads nor moves `np.random`.

        Other keys are ignored.
    out : ndarray, optional
        Where the result goes: ``out=x`` (in place), or an array apart of x's shape and dtype. A new
        large array costs more than the computation: pass `out` in a training loop.

    Returns
    -------
    out : ndarray, x's shape and dtype
        `out` if given. In mode "test" without `out`, x itself (or ``x * p``, see above).
    cache : tuple
        ``(dropout_param, mask)`` for `dropout_backward`; the mask is a `KeepMask`, or None in mode "test".

    Raises
    ------
    TypeError
        x holds no numbers, `dropout_param` is no mapping, p is no number, or `out` is no array.
    ValueError
        p is outside (0, 1]; p or mode is missing; mode, engine or scale_at is unknown; x is ragged; `out`
        has another shape or dtype than x, is read-only, or overlaps x in part. Nothing is drawn then.

    Notes
    -----
    Engine "numpy" draws from `np.random` exactly what ``np.random.rand(*x.shape)`` would, and holds its
    lock meanwhile, so calls may be interleaved with any others. In engine "fast" a seed gives the same mask
    in every call, and no seed a fresh one; dropped elements are +0 whatever x holds. Large arrays are shared out among
    threads; the values do not depend on how many. Overflow and invalid values give the same inf and
    NaN as NumPy, without its RuntimeWarning.

    References
    ----------
    N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov, "Dropout: A Simple Way to
    Prevent Neural Networks from Overfitting", JMLR 15 (2014).

    Examples
    --------
    >>> import numpy as np
    >>> x = np.ones((2, 4), np.float32)
    >>> out, cache = dropout_forward(x, {"p": 0.5, "mode": "train", "seed": 0})
    >>> out
    array([[0., 0., 0., 0.],
           [2., 0., 2., 0.]], dtype=float32)
    """
    p, mode, scale_at, engine = _read(dropout_param)
    # Here as in `_read`, what is as usual is seen without a call of a function of its own: 0.1 us each.
    if type(x) is not np.ndarray or x.dtype.kind not in NUMERIC_KINDS:
        x = as_numeric_array("x", x)
    if out is not None:
        check_out(out, "x", x)
    # Asked for before anything is drawn: lack of memory leaves np.random as it was.
    room: Any = np.empty(x.shape, x.dtype) if out is None and mode == "train" and engine == "numpy" else out
    seed = _seed(dropout_param, engine)
    if mode == "test":
        result = (x * p).astype(x.dtype, copy=False) if scale_at == "test" else x
        if out is not None and out is not result:
            np.copyto(out, result)
        return result if out is None else out, (dropout_param, None)
    scaled = scale_at == "train"
    mask: KeepMask
    if engine == "fast":
        out, mask = functional.forward(x, (seed, 0, 0, float(p)), scaled, out, store_mask=True)
    else:
        out, mask = numpy_mask.forward(x, p, scaled, out, room)
    return out if out.dtype is x.dtype else out.astype(x.dtype, copy=False), (dropout_param, mask)


def dropout_backward(dout: npt.ArrayLike, cache: tuple[Any, Any], *, out: npt.NDArray[Any] | None = None) -> Any:
    """Backward pass of dropout: the gradient with respect to x.

    Parameters
    ----------
    dout : array_like, the forward's shape
        Gradient with respect to the forward's out.
    cache : tuple
        ``(dropout_param, mask)`` from `dropout_forward`; the mask may also be an array, as NumPy code makes it.
    out : ndarray, optional
        Where the result goes: ``out=dout`` (in place), or an array apart of dout's shape; its dtype is
        dout's, or float64 for a float32 dout, which gives the unrounded product of the NumPy code.

    Returns
    -------
    ndarray
        `out` if given. In mode "train" ``dout * mask`` in dout's dtype (integers and booleans
        become floats); in mode "test" dout itself.

    Raises
    ------
    TypeError
        dout holds no numbers, `cache` is not of this form, or `out` is no array.
    ValueError
        dout has another shape than the forward's x, `cache` has no mask for mode "train" or no known mode,
        or `out` has another shape or dtype than it must, is read-only, or overlaps dout in part.

    Notes
    -----
    The one deliberate difference from the NumPy code: there, a float32 dout times the float64 mask
    becomes float64, which doubles the cost of all that follows. Here dx keeps dout's dtype.

    Examples
    --------
    >>> import numpy as np
    >>> out, cache = dropout_forward(np.ones(4), {"p": 0.5, "mode": "train", "seed": 3})
    >>> dropout_backward(np.array([1.0, 2.0, 3.0, 4.0]), cache)
    array([0., 0., 6., 0.])
    """
    mode, mask = _read_cache(cache)
    dout = as_numeric_array("dout", dout)
    if mode == "test":
        return functional.pass_on("dout", dout, out)
    factor = mask if isinstance(mask, KeepMask) else np.asarray(mask)
    check_shape("dout", dout, factor.shape)
    if out is not None:
        check_out(out, "dout", dout, factor)
    return mask.multiply(dout, out) if isinstance(mask, KeepMask) else numpy_mask.multiply_by_numpy(dout, mask, out)


def _read(dropout_param: Mapping[str, Any]) -> tuple[Any, str, str, str]:
    if type(dropout_param) is not dict and not isinstance(dropout_param, Mapping):  # the second alone takes 0.1 us
        raise TypeError(f"`dropout_param` has type {type(dropout_param).__name__}; expected a dict with 'p' and 'mode'.")
    if "p" not in dropout_param:
        raise ValueError(f"`dropout_param` has no 'p', only {list(dropout_param)}; expected the probability of keeping.")
    engine = _one_of("engine", dropout_param["engine"], ENGINES) if "engine" in dropout_param else "numpy"
    scale_at = _one_of("scale_at", dropout_param["scale_at"], MODES) if "scale_at" in dropout_param else "train"
    p, mode = dropout_param["p"], dropout_param.get("mode")
    if type(p) is not float or not 0.0 < p <= 1.0:
        p = as_keep_prob("dropout_param['p']", p, "(0, 1]")
    return p, mode if type(mode) is str and mode == "train" else _read_mode(dropout_param), scale_at, engine


def _read_mode(dropout_param: Mapping[str, Any]) -> str:
    if "mode" not in dropout_param:
        raise ValueError(f"`dropout_param` has no 'mode', only {list(dropout_param)}; expected 'train' or 'test'.")
    return _one_of("mode", dropout_param["mode"], MODES)


def _one_of(key: str, value: Any, known: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"`dropout_param[{key!r}]` is {shown(value)}; expected {' or '.join(map(repr, known))}.")
    return value


def _seed(dropout_param: Mapping[str, Any], engine: str) -> int:
    """Seed `np.random`, or return the seed of engine fast."""
    seed = dropout_param.get("seed")
    if engine == "fast":
        return fresh_seed() if seed is None else as_counter("dropout_param['seed']", seed, 64)
    if "seed" in dropout_param:
        try:
            np.random.seed(seed)
        except (TypeError, ValueError) as error:
            raise type(error)(f"`dropout_param['seed']` is {shown(seed)}; np.random.seed says: {error}") from error
    return 0


def _read_cache(cache: Any) -> tuple[str, Any]:
    if not isinstance(cache, (tuple, list)) or len(cache) != 2 or not isinstance(cache[0], Mapping):
        raise TypeError(f"`cache` is {_in_brief(cache)}; expected (dropout_param, mask) from dropout_forward.")
    mode, mask = _read_mode(cache[0]), cache[1]
    if mode == "train" and not isinstance(mask, _MASKS):
        problem = ValueError if mask is None else TypeError
        raise problem(f"`cache` holds the mask {_in_brief(mask)} in mode 'train'; expected a KeepMask or an array.")
    return mode, mask


def _in_brief(value: Any) -> str:
    if value is None:
        return "None"
    size = f" of {len(value)}" if isinstance(value, (tuple, list)) else ""
    return f"a {type(value).__name__}{size}"
