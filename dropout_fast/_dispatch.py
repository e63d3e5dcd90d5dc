"""From (operation, mask, arrays) to a kernel, or to a copy and a kernel, or to NumPy. Here is the one table of kernels.

There are two operations: `forward` draws a mask's bits and applies them, `apply` applies a mask that has its bits
or can draw them again.
"""

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import _launch, _process
from .forms.form import NumpyForm
from .kernels.bit_runs import bit_strides, levels_of
from .kernels.epilogues import (
    divide,
    divide_in_float64,
    multiply,
    multiply_and_add,
    multiply_in_float64,
    multiply_in_float64_and_add,
    relu_multiply,
    relu_multiply_in_float64,
    relu_scale_or_zero,
    scale_or_zero,
    scale_or_zero_and_add,
)
from .kernels.factory import Kernels, Pass, make_kernels
from .kernels.passes.broadcast_bits import broadcast_bits
from .kernels.passes.column_sums import column_sums
from .kernels.passes.counter import counter, counter_positive
from .kernels.passes.mt19937 import mt19937, mt19937_positive
from .kernels.passes.pcg64 import pcg64, pcg64dxsm
from .kernels.passes.stored_bits import stored_bits
from .streams.base import Bits, Key, Stream, threads_alone
from .streams.counter import COUNTER
from .streams.region import stream_of_key
from .streams.rounding import OPERATOR, ZERO, Rounding, apply_form_by_numpy, epilogue_and_operand, scale_or_zero_by_numpy

if TYPE_CHECKING:
    from .mask import KeepMask

Array = npt.NDArray[Any]

#: The dtypes as which kernels take the half formats, which Numba does not know: arrays of their bits.
VIEWS: dict[str, type[Any]] = {"float16": np.int16, "bfloat16": np.uint16}

_FLOATS = ("float32", "float64")
_FLOATS_AND_HALVES = (*_FLOATS, *VIEWS)

#: Rows of pass, epilogue and dtypes.
Table = tuple[tuple[Pass, Any, tuple[str, ...]], ...]

#: Every kernel: pass, epilogue, dtypes. A new dtype or operation is a row or a word here.
TABLE: Table = (
    (counter, scale_or_zero, _FLOATS_AND_HALVES),
    (stored_bits, scale_or_zero, _FLOATS_AND_HALVES),
    (mt19937, multiply, _FLOATS),
    (stored_bits, multiply, _FLOATS),
    (mt19937, multiply_in_float64, ("float32",)),
    (stored_bits, multiply_in_float64, ("float32",)),
    (pcg64, multiply, _FLOATS),
    (pcg64, multiply_in_float64, ("float32",)),
    (pcg64dxsm, multiply, _FLOATS),
    (pcg64dxsm, multiply_in_float64, ("float32",)),
    (mt19937, divide, _FLOATS),
    (stored_bits, divide, _FLOATS),
    (mt19937, divide_in_float64, ("float32",)),
    (stored_bits, divide_in_float64, ("float32",)),
)

#: Kernels of the fused operations. None of them stores past the caches: their users work in place.
FUSED_TABLE: Table = (
    (counter_positive, relu_scale_or_zero, _FLOATS_AND_HALVES),
    (counter, scale_or_zero_and_add, _FLOATS_AND_HALVES),
    (column_sums, scale_or_zero, _FLOATS_AND_HALVES),
    (mt19937_positive, relu_multiply, _FLOATS),
    (mt19937, multiply_and_add, _FLOATS),
    (column_sums, multiply, _FLOATS),
    (mt19937_positive, relu_multiply_in_float64, ("float32",)),
    (mt19937, multiply_in_float64_and_add, ("float32",)),
    (column_sums, multiply_in_float64, ("float32",)),
)

