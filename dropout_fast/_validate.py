"""Checks of arguments: every complaint about arrays, probabilities and counters is made here."""

import math
import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .forms.form import NumpyForm
from .streams.region import Region
from .streams.seeds import fresh_seed

#: Booleans, integers, floats, complex numbers.
NUMERIC_KINDS = "biufc"

#: Floats and complex numbers; V is the kind of bfloat16.
FLOATING_KINDS = "fcV"

#: The probability of keeping where none is given.
DEFAULT_KEEP_PROB = 0.5

_NUMBERS = (float, int, np.floating, np.integer)


def as_numeric_array(name: str, value: Any) -> npt.NDArray[Any]:
    """`value` itself if it is an array of numbers, else the array that NumPy makes of it.

    Raises
    ------
    TypeError
        Where the elements are no numbers.
    ValueError
        Where NumPy finds no rectangular shape in it.
    """
    if type(value) is np.ndarray and value.dtype.kind in NUMERIC_KINDS:
        return value
    if isinstance(value, np.ndarray):
        array = value
    else:
        try:
            array = np.asarray(value)
        except (TypeError, ValueError) as error:
            raise type(error)(f"`{name}` of type {type(value).__name__} is not convertible to an array: {error}") from error
    if array.dtype.kind not in NUMERIC_KINDS and not is_bfloat16(array.dtype):
        kind = f"has dtype {array.dtype}" if array is value else f"is a {type(value).__name__} of dtype {array.dtype}"
        raise TypeError(f"`{name}` {kind}; expected an array of numbers, float32 or float64 for speed.")
    return array


def as_floating_array(name: str, value: Any) -> npt.NDArray[Any]:
    """`value` as `as_numeric_array` gives it, if its numbers are floats, complex numbers included.

    Raises
    ------
    TypeError, ValueError
        As `as_numeric_array`, and TypeError for integers and booleans.
    """
    array = as_numeric_array(name, value)
    if array.dtype.kind not in FLOATING_KINDS:
        raise TypeError(f"`{name}` has dtype {array.dtype}; expected floats. Use {name}.astype(np.float32).")
    return array


def is_bfloat16(dtype: np.dtype[Any]) -> bool:
    """Whether it is the dtype of the package ml_dtypes, which NumPy itself does not have."""
    return dtype.kind == "V" and dtype.name == "bfloat16"


def as_probability(name: str, value: Any, interval: str = "[0, 1]", meaning: str = "keeping") -> Any:
    """`value` if it is a number of that interval, ``"[0, 1]"``, ``"(0, 1]"`` or ``"[0, 1)"`` (of a 0-d array its element).

    Raises
    ------
    TypeError
        For what is no real number; booleans are none.
    ValueError
        For one outside, and for NaN.
    """
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    is_number = isinstance(value, _NUMBERS) and not isinstance(value, bool)
    if is_number and 0 <= value <= 1 and value != {"(0, 1]": 0, "[0, 1)": 1}.get(interval):
        return value
    complaint = f"`{name}` is {shown(value)}; expected a number in {interval}, the probability of {meaning}."
    raise (ValueError if is_number else TypeError)(complaint)


def one_probability(keep_prob: Any, rate: Any) -> float:
    """The probability of keeping, of which at most one form may be given.

    Raises
    ------
    TypeError
        Both are given, or what is given is no number.
    ValueError
        It is outside [0, 1].
    """
    return both_probabilities(keep_prob, rate)[0]


def both_probabilities(keep_prob: Any, rate: Any) -> tuple[float, float]:
    """The probabilities of keeping and of dropping, of which at most one may be given; errors as for `one_probability`."""
    if rate is None:
        keep_prob = DEFAULT_KEEP_PROB if keep_prob is None else float(as_probability("keep_prob", keep_prob))
        return keep_prob, 1.0 - keep_prob
    if keep_prob is not None:
        raise TypeError(f"`keep_prob` is {shown(keep_prob)} and `rate` is {shown(rate)}; expected one of the two.")
    rate = float(as_probability("rate", rate, meaning="dropping"))
    return 1.0 - rate, rate


