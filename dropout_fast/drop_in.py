"""dropout_forward and dropout_backward: the signatures, and the numbers, of the NumPy code that people have."""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from . import _dispatch
from ._small import apply_small, forward_of_fast, forward_of_numpy, forward_of_rng
from ._validate import (
    NUMERIC_KINDS,
    as_counter,
    as_noise_shape,
    as_numeric_array,
    as_probability,
    check_form,
    check_out,
    check_rng,
    check_shape,
    is_usable_out,
    refuse_beside_rng,
    shown,
)
from .forms.form import NumpyForm
from .forms.named import CS231N, VANILLA
from .functional import pass_through
from .mask import KeepMask
from .streams.counter import COUNTER
from .streams.numpy_generators import numpy_stream
from .streams.rounding import NUMPY, ZERO, apply_form_by_numpy
from .streams.seeds import fresh_seed

MODES = ("train", "test")
ENGINES = ("numpy", "fast")
DX_DTYPES = ("dout", "float64")

#: The keys that we read.
KEYS = frozenset(("p", "rate", "mode", "seed", "step", "rng", "form", "noise_shape", "scale_at", "engine", "dx_dtype"))

#: The forms that "scale_at" names.
FORMS = {"train": CS231N, "test": VANILLA}

#: Keys that people write where they mean one of `KEYS`, in lower case; besides those that differ from it in case or a "_" only.
NEAR_MISSES = {
    "keep_prob": "p",
    "keepprob": "p",
    "prob": "p",
    "scale": "scale_at",
}

_ndarray = np.ndarray  # looked up once: as an attribute it takes 0.1 us more where the caches are cold
_MASKS = (KeepMask, np.ndarray, float, bool, np.generic)  # for a 0-d x the NumPy code's mask is no array