#: Kernels for masks whose elements share bits. None of them stores past the caches, either.
SHARED_TABLE: Table = (
    (broadcast_bits, scale_or_zero, _FLOATS_AND_HALVES),
    (broadcast_bits, multiply, _FLOATS),
    (broadcast_bits, multiply_in_float64, ("float32",)),
    (broadcast_bits, divide, _FLOATS),
    (broadcast_bits, divide_in_float64, ("float32",)),
)
_ROWS = {(make_pass, epilogue): dtypes for make_pass, epilogue, dtypes in TABLE + FUSED_TABLE + SHARED_TABLE}
_WITHOUT_NONTEMPORAL = {row[:2] for row in FUSED_TABLE + SHARED_TABLE}

#: Elements from which an array is not small: see `_small`. Of every dtype less than `_launch.MEASURED_FROM` bytes.
SMALL = 2**15

#: In the place of bits that are not stored.
NO_BITS: Bits = np.empty(0, np.uint8)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a kernel multiplies arrays of one dtype by masks of one factor."""

    kernels: Kernels
    scale: float  #: of kept elements, or what they are divided by
    view: type[Any] | None
    backward: Kernels  #: of the dropout in it, for bits that are stored


@functools.cache
def kernels_for(make_pass: Pass, epilogue: Any, dtype: str) -> Kernels:
    """The variants of one kernel of a table; made here, compiled when first called."""
    return make_kernels(make_pass, epilogue, dtype, nontemporal=(make_pass, epilogue) not in _WITHOUT_NONTEMPORAL)


@functools.lru_cache(maxsize=256)
def plan_for(
    make_pass: Pass | None, rounding: Rounding, dtype: np.dtype[Any], keep_prob: Any, form: NumpyForm, operation: Any = None
) -> Plan | None:
    """The plan for a pass, and for the fused operation that has it run, if any; None where `TABLE` has no kernel for it."""
    if make_pass is None or rounding == OPERATOR or not dtype.isnative:
        return None
    found = epilogue_and_operand(rounding, form, dtype, keep_prob)
    if found is None:
        return None
    of_dropout, scale = found
    epilogue = of_dropout if operation is None else operation.epilogues[of_dropout]
    if dtype.name not in _ROWS.get((make_pass, epilogue), ()):
        return None
    kernels, backward = kernels_for(make_pass, epilogue, dtype.name), kernels_for(stored_bits, of_dropout, dtype.name)
    return Plan(kernels, scale, VIEWS.get(dtype.name), backward)


def forward(stream: Stream, key: Key, mask: "KeepMask", x: Array, out: Array | None, store_mask: bool = True) -> Any:
    """Draw the mask's bits, and write x, dropped and scaled, to `out` or to a new array of its dtype, which is returned.

    In one pass where a kernel takes the arrays as they lie. Otherwise the bits are drawn first, and then applied.
    """
    plan = plan_for(stream.drawing_pass, mask._rounding, x.dtype, mask.keep_prob, mask._form)
    # `is_plain` without its calls, which take 0.1 us.
    if (
        plan is None
        or mask._drawn_shape is not None
        or type(x) is not np.ndarray
        or not x.flags.carray
        or not (out is None or out is x or (type(out) is np.ndarray and out.flags.carray))
    ):
        if out is None:
            np.empty(x.shape, x.dtype)  # a lack of memory shows before anything is drawn
        if store_mask:
            mask._bits = stream.draw_bits(key, mask._shape_of_bits())
        return apply(mask, x, out).astype(x.dtype, copy=False)
    if out is None:
        out = np.empty(x.shape, x.dtype)
    bits = stream.empty_bits(key, x.size) if store_mask else NO_BITS
    if stream.locks_generator:
        _process.yield_to_fork()
        with key[0].lock:
            _run(plan, stream.arguments(key), x, bits, out, stream.shares)
    else:
        _run(plan, stream.arguments(key), x, bits, out, stream.shares)
    if store_mask:
        mask._bits = bits
        if len(bits) < SMALL // 8 and plan.view is None:
            mask._kernels, mask._scale = plan.backward, plan.scale
    return out


def apply(mask: "KeepMask", a: Array, out: Array | None) -> Any:
    """Multiply `a` by the mask into `out` or a new array, by a kernel as the arrays lie, on a copy, or by NumPy."""
    plan = _plan_of(mask, a.dtype)
    if plan is None or type(a) is not np.ndarray or not a.flags.carray:
        return _apply_to_copy(mask, a, out)
    if out is None:
        out = np.empty(a.shape, a.dtype)
    elif out is not a and not (out.dtype == a.dtype and is_plain(out)):
        return _apply_to_copy(mask, a, out)
    _apply_by_kernel(plan, mask, a, out)
    return out


def _apply_to_copy(mask: "KeepMask", a: Array, out: Array | None) -> Any:
    dtype = (a if out is None else out).dtype
    native = dtype.newbyteorder("=")
    plan = _plan_of(mask, native)
    # What a subclass makes of NumPy's product is its own affair.
    own_product = type(a) is not np.ndarray and mask._rounding != ZERO
    if plan is None or own_product or _plan_of(mask, a.dtype.newbyteorder("=")) is None:
        return _apply_by_numpy(mask, a, out)
    product = a.astype(native, order="C")  # a subclass stays one
    plain = product.view(np.ndarray)
    _apply_by_kernel(plan, mask, plain, plain)
    if out is None:
        return product.astype(dtype, copy=False)
    np.copyto(out, product)
    return out


def _apply_by_numpy(mask: "KeepMask", a: Array, out: Array | None) -> Any:
    if mask._rounding == ZERO:
        return scale_or_zero_by_numpy(a, mask._kept(), mask._levels()[0], out)
    return apply_form_by_numpy(a, mask._values(), mask._form, mask.keep_prob, out)


def _plan_of(mask: "KeepMask", dtype: np.dtype[Any]) -> Plan | None:
    """The plan for a mask's bits, or for its key where it has no bits."""
    make_pass: Pass | None = stored_bits
    if mask._drawn_shape is not None:
        make_pass = broadcast_bits
    elif mask._bits is None:
        assert mask._key is not None
        make_pass = stream_of_key(mask._key).drawing_pass or stored_bits
    return plan_for(make_pass, mask._rounding, dtype, mask.keep_prob, mask._form)


