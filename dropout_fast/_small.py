"""Forward and backward of small arrays, in as few steps as Python allows.

Between two calls a program does other work, and our code and objects leave the caches. Then each object that a call touches takes
as long as some hundred elements do (0.05 to 0.2 us, after 12 MB of other memory). So these functions ask for nothing twice, and the
forward leaves in the mask what the backward needs. They take the usual case only, and return None for any other: `_dispatch`
gives the same bits for all.
"""

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import config

from ._dispatch import SMALL, Plan, plan_for
from ._process import fork_gate, yield_to_fork
from ._validate import is_usable_out
from .forms.form import Draw
from .forms.named import CS231N
from .kernels.bernoulli import BLOCK
from .kernels.passes.counter import counter
from .kernels.passes.mt19937 import mt19937
from .kernels.passes.stored_bits import stored_bits
from .streams.base import Stream
from .streams.counter import CounterKey, arguments, empty_bits
from .streams.mt19937 import empty_bits as empty_bits_of_numpy
from .streams.numpy_generators import bit_generator_of, stream_of
from .streams.rounding import NUMPY, ZERO
from .streams.thresholds import Comparison, comparison_of

if TYPE_CHECKING:
    from .mask import KeepMask

Array = npt.NDArray[Any]

# Looked up once: as attributes of numpy each takes 0.05 us more.
_empty, _ndarray, _Generator = np.empty, np.ndarray, np.random.Generator
_get_bit_generator = np.random.get_bit_generator  # type: ignore[attr-defined]  # documented, absent from NumPy's stubs


class _Source(NamedTuple):
    """The MT19937 that `np.random` draws from, its lock, and the address of its state, which lives as long as it does."""

    bit_generator: Any
    lock: threading.Lock
    address: int


class _SourceOfRng(NamedTuple):
    """A bit generator, what is drawn from it, its lock, and its stream.

    Its kernel draws bits alone, and takes the addresses first; where it is None a pass does, which takes the one address.
    """

    bit_generator: Any
    draw: str
    lock: threading.Lock
    stream: Stream
    kernel: Any
    addresses: tuple[int, ...]


#: That of the last call: to ask a bit generator again takes 0.5 us.
_source: _Source | None = None

#: That of the last call with `rng`.
_source_of_rng: "_SourceOfRng | None" = None

#: Plans for keep_prob and dtype, each with engine numpy's threshold or 0. `plan_for` compares five arguments to find them.
_plans_of_numpy: dict[tuple[float, np.dtype[Any]], tuple[Plan, int]] = {}
_plans_of_fast: dict[tuple[float, np.dtype[Any]], Plan] = {}
_plans_of_rng: dict[tuple[Any, ...], tuple[Plan, Comparison]] = {}

#: How many of each are kept.
_MOST_PLANS = 256


def forward_of_numpy(mask: "KeepMask", x: Array, out: Array | None) -> Array | None:
    """Draw the mask's bits from `np.random`, and write x, dropped and scaled, to `out` or to a new array.

    The mask scales, by a p that is a Python float; `out` is plain, and has x's shape and dtype.
    """
    shape = mask.shape
    size = shape[0] if len(shape) == 1 else x.size
    if size >= SMALL or not shape:
        return None
    dtype, p = x.dtype, mask.keep_prob
    plan, threshold = _plans_of_numpy.get((p, dtype)) or _plan_of_numpy(p, dtype)
    if plan is None or not x.flags.carray:
        return None
    source, bit_generator = _source, _get_bit_generator()
    if source is None or source.bit_generator is not bit_generator:
        source = _new_source(bit_generator)
    if source is None:
        return None
    if out is None:
        out = _empty(shape, dtype)
    bits = empty_bits_of_numpy(None, size)
    flat, flat_out = (x, out) if len(shape) == 1 else (x.ravel(), out.ravel())
    draw_and_multiply, scale = plan.kernels.serial, plan.scale
    if fork_gate.locked():
        yield_to_fork()
    with source.lock:
        draw_and_multiply(source.address, threshold, flat, bits, scale, flat_out)
    mask._bits, mask._kernels, mask._scale = bits, plan.backward, scale
    return out


def forward_of_rng(mask: "KeepMask", rng: Any, rate: float, x: Array, out: Array | None) -> Array | None:
    """Draw the mask's bits from a generator, in the mask's form, and write x, dropped and scaled, to `out` or to a new array.

    `out` has x's shape and dtype; the mask's `keep_prob` and `rate` are Python floats.
    """
    global _source_of_rng
    shape, dtype = mask.shape, x.dtype
    if x.size >= SMALL or not shape or not x.flags.carray:
        return None
    if not (out is None or out is x or (type(out) is _ndarray and out.flags.carray)):
        return None
    bit_generator = rng.bit_generator if type(rng) is _Generator else bit_generator_of(rng)
    source = _source_of_rng
    form = mask._form
    if source is None or source.bit_generator is not bit_generator or source.draw != form.draw:
        source = _source_of_rng = _new_source_of_rng(bit_generator, form.draw)
    if source is None:
        return None
    key = source.stream.name, form, mask.keep_prob, rate, dtype
    found = _plans_of_rng.get(key) or _plan_of_rng(key, source.stream.drawing_pass)
    if found is None:
        return None
    plan, (threshold, limit, keeps_upper) = found
    if out is None:
        out = _empty(shape, dtype)
    bits = empty_bits_of_numpy(None, x.size)
    flat, flat_out = (x, out) if len(shape) == 1 else (x.ravel(), out.ravel())
    if fork_gate.locked():
        yield_to_fork()
    with source.lock:
        if source.kernel is None:
            plan.kernels.serial(source.addresses[0], threshold, flat, bits, plan.scale, flat_out)
        else:
            source.kernel(*source.addresses, limit, keeps_upper, x.size, bits)
    if source.kernel is not None:
        plan.kernels.serial(0, flat, bits, plan.scale, flat_out)
    mask._bits, mask._kernels, mask._scale = bits, plan.backward, plan.scale
    return out


