"""What arrays may come in: every complaint about `x`, `dout`, `a` and `out` is made here."""

from typing import Any

import numpy as np
import numpy.typing as npt

#: Booleans, integers, floats, complex numbers.
NUMERIC_KINDS = "biufc"


def as_numeric_array(name: str, value: Any) -> npt.NDArray[Any]:
    """`value` itself if it is an array of numbers, else the array that NumPy makes of it.

    Raises
    ------
    TypeError
        Where the elements are no numbers.
    ValueError
        Where NumPy finds no rectangular shape in it.
    """
    if isinstance(value, np.ndarray):
        array = value
    else:
        try:
            array = np.asarray(value)
        except (TypeError, ValueError) as error:
            raise type(error)(f"`{name}` of type {type(value).__name__} is not convertible to an array: {error}") from error
    if array.dtype.kind not in NUMERIC_KINDS:
        kind = f"has dtype {array.dtype}" if array is value else f"is a {type(value).__name__} of dtype {array.dtype}"
        raise TypeError(f"`{name}` {kind}; expected an array of numbers, float32 or float64 for speed.")
    return array


def check_shape(name: str, array: npt.NDArray[Any], shape: tuple[int, ...]) -> None:
    """Raise ValueError unless `array` has the shape that the forward had."""
    if array.shape != shape:
        raise ValueError(f"`{name}` has shape {array.shape}; expected {shape}, the shape of the forward's x.")


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
    if not isinstance(out, np.ndarray):
        raise TypeError(f"`out` has type {type(out).__name__}; expected a numpy.ndarray or None.")
    if out.shape != source.shape:
        raise ValueError(f"`out` has shape {out.shape}; expected {source.shape}, the shape of `{name}`.")
    if out.dtype != source.dtype and (factor is None or out.dtype != np.result_type(source.dtype, factor.dtype)):
        wider = "" if factor is None else f" or {np.result_type(source.dtype, factor.dtype)}"
        raise ValueError(f"`out` has dtype {out.dtype}; expected {source.dtype}{wider}, as `{name}` has dtype {source.dtype}.")
    if not out.flags.writeable:
        raise ValueError("`out` is read-only; expected a writeable array.")
    if out is source and out.flags.c_contiguous:
        return
    if _overlaps_itself(out):
        raise ValueError(f"`out` has strides {out.strides}: several elements share memory; expected one place an element.")
    if np.may_share_memory(out, source) and _overlaps_partially(out, source):
        raise ValueError(f"`out` overlaps `{name}` in memory; expected `out={name}` (in place) or an array apart.")


def _overlaps_itself(array: npt.NDArray[Any]) -> bool:
    if array.flags.c_contiguous or array.size == 0:
        return False
    span = sum((length - 1) * abs(stride) for length, stride in zip(array.shape, array.strides, strict=True))
    return bool(span + array.itemsize < array.nbytes)


def _overlaps_partially(out: npt.NDArray[Any], source: npt.NDArray[Any]) -> bool:
    same_place: bool = out.__array_interface__["data"][0] == source.__array_interface__["data"][0]
    if same_place and out.strides == source.strides and out.dtype == source.dtype:
        return False
    try:
        return np.shares_memory(out, source, max_work=100_000)  # type: ignore[arg-type]  # any int is allowed
    except np.exceptions.TooHardError:
        return True
