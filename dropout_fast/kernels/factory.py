"""One factory for the variants of a kernel: serial, parallel, and parallel past the caches, for each dtype.

A *pass* walks over memory and draws or loads keep bits. An *epilogue* says what happens to one vector of x, given its keep
bits. A pass is a function ``(epilogue, write, publish) -> (serial, parallel)`` whose results are plain Python functions; the
factory compiles them.
"""

import types
from collections.abc import Callable
from typing import Any, NamedTuple

import numba

from .disk_cache import attach_cache
from .options import OPTIONS, tiny_helper
from .simd.memory import fence, store, store_nontemporal

Kernel = Callable[..., None]
Pass = Callable[[Any, Any, Any], tuple[Kernel, Kernel]]


class Kernels(NamedTuple):
    """The variants of one kernel, which give the same bits.

    Attributes
    ----------
    serial
        Runs on the calling thread.
    parallel
        Runs on several threads; takes their shares after serial's arguments.
    nontemporal
        As `parallel`, storing past the caches.
    """

    serial: Kernel
    parallel: Kernel
    nontemporal: Kernel


def make_kernels(make_pass: Pass, epilogue: Any, dtype: str) -> Kernels:
    """Make the variants of a pass with an epilogue for arrays of one dtype; each is compiled when it is first called."""
    serial, parallel = make_pass(epilogue, store, _nothing_to_publish)
    _, nontemporal = make_pass(epilogue, store_nontemporal, fence)
    name = f"{make_pass.__name__}_{epilogue.__name__}"
    return Kernels(
        make_kernel(serial, f"{name}_serial_{dtype}"),
        make_kernel(parallel, f"{name}_parallel_{dtype}", parallel=True),
        make_kernel(nontemporal, f"{name}_nontemporal_{dtype}", parallel=True),
    )


def make_kernel(function: Callable[..., Any], name: str, *, parallel: bool = False) -> Any:
    """Compile a function at its first call under a name of its own, and keep the machine code on disk.

    Each kernel is called with one signature only: two processes that add different signatures of one cached function at
    the same time can spoil Numba's index of it.
    """
    assert isinstance(function, types.FunctionType)
    named = types.FunctionType(function.__code__, function.__globals__, name, function.__defaults__, function.__closure__)
    named.__qualname__, named.__doc__ = name, function.__doc__
    kernel = numba.njit(parallel=parallel, **OPTIONS)(named)
    attach_cache(kernel, named)
    return kernel


@tiny_helper
def _nothing_to_publish():
    """In the place of `fence`, where stores go through the caches."""
