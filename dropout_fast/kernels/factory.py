"""One factory for the variants of a kernel: serial, parallel, and parallel past the caches, for each dtype.

A *pass* walks over memory and draws or loads keep bits. An *epilogue* says what happens to one vector of x, given its keep
bits. A pass is a function ``(epilogue, write, publish) -> (serial, parallel)`` whose results are plain Python functions; the
factory compiles them.

The parallel function is given the address of the compiled serial one, and calls it on a stretch of the arrays for each thread. So
it is the same for all epilogues and stores, and what takes long to compile is compiled once: parallel kernels with loops of their
own took 1.8 s each, where this one takes 0.5 s for all of them.
"""

import functools
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numba
import numpy as np

from .disk_cache import attach_cache, compile_callback
from .options import OPTIONS, tiny_helper
from .simd.memory import fence, store, store_nontemporal

Kernel = Callable[..., None]
Pass = Callable[[Any, Any, Any], tuple[Kernel, Kernel]]


@dataclass(slots=True, eq=False)  # attributes of a named tuple take four times as long to read
class Kernels:
    """The variants of one kernel, which give the same bits.

    After its first call each is the compiled function itself, without Numba's dispatcher (see `_without_dispatcher`).

    Attributes
    ----------
    serial
        Runs on the calling thread.
    parallel
        Runs on several threads; takes their shares after serial's arguments.
    nontemporal
        As `parallel`, storing past the caches; None where there is no such variant.
    dispatchers : dict
        Numba's dispatchers: ``dispatchers["serial"].inspect_asm()`` shows the machine code. "past_caches" is what "nontemporal"
        runs on each thread; "parallel" is shared with other kernels.
    name : str
        Pass, epilogue and dtype.
    compiled : set of str
        Which variants have been called.
    costs : dict
        What calls have cost lately; for the launcher's own use.
    dtype : dtype or None
        Of the arrays that they take, None for the half formats, which come as integers.
    """

    serial: Kernel
    parallel: Kernel
    nontemporal: Kernel | None
    dispatchers: dict[str, Any]
    name: str = ""
    compiled: set[str] = field(default_factory=set)
    costs: dict[Any, Any] = field(default_factory=dict)
    dtype: np.dtype[Any] | None = None


def make_kernels(make_pass: Pass, epilogue: Any, dtype: str, *, nontemporal: bool = True) -> Kernels:
    """Make the variants of a pass with an epilogue for arrays of one dtype; each is compiled when it is first called."""
    serial, parallel = make_pass(epilogue, store, _nothing_to_publish)
    name = f"{make_pass.__name__}_{epilogue.__name__}"
    kind = "" if nontemporal else "fused_"  # fused kernels, which have no such variant, may take a tuple: another signature
    dispatchers = {
        "serial": make_kernel(serial, f"{name}_serial_{dtype}"),
        "parallel": _parallel_kernel(parallel, f"{parallel.__name__}_{kind}{dtype}"),
    }
    if nontemporal:
        past_caches, _ = make_pass(epilogue, store_nontemporal, fence)
        dispatchers["past_caches"] = make_kernel(past_caches, f"{name}_past_caches_{dtype}")
    taken = np.dtype(dtype) if dtype in ("float32", "float64") else None
    return _kernels_of(dispatchers, f"{name}_{dtype}", taken)


def make_drawing_kernels(serial: Callable[..., Any], parallel: Callable[..., Any], name: str) -> Kernels:
    """Make the two variants of a function that draws keep bits and applies them to nothing."""
    dispatchers = {
        "serial": make_kernel(serial, f"{name}_serial"),
        "parallel": make_kernel(parallel, f"{name}_in_parallel", parallel=True),
    }
    return _kernels_of(dispatchers, name, None)