def refuse_complex(name: str, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """`array` itself; raise TypeError for complex numbers, which have no order."""
    if array.dtype.kind == "c":
        raise TypeError(f"`{name}` has dtype {array.dtype}; expected real floats, because ReLU compares them with 0.")
    return array


def as_bias(value: Any, x: npt.NDArray[Any]) -> npt.NDArray[Any] | None:
    """`value` as an array that can be added to each row of x, or None.

    Raises
    ------
    TypeError
        It holds no numbers.
    ValueError
        It has not one number for each column, or not x's dtype.
    """
    return None if value is None else _like_x("bias", value, x, x.shape[-1:], "one number for each column of `x`")


def as_residual(value: Any, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """`value` as an array of x's shape and dtype.

    Raises
    ------
    TypeError
        It holds no numbers.
    ValueError
        It has another shape or dtype.
    """
    return _like_x("residual", value, x, x.shape, "the shape of `x`")


def _like_x(name: str, value: Any, x: npt.NDArray[Any], shape: tuple[int, ...], meaning: str) -> npt.NDArray[Any]:
    if type(value) is np.ndarray and value.dtype is x.dtype and value.shape == shape:
        return value
    array = as_numeric_array(name, value)
    if array.shape != shape:
        raise ValueError(f"`{name}` has shape {array.shape}; expected {shape}, {meaning}.")
    if array.dtype != x.dtype:
        raise ValueError(f"`{name}` has dtype {array.dtype}; expected {x.dtype}, the dtype of `x`. Use {name}.astype(x.dtype).")
    return array


def check_bias_gradient(value: Any, a: npt.NDArray[Any], others: tuple[Any, ...]) -> None:
    """Raise unless the sums of the columns of `a` can be written to `value`.

    Raises
    ------
    TypeError
        It is no array.
    ValueError
        It has not one number for each column, or not the dtype of `a`; it is read-only, or shares memory with itself or others.
    """
    if not isinstance(value, np.ndarray):
        raise TypeError(f"`bias_gradient` has type {type(value).__name__}; expected a numpy.ndarray or None.")
    _like_x("bias_gradient", value, a, a.shape[-1:], "one number for each column")
    check_out(value, "bias_gradient", value)
    for name, other in others:
        if other is not None:
            check_separate("bias_gradient", value, name, other)


def check_separate(name: str, array: npt.NDArray[Any], other_name: str, other: npt.NDArray[Any]) -> None:
    """Raise ValueError if two arrays share memory."""
    if array.flags.owndata and other.flags.owndata and array is not other:
        return
    if np.may_share_memory(array, other) and np.shares_memory(array, other):
        raise ValueError(f"`{name}` overlaps `{other_name}` in memory; expected separate arrays.")


def counter_key(keep_prob: Any, rate: Any, seed: Any, step: Any, offset: Any) -> tuple[int, int, int, float]:
    """Which bits of the counter stream: seed (a fresh one for None), step, offset, and the probability of keeping.

    Raises
    ------
    TypeError, ValueError
        As `one_probability` and `as_counter`.
    """
    if seed is None:
        seed = fresh_seed()
    # The usual arguments are recognised here: calls of the checks below would take half a microsecond more.
    if (
        type(keep_prob) is float
        and 0.0 <= keep_prob <= 1.0
        and rate is None
        and type(seed) is int
        and 0 <= seed < 2**64
        and type(step) is int
        and 0 <= step < 2**64
        and type(offset) is int
        and 0 <= offset < 2**62
    ):
        return seed, step, offset, keep_prob
    probability = one_probability(keep_prob, rate)
    return as_counter("seed", seed, 64), as_counter("step", step, 64), as_counter("offset", offset, 62), probability


def as_noise_shape(name: str, value: Any, shape: tuple[int, ...], of: str = "x") -> tuple[int, ...] | None:
    """`value` as one length for each axis of an array of that shape, named `of`: 1, where elements share bits, or its own.

    None where each element has a bit of its own.

    Raises
    ------
    TypeError
        It is no sequence of integers and None.
    ValueError
        It has more axes than the array, or another length.
    """
    if value is None:
        return None
    lengths = _as_tuple(name, value, "a tuple of integers and None")
    missing = len(shape) - len(lengths)
    own = shape[max(0, missing) :]
    given = _as_lengths(name, [length if asked is None else asked for asked, length in zip(lengths, own, strict=False)])
    drawn = (1,) * missing + given
    if missing < 0 or any(length not in (1, whole) for length, whole in zip(given, own, strict=True)):
        expected = f"expected a tuple that broadcasts to {shape}, of 1, None or the length of `{of}` for each axis"
        raise ValueError(f"`{name}` is {shown(value)}; {expected}.")
    return None if drawn == shape else drawn


def check_blocks(name: str, block: Any, shape: tuple[Any, ...]) -> None:
    """Raise unless a distributed array has blocks like `block`, NumPy's, and a shape whose elements can be counted.

    Raises
    ------
    TypeError
        Its blocks are other than NumPy's.
    ValueError
        A length is unknown, which is NaN in the shape, or there are more than 2**62 elements.
    """
    if not isinstance(block, (np.ndarray, np.generic)):
        raise TypeError(f"`{name}` has blocks of type {type(block).__name__}; expected blocks of type numpy.ndarray.")
    if any(math.isnan(length) for length in shape):
        raise ValueError(
            f"`{name}` has shape {shape}; expected blocks of known sizes, because a keep bit depends on where an element lies in "
            f"the whole array. Use {name}.compute_chunk_sizes()."
        )
    if math.prod(shape) > 2**62:
        raise ValueError(f"`{name}` has shape {shape}; expected at most 2**62 elements.")


def refuse_no_seed(seed: Any) -> None:
    """Raise TypeError for the seed None, where nothing would remember a fresh one."""
    if seed is None:
        raise TypeError("`seed` is None; expected an integer, because the backward draws the mask again from the same seed.")


def check_sharing(noise_shape: Any, axes: Any) -> tuple[tuple[Any, ...] | None, tuple[int, ...] | None]:
    """`noise_shape` and `axes` as tuples, of which at most one may be given; their values are checked where x is known.

    Raises
    ------
    TypeError
        Both are given, or one is no tuple of integers (in `noise_shape` None is one).
    """
    if axes is None:
        return (None if noise_shape is None else _as_tuple("noise_shape", noise_shape, "a tuple of integers and None")), None
    if noise_shape is not None:
        raise TypeError(f"`noise_shape` is {shown(noise_shape)} and `axes` is {shown(axes)}; expected one of the two.")
    return None, tuple(_as_integer(f"axes[{k}]", axis) for k, axis in enumerate(_as_tuple("axes", axes, "a tuple of integers")))


def shared_along(axes: tuple[int, ...], ndim: int) -> tuple[int | None, ...]:
    """The noise shape of an array of that many axes whose elements share bits along some of them.

    Raises
    ------
    ValueError
        The array has no such axis.
    """
    for axis in axes:
        if not -ndim <= axis < ndim:
            raise ValueError(f"`axes` is {axes}, and `x` has {ndim} axes; expected axes of `x`, from {-ndim} to {ndim - 1}.")
    shared = {axis % ndim for axis in axes}
    return tuple(1 if axis in shared else None for axis in range(ndim))


def check_channels(value: Any) -> None:
    """Raise ValueError unless it says where the channels are."""
    if not isinstance(value, str) or value not in ("first", "last"):
        raise ValueError(f"`channels` is {shown(value)}; expected 'first', for (batch, channels, ...), or 'last'.")


def check_axes(name: str, array: npt.NDArray[Any], least: int) -> None:
    """Raise ValueError if an array has too few axes."""
    if array.ndim < least:
        raise ValueError(f"`{name}` has shape {array.shape}; expected at least {least} {'axes' if least > 1 else 'axis'}.")


def check_alpha(x: npt.NDArray[Any], probability: float, keep_prob: Any, rate: Any) -> None:
    """Raise TypeError for complex numbers, which SELU does not give, and ValueError where nothing can be kept."""
    if x.dtype.kind == "c":
        raise TypeError(f"`x` has dtype {x.dtype}; expected real floats, as SELU gives them.")
    if probability == 0:
        name, value, interval = ("keep_prob", keep_prob, "(0, 1]") if rate is None else ("rate", rate, "[0, 1)")
        raise ValueError(f"`{name}` is {shown(value)}; expected a number in {interval}: nothing kept has no variance.")


def as_region(value: Any, shape: tuple[int, ...], noise_shape: Any) -> Region:
    """`value` as a block of a larger array, and `noise_shape` as that of the larger array.

    Raises
    ------
    TypeError
        It is no pair of a shape and an index, or the index has other entries than slices and pairs of integers.
    ValueError
        The index does not lie in the larger array, or the block has not the shape of x; or as `as_noise_shape`.
    """
    pair = _as_tuple("region", value, "a pair: the shape of the whole array, and where `x` lies in it")
    if len(pair) != 2:
        raise ValueError(f"`region` is {shown(value)}; expected a pair: the shape of the whole array, and where `x` lies in it.")
    lengths = _as_tuple("region[0]", pair[0], "the shape of the whole array")
    whole = _as_lengths("region[0]", lengths)
    if math.prod(whole) > 2**62:
        raise ValueError(f"`region[0]` is {shown(pair[0])}; expected a shape of at most 2**62 elements.")
    entries = (
        (pair[1],) if isinstance(pair[1], slice) else _as_tuple("region[1]", pair[1], "a slice or (start, stop) for each axis")
    )
    if len(entries) > len(whole):
        raise ValueError(f"`region[1]` has {len(entries)} entries; expected one for each axis of {whole}.")
    entries += (slice(None),) * (len(whole) - len(entries))
    bounds = tuple(_as_bounds(axis, entry, length) for axis, (entry, length) in enumerate(zip(entries, whole, strict=True)))
    region = Region(whole, bounds, as_noise_shape("noise_shape", noise_shape, whole))
    if region.block_shape() != shape:
        raise ValueError(f"`region` is a block of shape {region.block_shape()}; expected {shape}, the shape of `x`.")
    return region


def _as_bounds(axis: int, value: Any, length: int) -> tuple[int, int]:
    if type(value) is tuple and len(value) == 2 and type(value[0]) is type(value[1]) is int and 0 <= value[0] <= value[1] <= length:
        return value  # the usual; names of the arguments take longer to make than the check
    name = f"region[1][{axis}]"
    if isinstance(value, slice):
        if value.step not in (None, 1):
            raise ValueError(f"`{name}` is {value}; expected a slice without a step.")
        try:
            start, stop, _ = value.indices(length)
        except TypeError:
            raise TypeError(f"`{name}` is {value}; expected a slice of integers.") from None
        return start, max(start, stop)
    pair = _as_tuple(name, value, "a slice or (start, stop)")
    if len(pair) != 2:
        raise ValueError(f"`{name}` is {shown(value)}; expected a slice or (start, stop).")
    start, stop = (as_counter(name, bound, 62) for bound in pair)
    if not start <= stop <= length:
        raise ValueError(f"`{name}` is {shown(value)}; expected 0 <= start <= stop <= {length}, the length of that axis.")
    return start, stop


def _as_lengths(name: str, values: Sequence[Any]) -> tuple[int, ...]:
    """Each value as a length; its name is made where it is at fault."""
    return tuple(
        value if type(value) is int and 0 <= value < 2**62 else as_counter(f"{name}[{axis}]", value, 62)
        for axis, value in enumerate(values)
    )


def _as_tuple(name: str, value: Any, meaning: str) -> tuple[Any, ...]:
    if isinstance(value, (tuple, list)):
        return tuple(value)
    raise TypeError(f"`{name}` is {shown(value)}; expected {meaning}.")


def refuse_region_beside(rng: Any, offset: Any) -> None:
    """Raise TypeError if a region is given together with a generator, or an offset."""
    if rng is not None:
        raise TypeError(
            "`region` is given, and `rng` too; expected one or the other, because a generator draws one number after another, "
            "and cannot skip to those of a block."
        )
    if not _is_just(offset, 0):
        raise TypeError(
            f"`offset` is {shown(offset)}, and `region` is given; expected one or the other: a region says where `x` lies."
        )


def refuse_positional(call: str, positional: tuple[Any, ...]) -> None:
    """Raise TypeError: a probability is given by position, and may mean either thing."""
    given = ", ".join(map(shown, positional))
    raise TypeError(
        f"{call} got {given} by position; expected keywords: keep_prob=... (probability of keeping) "
        "or rate=... (probability of dropping, as in PyTorch and Keras)."
    )


def check_keeps_some(keep_prob: float, rate: Any, form: NumpyForm | None = None) -> None:
    """Raise ValueError for the probability 0 of keeping, if the NumPy code divides by it."""
    if keep_prob == 0 and (form is None or form.scale is not None):
        name, value, interval = ("keep_prob", keep_prob, "(0, 1]") if rate is None else ("rate", rate, "[0, 1)")
        raise ValueError(
            f"`{name}` is {shown(value)}; expected a number in {interval} where `rng` is given, because the NumPy code divides by "
            "the probability of keeping."
        )


def check_rng(name: str, rng: Any) -> None:
    """Raise TypeError unless it is `np.random`, a Generator or a RandomState."""
    if not (rng is np.random or isinstance(rng, (np.random.Generator, np.random.RandomState))):
        raise TypeError(
            f"`{name}` is {shown(rng)}; expected np.random, a numpy.random.Generator or a numpy.random.RandomState. "
            "Use np.random.default_rng(seed)."
        )


def check_form(name: str, form: Any, rng: Any) -> None:
    """Raise TypeError unless it is a form that the generator `rng` can draw; None stands for `np.random`."""
    if not isinstance(form, NumpyForm):
        raise TypeError(f"`{name}` is {shown(form)}; expected a dropout_fast.forms.NumpyForm, such as dropout_fast.forms.CS231N.")
    if form.draw == "random_float32" and not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"`{name}` draws by random(dtype=np.float32); expected a numpy.random.Generator to draw from, not {shown(rng)}."
        )


def check_form_has_rng(form: Any, rng: Any) -> None:
    """Raise TypeError unless it is a form, and there is a generator that draws in it."""
    check_form("form", form, np.random if rng is None else rng)
    if rng is None:
        raise TypeError(
            f"`form` is {form}, and `rng` is None; expected rng=np.random or another generator that draws in this form."
        )


def refuse_beside_rng(name: str, values: Mapping[str, Any], unset: Mapping[str, Any] | None = None) -> None:
    """Raise TypeError if arguments are given that mean nothing beside the generator, which the message calls `name`.

    `values` holds them by name, `unset` the value of each that counts as not given, if there is one.
    """
    given = [f"`{key}` is {shown(value)}" for key, value in values.items() if unset is None or not _is_just(value, unset[key])]
    if given:
        raise TypeError(
            f"{', '.join(given)}, and `{name}` is given; expected one or the other, because a generator draws from its own state, "
            "and draws nothing again."
        )


def _is_just(value: Any, other: Any) -> bool:
    """Whether both are the same, and of one type; an array is no number."""
    return value is other or (type(value) is type(other) and value == other)


def as_counter(name: str, value: Any, bits: int) -> int:
    """`value` as an int of that many bits.

    Raises
    ------
    TypeError
        For what is no integer; booleans are none.
    ValueError
        For one outside of 0 to ``2**bits - 1``.
    """
    counter = _as_integer(name, value)
    if not 0 <= counter < 2**bits:
        raise ValueError(f"`{name}` is {shown(counter)}; expected an integer from 0 to 2**{bits} - 1.")
    return counter


def _as_integer(name: str, value: Any) -> int:
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"`{name}` is {value!r}; expected an integer.")
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"`{name}` has type {type(value).__name__}; expected an integer.") from None