def forward_of_fast(mask: "KeepMask", x: Array, key: CounterKey, out: Array | None) -> Array | None:
    """Draw the mask's bits from the counter stream, and write x, dropped and scaled, to `out` or to a new array.

    The mask scales; `out` has x's shape and dtype.
    """
    shape = mask.shape
    size = shape[0] if len(shape) == 1 else x.size
    if size >= SMALL:
        return None
    dtype = x.dtype
    plan = _plans_of_fast.get((key[3], dtype)) or _plan_of_fast(key[3], dtype)
    if plan is None or not x.flags.carray:
        return None
    if out is None:
        out = _empty(shape, dtype)
    elif out is not x and not (type(out) is _ndarray and out.flags.carray):
        return None
    bits = empty_bits(key, size)
    flat, flat_out = (x, out) if len(shape) == 1 else (x.ravel(), out.ravel())
    if plan.view is not None:
        flat, flat_out = flat.view(plan.view), flat_out.view(plan.view)
    seed, step, offset, keep_prob = arguments(key)
    plan.kernels.serial(seed, step, offset, keep_prob, flat, bits, plan.scale, flat_out)
    mask._bits = bits
    if plan.view is None:
        mask._kernels, mask._scale = plan.backward, plan.scale
    return out


def apply_small(mask: "KeepMask", a: Any, out: Any = None) -> Array | None:
    """`a` times the mask, if it is as small and plain as the forward's x was, and of its dtype; `out` is used if it can be."""
    kernels, shape = mask._kernels, mask.shape
    if kernels is None or type(a) is not _ndarray:
        return None
    dtype, multiply_by_bits = kernels.dtype, kernels.serial
    if a.dtype is not dtype or a.shape != shape or not a.flags.carray:
        return None
    key = mask._key
    first_bit = 0 if key is None else key[2] % BLOCK
    if out is None:
        out = _empty(shape, dtype)
    elif not is_usable_out(out, a):
        return None
    product: Array = out
    if len(shape) == 1:
        multiply_by_bits(first_bit, a, mask._bits, mask._scale, product)
    else:
        multiply_by_bits(first_bit, a.ravel(), mask._bits, mask._scale, product.ravel())
    return product


def _plan_of_numpy(p: float, dtype: np.dtype[Any]) -> tuple[Plan | None, int]:
    plan = None if config.DISABLE_JIT else plan_for(mt19937, NUMPY, dtype, p, CS231N)  # type: ignore[attr-defined]  # set at run time
    if plan is None:
        return None, 0
    if len(_plans_of_numpy) >= _MOST_PLANS:
        _plans_of_numpy.clear()
    comparison = comparison_of(CS231N, p, 1.0 - p)
    assert comparison is not None  # the draw 0 is below any p
    found = _plans_of_numpy[p, dtype] = plan, comparison.threshold
    return found


def _plan_of_rng(key: tuple[Any, ...], drawing_pass: Any) -> tuple[Plan, Comparison] | None:
    _, form, keep_prob, rate, dtype = key
    plan, comparison = plan_for(drawing_pass or stored_bits, NUMPY, dtype, keep_prob, form), comparison_of(form, keep_prob, rate)
    if plan is None or comparison is None:
        return None
    if len(_plans_of_rng) >= _MOST_PLANS:
        _plans_of_rng.clear()
    _plans_of_rng[key] = found = plan, comparison
    return found


def _new_source_of_rng(bit_generator: Any, draw: Draw) -> _SourceOfRng | None:
    stream = stream_of(bit_generator, draw)
    if stream is None:
        return None
    kernel: Any = None
    addresses: tuple[int, ...] = (bit_generator.ctypes.state_address,)
    if stream.draws_alone_by is not None:
        kernel, addresses = stream.draws_alone_by(bit_generator)
    return _SourceOfRng(bit_generator, draw, bit_generator.lock, stream, kernel, addresses)


def _plan_of_fast(keep_prob: float, dtype: np.dtype[Any]) -> Plan | None:
    plan = plan_for(counter, ZERO, dtype, keep_prob, CS231N)
    if plan is None:
        return None
    if len(_plans_of_fast) >= _MOST_PLANS:
        _plans_of_fast.clear()
    _plans_of_fast[keep_prob, dtype] = plan
    return plan


def _new_source(bit_generator: Any) -> _Source | None:
    global _source
    if type(bit_generator) is not np.random.MT19937:
        return None
    _source = source = _Source(bit_generator, bit_generator.lock, bit_generator.ctypes.state_address)
    return source