def _kernels_of(dispatchers: dict[str, Any], name: str, dtype: np.dtype[Any] | None) -> Kernels:
    kernels = Kernels(_uncompiled, _uncompiled, None, dispatchers, name, dtype=dtype)
    kernels.serial = _first_serial(kernels)
    kernels.parallel = _first_parallel(kernels, "parallel", dispatchers["serial"])
    if "past_caches" in dispatchers:
        kernels.nontemporal = _first_parallel(kernels, "nontemporal", dispatchers["past_caches"])
    return kernels


@functools.cache
def _parallel_kernel(parallel: Kernel, name: str) -> Any:
    """The one kernel of that name."""
    return make_kernel(parallel, name, parallel=True)


def _uncompiled(*arguments: Any) -> None:
    """In the place of a variant until there is one."""


def _first_serial(kernels: Kernels) -> Kernel:
    """A function for the first call, which compiles the kernel and then takes the dispatcher out of the way."""
    dispatcher = kernels.dispatchers["serial"]

    @functools.wraps(dispatcher)
    def call(*arguments: Any) -> None:
        dispatcher(*arguments)
        kernels.serial = _without_dispatcher(dispatcher)
        kernels.compiled.add("serial")

    return call


def _first_parallel(kernels: Kernels, variant: str, serial: Any) -> Kernel:
    """The same for a parallel variant, which calls `serial` on each thread."""
    parallel = kernels.dispatchers["parallel"]

    @functools.wraps(parallel)
    def call(*arguments: Any) -> None:
        if not getattr(serial, "overloads", None):
            serial.compile(tuple(map(numba.typeof, arguments[: serial.py_func.__code__.co_argcount])))
        address = _address_of(serial)
        parallel(address, *arguments)
        setattr(kernels, variant, functools.partial(_without_dispatcher(parallel), address))
        kernels.compiled.add(variant)

    return call


def _address_of(dispatcher: Any) -> int:
    """Address of the one compiled function of a dispatcher, as a C function.

    Numba makes one of each function that it compiles, for calls by first-class function objects. Where its private names are
    missing, the function is compiled again as a callback.
    """
    (overload,) = dispatcher.overloads.values()
    try:
        return int(overload.library.get_pointer_to_function(overload.fndesc.llvm_cfunc_wrapper_name))
    except AttributeError:
        (signature,) = dispatcher.nopython_signatures
        return make_callback(dispatcher.py_func, signature, f"{dispatcher.py_func.__name__}_callback")


def _without_dispatcher(dispatcher: Any) -> Any:
    """The one compiled function of a dispatcher, called from Python as it is: 0.13 us less than through the dispatcher.

    It checks the type of each array itself. `entry_point` is private to Numba; where it is missing, the dispatcher does.
    """
    overloads = list(getattr(dispatcher, "overloads", {}).values())
    return getattr(overloads[0], "entry_point", dispatcher) if len(overloads) == 1 else dispatcher


def make_kernel(function: Callable[..., Any], name: str, *, parallel: bool = False) -> Any:
    """Compile a function at its first call under a name of its own, and keep the machine code on disk.

    Each kernel is called with one signature only: two processes that add different signatures of one cached function at
    the same time can spoil Numba's index of it.
    """
    named = _named(function, name)
    kernel = numba.njit(parallel=parallel, **OPTIONS)(named)
    attach_cache(kernel, named)
    return kernel


def make_callback(function: Callable[..., Any], signature: Any, name: str) -> int:
    """Compile a function now, and keep the machine code on disk; returns the address of a C function of that signature."""
    return compile_callback(_named(function, name), signature, OPTIONS)


def _named(function: Callable[..., Any], name: str) -> types.FunctionType:
    assert isinstance(function, types.FunctionType)
    named = types.FunctionType(function.__code__, function.__globals__, name, function.__defaults__, function.__closure__)
    named.__qualname__, named.__doc__ = name, function.__doc__
    return named


@tiny_helper
def _nothing_to_publish():
    """In the place of `fence`, where stores go through the caches."""