def shown(value: Any) -> str:
    """A value as a complaint shows it. Python refuses to write integers of more than 4,300 digits."""
    return f"an integer of {value.bit_length()} bits" if isinstance(value, int) and value.bit_length() > 1000 else repr(value)


def check_shape(name: str, array: npt.NDArray[Any], shape: tuple[int, ...]) -> None:
    """Raise ValueError unless `array` has the shape that the forward had."""
    if array.shape != shape:
        raise ValueError(f"`{name}` has shape {array.shape}; expected {shape}, the shape of the forward's x.")


def is_usable_out(out: Any, source: npt.NDArray[Any]) -> bool:
    """Whether `out` is a plain array of the same dtype and shape, and `source` itself or separate from it in memory."""
    if type(out) is not np.ndarray or out.dtype is not source.dtype or out.shape != source.shape:
        return False
    flags = out.flags
    if not flags.carray:
        return False
    return out is source or (flags.owndata and source.flags.owndata) or not np.may_share_memory(out, source)


def check_out(out: Any, name: str, source: npt.NDArray[Any], factor: Any = None) -> None:
    """Raise unless `out` can take what is computed from `source`, which the message calls `name`.

    `out` may have the dtype of `source`, or that of its product with `factor`.

    Raises
    ------
    TypeError
        Where `out` is no array.
    ValueError
        For another shape or dtype, a read-only array, one whose elements share
        memory with each other, or one that shares memory with `source` without being the same.
    """
    if is_usable_out(out, source):  # the usual case, in half the time of all the checks below
        return
    if not isinstance(out, np.ndarray):
        raise TypeError(f"`out` has type {type(out).__name__}; expected a numpy.ndarray or None.")
    if out.shape != source.shape:
        raise ValueError(f"`out` has shape {out.shape}; expected {source.shape}, the shape of `{name}`.")
    if out.dtype != source.dtype and (factor is None or out.dtype != np.result_type(source.dtype, factor.dtype)):
        wider = "" if factor is None else f" or {np.result_type(source.dtype, factor.dtype)}"
        raise ValueError(f"`out` has dtype {out.dtype}; expected {source.dtype}{wider}, as `{name}` has dtype {source.dtype}.")
    if not out.flags.writeable:
        raise ValueError("`out` is read-only; expected a writeable array.")
    if _overlaps_itself(out):
        raise ValueError(f"`out` has strides {out.strides}: several elements share memory; expected one place an element.")
    if np.may_share_memory(out, source) and _overlaps_partially(out, source):
        raise ValueError(f"`out` overlaps `{name}` in memory; expected `out={name}` (in place) or a separate array.")


