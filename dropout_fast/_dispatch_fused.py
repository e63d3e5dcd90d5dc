"""From a fused operation and its arrays to a kernel, or to the operations one after another."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import _dispatch, _launch, _process
from ._dispatch import Plan, is_plain
from .kernels.factory import Pass
from .kernels.passes.column_sums import blocks_of, column_sums
from .kernels.periodic import MOST_PRODUCT, period_of, reciprocal_of, repeated
from .kernels.simd.vectors import GROUP
from .streams.base import Key, Stream, threads_alone

if TYPE_CHECKING:
    from .mask import KeepMask

Array = npt.NDArray[Any]


@dataclass(slots=True, eq=False)
class Inputs:
    """The arrays that a fused operation reads: x, and a bias and a residual where there are some."""

    x: Array
    bias: Array | None = None
    residual: Array | None = None

    def with_bias(self) -> Any:
        """``x + bias``, by NumPy, in x's dtype."""
        return self.x if self.bias is None else (self.x + self.bias).astype(self.x.dtype, copy=False)

    def are_plain(self) -> bool:
        """Whether kernels can take them as they lie."""
        x, bias, residual = self.x, self.bias, self.residual
        return (
            is_plain(x)
            and (bias is None or type(bias) is np.ndarray)
            and (residual is None or is_plain(residual))
            and 0 < x.size * ((0 if bias is None else bias.size) + GROUP) < MOST_PRODUCT
        )


@dataclass(frozen=True, eq=False, slots=True)
class Operation:
    """A fused operation.

    Attributes
    ----------
    pass_of : (Stream) -> Pass or None
        The pass that runs it in one walk over memory.
    epilogues : dict
        By the epilogue of the dropout in it.
    one_after_another : (stream, key, mask, inputs, out, store_mask) -> result
        The same, where no kernel takes the arrays as they lie.
    """

    pass_of: Callable[[Stream], Pass | None]
    epilogues: dict[Any, Any]
    one_after_another: Callable[[Stream, Key, "KeepMask", Inputs, Array, bool], Any]


def forward(
    operation: Operation, stream: Stream, key: Key, mask: "KeepMask", inputs: Inputs, out: Array | None, store_mask: bool
) -> Any:
    """Draw the mask's bits, and write the operation's result to `out` or to a new array of x's dtype, which is returned."""
    x = inputs.x
    if out is None:
        out = np.empty(x.shape, x.dtype)
    plan = _dispatch.plan_for(operation.pass_of(stream), mask._rounding, x.dtype, mask.keep_prob, mask._form, operation)
    if plan is None or mask._drawn_shape is not None or not inputs.are_plain() or not is_plain(out):
        return operation.one_after_another(stream, key, mask, inputs, out, store_mask)
    bits = stream.empty_bits(key, x.size)
    bits[-64:] = 0  # the kernel does not write past the last element's word
    operands = _operands(plan, inputs)
    arguments = (*stream.arguments(key), _flat(plan, x), bits, operands, _flat(plan, out))
    writes_to_inputs = out is x or out is inputs.residual
    if stream.locks_generator:
        _process.yield_to_fork()
        with key[0].lock:
            _launch.run(plan.kernels, arguments, stream.shares, x, writes_to_inputs)
    else:
        _launch.run(plan.kernels, arguments, stream.shares, x, writes_to_inputs)
    if store_mask:
        mask._bits = bits
    return out


def apply_and_sum(mask: "KeepMask", a: Array, out: Array | None, sums: Array) -> Any:
    """Multiply `a` by the mask as `_dispatch.apply` does, and write the product's sum over all but the last axis to `sums`."""
    native = a.dtype.newbyteorder("=")
    plan = _dispatch.plan_for(column_sums, mask._rounding, native, mask.keep_prob, mask._form)
    is_usual = a.size > 0 and type(a) is np.ndarray and (out is None or out.dtype == a.dtype)
    if plan is None or mask._drawn_shape is not None or not is_usual:
        product = _dispatch.apply(mask, a, out)
        axes = tuple(range(a.ndim - 1))
        sums[...] = np.asarray(product).sum(axis=axes, dtype=np.result_type(sums.dtype, np.float32))
        return product
    source = a if is_plain(a) and a.dtype == native else np.array(a, native, order="C")
    if out is None:
        out = np.empty(a.shape, a.dtype)
    product = out if is_plain(out) and out.dtype == native else np.empty(a.shape, native)
    _sum_by_kernel(plan, mask, source, product, sums)
    if product is not out:
        np.copyto(out, product)
    return out


def _sum_by_kernel(plan: Plan, mask: "KeepMask", a: Array, out: Array, sums: Array) -> None:
    """All arrays but `sums` are plain and of the plan's dtype."""
    bits, dtype = mask._bits_or_redrawn(), np.float32 if plan.view else a.dtype
    columns = sums.size
    totals = sums if sums.dtype == dtype and is_plain(sums) else np.empty(sums.shape, dtype)
    block_sums = np.empty((blocks_of(a.size // columns), columns), dtype)
    arguments = (mask._first_bit(), _flat(plan, a), bits, plan.scale, _flat(plan, out), totals.reshape(-1), block_sums)
    _launch.run(plan.kernels, arguments, threads_alone, a, out is a)
    if totals is not sums:
        sums[...] = totals


def _operands(plan: Plan, inputs: Inputs) -> tuple[Any, ...]:
    """What the epilogue of a fused operation takes; see `kernels.epilogues`."""
    bias, residual = inputs.bias, inputs.residual
    is_relu = residual is None
    if bias is None:
        tiled = _no_bias(inputs.x.dtype, is_relu)
    else:
        tiled = repeated(bias.reshape(-1))
        if is_relu:
            tiled += 0  # the sum with +0.0 is never -0.0, and so is its maximum with 0
    tiled = _flat(plan, tiled)
    period, reciprocal = period_and_reciprocal(GROUP if bias is None else bias.size)
    return plan.scale, tiled, period, reciprocal, tiled if residual is None else _flat(plan, residual)


@functools.cache
def _no_bias(dtype: Any, is_relu: bool) -> Array:
    """A bias that leaves x as it is: x + -0.0 is x, also where x is -0.0."""
    return repeated(np.full(GROUP, 0.0 if is_relu else -0.0, dtype))


@functools.lru_cache(maxsize=256)
def period_and_reciprocal(length: int) -> tuple[int, np.int64]:
    """Of a bias of that length: see `kernels.periodic`."""
    period = period_of(length)
    return period, reciprocal_of(period)


def _flat(plan: Plan, array: Array) -> Array:
    flat = array if array.ndim == 1 else array.ravel()  # reshape takes twice as long
    return flat if plan.view is None else flat.view(plan.view)