def _apply_by_kernel(plan: Plan, mask: "KeepMask", a: Array, out: Array) -> None:
    """Both arrays are plain and of the plan's dtype."""
    bits = mask._bits
    if mask._drawn_shape is not None:
        levels = levels_of(a.shape, bit_strides(mask._drawn_shape))
        _run(plan, (mask._first_bit(), 0, levels), a, mask._bits_or_redrawn(), out, threads_alone)
    elif bits is not None:
        _run(plan, (mask._first_bit(),), a, bits, out, threads_alone)
    elif plan.kernels is plan.backward:  # the stream can only draw bits
        _run(plan, (mask._first_bit(),), a, mask._bits_or_redrawn(), out, threads_alone)
    else:
        assert mask._key is not None
        _run(plan, COUNTER.arguments(mask._key), a, NO_BITS, out, COUNTER.shares)


def _run(plan: Plan, leading: tuple[Any, ...], x: Array, bits: Bits, out: Array, shares: Any) -> None:
    """Call a kernel on plain arrays as one-dimensional views."""
    flat, flat_out = (x, out) if x.ndim == 1 else (x.ravel(), out.ravel())  # reshape takes twice as long
    if plan.view is not None:
        flat, flat_out = flat.view(plan.view), flat_out.view(plan.view)
    _launch.run(plan.kernels, (*leading, flat, bits, plan.scale, flat_out), shares, x, out is x)


def is_plain(array: Array) -> bool:
    """Whether kernels can take the array as it lies: no subclass, C order, aligned, writeable."""
    return type(array) is np.ndarray and array.flags.carray