def _overlaps_itself(array: npt.NDArray[Any]) -> bool:
    if array.flags.c_contiguous or array.size == 0:
        return False
    reach = array.itemsize
    for stride, length in sorted(
        (abs(stride), length) for stride, length in zip(array.strides, array.shape, strict=True) if length > 1
    ):
        if stride < reach:  # usual arrays step over everything inside
            return _shares_places(array)
        reach += stride * (length - 1)
    return False


def _shares_places(array: npt.NDArray[Any]) -> bool:
    span = sum((length - 1) * abs(stride) for length, stride in zip(array.shape, array.strides, strict=True))
    if span + array.itemsize < array.nbytes:
        return True
    places = np.zeros((), np.intp)
    for stride, length in zip(array.strides, array.shape, strict=True):
        places = np.add.outer(places, np.arange(length) * stride)
    return bool((np.diff(np.sort(places, axis=None)) < array.itemsize).any())


def _overlaps_partially(out: npt.NDArray[Any], source: npt.NDArray[Any]) -> bool:
    same_place: bool = out.__array_interface__["data"][0] == source.__array_interface__["data"][0]
    if same_place and out.strides == source.strides and out.dtype == source.dtype:
        return False
    try:
        return np.shares_memory(out, source, max_work=100_000)  # type: ignore[arg-type]  # any int is allowed
    except np.exceptions.TooHardError:
        return True