def dropout_forward(
    x: npt.ArrayLike, dropout_param: Mapping[str, Any], *, out: npt.NDArray[Any] | None = None
) -> tuple[Any, tuple[Mapping[str, Any], KeepMask | None]]:
    """Forward pass of dropout: the NumPy code's values, bit for bit.

    Parameters
    ----------
    x : array_like, any shape
        float32 and float64 take the kernels; other numbers give the same values as NumPy, by NumPy.
    dropout_param : mapping
        - ``"p"``: probability of KEEPING an element, in (0, 1]; in engine "fast" it may be 0.
        - ``"rate"`` (in the place of "p"): probability of dropping an element, in [0, 1).
        - ``"mode"``: "train" drops; "test" returns x.
        - ``"seed"`` (optional): given to `np.random.seed` first, in either mode. In engine "fast", the seed of
          `dropout`, an int or None.
        - ``"step"`` (optional): in engine "fast", the step of `dropout`, 0 by default. With a seed, count it up from call to
          call: each seed and step have one mask.
        - ``"rng"`` (optional): `np.random`, the default, or a Generator or RandomState to draw from, exactly what
          ``rng.random(x.shape)`` or ``rng.rand(*x.shape)`` would. Not together with "seed", "step", or engine "fast".
        - ``"form"`` (optional): a `dropout_fast.forms.NumpyForm`: draw, compare and scale as this form of NumPy code does. Not
          together with "scale_at" or engine "fast".
        - ``"scale_at"`` (optional): "train" divides kept elements by p; "test" is the older form, in
          which training does not scale and mode "test" returns ``x * p``: that of `forms.VANILLA`.
        - ``"noise_shape"`` (optional): as for `dropout`: draw a mask of this shape only, and broadcast it to x's.
        - ``"engine"`` (optional): "numpy", the stream of `np.random`, or "fast", that of `dropout`, which neither
          reads nor moves `np.random`.
        - ``"dx_dtype"`` (optional): for `dropout_backward`: "dout", the default, or "float64".

        Other keys are ignored, except those that are close to one of these, "Seed" or "keep_prob" say: they are errors.
    out : ndarray, optional
        Where the result goes: ``out=x`` (in place), or a separate array of x's shape and dtype. A new
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
        x holds no numbers, `dropout_param` is no mapping, p is no number or stands beside "rate", "rng" is no generator, "form" no
        form, either stands beside what it excludes, or `out` is no array.
    ValueError
        p is out of its range; p (or rate) or mode is missing; the value of another key is unknown or out of its range; a key is
        misspelt; x is ragged; `out` has another shape or dtype than x, is read-only, or overlaps x in part. Nothing is drawn
        then.

    Notes
    -----
    Engine "numpy" draws from `np.random` exactly what ``np.random.rand(*x.shape)`` would, and holds its
    lock meanwhile, so calls may be interleaved with any others; with "rng" it does so with that generator. In engine "fast" a
    seed gives the same mask in every call, and no seed a fresh one; dropped elements are +0 whatever x holds. Large arrays are
    shared out among threads; the values do not depend on how many. Overflow and invalid values give the same inf and
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
    # Nothing but p and mode, of the usual types: here, as in `_read`, usual values are recognised without a call.
    if type(x) is _ndarray and type(dropout_param) is dict and len(dropout_param) == 2:
        p, mode = dropout_param.get("p"), dropout_param.get("mode")
        if type(p) is float and 0.0 < p <= 1.0 and type(mode) is str:
            if mode == "train" and (out is None or is_usable_out(out, x)):
                mask = KeepMask(x.shape, p, CS231N, NUMPY, None)
                result = forward_of_numpy(mask, x, out)
                if result is None and x.dtype.kind in NUMERIC_KINDS:
                    stream, key_of_numpy, mask._rounding = numpy_stream(None, x.shape, CS231N, p)
                    result = _dispatch.forward(stream, key_of_numpy, mask, x, out)
                if result is not None:
                    return result, (dropout_param, mask)
            elif mode == "test" and out is None and x.dtype.kind in NUMERIC_KINDS:
                return x, (dropout_param, None)
    (p, rate), mode, form, engine = _read(dropout_param)
    if type(x) is not np.ndarray or x.dtype.kind not in NUMERIC_KINDS:
        x = as_numeric_array("x", x)
    if out is not None:
        check_out(out, "x", x)
    drawn_shape = as_noise_shape("dropout_param['noise_shape']", dropout_param.get("noise_shape"), x.shape)
    if mode == "test":
        if out is None and form.scale and "seed" not in dropout_param and "step" not in dropout_param:
            return x, (dropout_param, None)
        return _forward_of_test(x, dropout_param, p, form, engine, out), (dropout_param, None)
    if engine == "fast":
        key = (*_seed_and_step(dropout_param), 0, float(p))
        mask = KeepMask(x.shape, key[3], form, ZERO, key, drawn_shape=drawn_shape)
        is_usual = form is CS231N and type(x) is np.ndarray and drawn_shape is None
        result = forward_of_fast(mask, x, key, out) if is_usual else None
        if result is None:
            result = _dispatch.forward(COUNTER, key, mask, x, out)
    else:
        if "seed" in dropout_param:
            if out is None:
                np.empty(x.shape, x.dtype)  # a lack of memory shows before `np.random` is seeded
            _seed_numpy(dropout_param)
        rng, mask = dropout_param.get("rng"), KeepMask(x.shape, p, form, NUMPY, None, drawn_shape=drawn_shape)
        is_plain = type(x) is np.ndarray and drawn_shape is None
        is_usual = is_plain and type(p) is float and (rate is None or type(rate) is float)
        result = forward_of_rng(mask, rng or np.random, 1.0 - p if rate is None else rate, x, out) if is_usual else None
        if result is None:
            stream, key_of_numpy, mask._rounding = numpy_stream(rng, mask._shape_of_bits(), form, p, rate)
            result = _dispatch.forward(stream, key_of_numpy, mask, x, out)
    return result, (dropout_param, mask)


def dropout_backward(dout: npt.ArrayLike, cache: tuple[Any, Any], *, out: npt.NDArray[Any] | None = None) -> Any:
    """Backward pass of dropout: the gradient with respect to x.

    Parameters
    ----------
    dout : array_like, the forward's shape
        Gradient with respect to the forward's out.
    cache : tuple
        ``(dropout_param, mask)`` from `dropout_forward`. The mask may also be an array, as NumPy code makes it: one of floats
        is the factor itself; one of booleans says what was kept, and is divided by ``dropout_param["p"]`` unless
        ``dropout_param["scale_at"]`` is "test". With ``dropout_param["form"]`` an array is the mask of that form's code, or its
        booleans.
    out : ndarray, optional
        Where the result goes: ``out=dout`` (in place), or a separate array of dout's shape; its dtype is
        dout's, or float64 for a float32 dout, which gives the unrounded product of the NumPy code.

    Returns
    -------
    ndarray
        `out` if given. In mode "train" ``dout * mask`` in dout's dtype (integers and booleans
        become floats), or, with ``dropout_param["dx_dtype"] = "float64"``, in the dtype that NumPy gives it; in mode "test"
        dout itself.

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
    becomes float64, which doubles the cost of all that follows. Here dx keeps dout's dtype, so the losses of a
    float32 training run part from those of the NumPy code at the second step. ``dropout_param["dx_dtype"] = "float64"`` gives
    the very numbers of the NumPy code.

    Examples
    --------
    >>> import numpy as np
    >>> out, cache = dropout_forward(np.ones(4), {"p": 0.5, "mode": "train", "seed": 3})
    >>> dropout_backward(np.array([1.0, 2.0, 3.0, 4.0]), cache)
    array([0., 0., 6., 0.])
    """
    # The usual case, without the calls below: they take as long as NumPy needs for a small array.
    if type(cache) is tuple and len(cache) == 2:
        dropout_param, mask = cache
        if (
            type(dropout_param) is dict
            and dropout_param.get("mode") == "train"
            and "dx_dtype" not in dropout_param
            and type(mask) is KeepMask
        ):
            dx = apply_small(mask, dout, out)
            if dx is not None:
                return dx
            if (
                type(dout) is np.ndarray
                and dout.shape == mask.shape
                and dout.dtype.kind in NUMERIC_KINDS
                and (out is None or is_usable_out(out, dout))
            ):
                return _dispatch.apply(mask, dout, out)
    mode, mask, dropout_param = _read_cache(cache)
    dout = as_numeric_array("dout", dout)
    if mode == "test":
        return pass_through("dout", dout, out)
    is_ours = isinstance(mask, KeepMask)
    if not is_ours and dropout_param.get("noise_shape") is not None:
        mask = _broadcast(np.asarray(mask), dropout_param, dout.shape)
    factor = mask if is_ours else np.asarray(mask)
    check_shape("dout", dout, factor.shape)
    form = mask._form if is_ours else _read_form(dropout_param)
    if not is_ours and factor.dtype == np.bool_ and form.scale == "mask":
        mask = factor = factor / _read_p(dropout_param)[0]
    if out is not None:
        check_out(out, "dout", dout, factor)
    elif dropout_param.get("dx_dtype", "dout") != "dout":
        _one_of("dx_dtype", dropout_param["dx_dtype"], DX_DTYPES)
        out = np.empty(dout.shape, np.result_type(dout.dtype, factor.dtype))
    if is_ours:
        return _dispatch.apply(mask, dout, out)
    keep_prob = _read_p(dropout_param)[0] if form.scale in ("divide", "multiply") else None
    return apply_form_by_numpy(dout, mask, form, keep_prob, out)


def _broadcast(mask: npt.NDArray[Any], dropout_param: Mapping[str, Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """An array of the noise shape broadcast; another one as it is."""
    drawn_shape = as_noise_shape("dropout_param['noise_shape']", dropout_param["noise_shape"], shape)
    return mask if drawn_shape is None or mask.shape != drawn_shape else np.broadcast_to(mask, shape)


def _forward_of_test(
    x: npt.NDArray[Any], dropout_param: Mapping[str, Any], p: Any, form: NumpyForm, engine: str, out: npt.NDArray[Any] | None
) -> Any:
    """Mode "test": x, or ``x * p`` where training does not scale. The seed is checked, or given to NumPy, as in mode "train"."""
    if engine == "fast":
        _seed_and_step(dropout_param)
    elif "seed" in dropout_param:
        _seed_numpy(dropout_param)
    result = x if form.scale else (x * p).astype(x.dtype, copy=False)
    if out is None or out is result:
        return result
    np.copyto(out, result)
    return out


def _read(dropout_param: Mapping[str, Any]) -> tuple[tuple[Any, Any], str, NumpyForm, str]:
    """The probabilities of keeping and dropping (the latter None where it follows), mode, form and engine."""
    if type(dropout_param) is not dict and not isinstance(dropout_param, Mapping):  # the second alone takes 0.1 us
        raise TypeError(f"`dropout_param` has type {type(dropout_param).__name__}; expected a dict with 'p' and 'mode'.")
    p, mode, engine, form = dropout_param.get("p"), dropout_param.get("mode"), "numpy", CS231N
    probabilities = p, None
    if len(dropout_param) > 2 or p is None or mode is None:
        if not KEYS.issuperset(dropout_param):
            _refuse_near_misses(dropout_param)
        engine = _one_of("engine", dropout_param.get("engine", engine), ENGINES)
        form = _read_form(dropout_param)
        _one_of("dx_dtype", dropout_param.get("dx_dtype", "dout"), DX_DTYPES)
        if dropout_param.get("rng") is not None:
            _check_rng(dropout_param, engine)
    if type(p) is not float or not 0.0 < p <= 1.0 or "rate" in dropout_param:
        probabilities = _read_p(dropout_param, may_keep_none=engine == "fast" or form.scale is None)
    if type(mode) is not str or (mode != "train" and mode != "test"):
        mode = _read_mode(dropout_param)
    return probabilities, mode, form, engine


def _read_form(dropout_param: Mapping[str, Any]) -> NumpyForm:
    form = dropout_param.get("form")
    if form is None:
        return FORMS[_one_of("scale_at", dropout_param.get("scale_at", "train"), MODES)]
    check_form("dropout_param['form']", form, dropout_param.get("rng"))
    for key, value in (("scale_at", dropout_param.get("scale_at")), ("engine", dropout_param.get("engine"))):
        if key in dropout_param and value != "numpy":
            raise TypeError(
                f"`dropout_param[{key!r}]` is {shown(value)}, and `dropout_param['form']` is given; expected one or the other, "
                "because a form says where the NumPy code scales."
            )
    return cast("NumpyForm", form)


def _check_rng(dropout_param: Mapping[str, Any], engine: str) -> None:
    check_rng("dropout_param['rng']", dropout_param["rng"])
    if "seed" in dropout_param or "step" in dropout_param or engine == "fast":
        values = {f"dropout_param[{key!r}]": dropout_param[key] for key in ("seed", "step") if key in dropout_param}
        refuse_beside_rng("dropout_param['rng']", values | ({"dropout_param['engine']": engine} if engine == "fast" else {}))


def _refuse_near_misses(dropout_param: Mapping[str, Any]) -> None:
    for key in dropout_param:
        if isinstance(key, str) and key not in KEYS:
            plain = key.lower().replace("-", "_")
            meant = NEAR_MISSES.get(plain) or next(
                (known for known in KEYS if known.replace("_", "") == plain.replace("_", "")), None
            )
            if meant is not None:
                raise ValueError(f"`dropout_param` has the key {key!r}; expected {meant!r}, if that is meant.")


def _read_p(dropout_param: Mapping[str, Any], *, may_keep_none: bool = False) -> tuple[Any, Any]:
    """The probabilities of keeping and of dropping; the latter is None where "p" is given."""
    if "rate" not in dropout_param:
        if "p" not in dropout_param:
            raise ValueError(f"`dropout_param` has no 'p', only {list(dropout_param)}; expected the probability of keeping.")
        return as_probability("dropout_param['p']", dropout_param["p"], "[0, 1]" if may_keep_none else "(0, 1]"), None
    if "p" in dropout_param:
        given = ", ".join(f"`dropout_param[{key!r}]` is {shown(dropout_param[key])}" for key in ("p", "rate"))
        raise TypeError(f"{given}; expected one of the two: the probability of keeping, or of dropping.")
    interval = "[0, 1]" if may_keep_none else "[0, 1)"
    rate = as_probability("dropout_param['rate']", dropout_param["rate"], interval, meaning="dropping")
    return 1 - rate, rate


def _read_mode(dropout_param: Mapping[str, Any]) -> str:
    if "mode" not in dropout_param:
        raise ValueError(f"`dropout_param` has no 'mode', only {list(dropout_param)}; expected 'train' or 'test'.")
    return _one_of("mode", dropout_param["mode"], MODES)


def _one_of(key: str, value: Any, known: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"`dropout_param[{key!r}]` is {shown(value)}; expected {' or '.join(map(repr, known))}.")
    return value


def _seed_and_step(dropout_param: Mapping[str, Any]) -> tuple[int, int]:
    """Of engine fast."""
    seed, step = dropout_param.get("seed"), dropout_param.get("step", 0)
    seed = fresh_seed() if seed is None else as_counter("dropout_param['seed']", seed, 64)
    return seed, as_counter("dropout_param['step']", step, 64)


def _seed_numpy(dropout_param: Mapping[str, Any]) -> None:
    seed = dropout_param["seed"]
    try:
        np.random.seed(seed)
    except (TypeError, ValueError) as error:
        raise type(error)(f"`dropout_param['seed']` is {shown(seed)}; np.random.seed says: {error}") from error


def _read_cache(cache: Any) -> tuple[str, Any, Mapping[str, Any]]:
    if not isinstance(cache, (tuple, list)) or len(cache) != 2 or not isinstance(cache[0], Mapping):
        raise TypeError(f"`cache` is {_in_brief(cache)}; expected (dropout_param, mask) from dropout_forward.")
    dropout_param, mask = cache
    mode = _read_mode(dropout_param)
    if mode == "train" and not isinstance(mask, _MASKS):
        problem = ValueError if mask is None else TypeError
        raise problem(f"`cache` holds the mask {_in_brief(mask)} in mode 'train'; expected a KeepMask or an array.")
    return mode, mask, dropout_param


def _in_brief(value: Any) -> str:
    if value is None:
        return "None"
    size = f" of {len(value)}" if isinstance(value, (tuple, list)) else ""
    return f"a {type(value).__name__}{size}"
