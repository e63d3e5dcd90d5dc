"""How every kernel is compiled and cached: the one place for Numba's options."""

import contextlib
import types
from collections.abc import Callable
from typing import Any

import numba
from numba import config

try:
    from .disk_cache import KernelCache
except ImportError:
    KernelCache = None  # type: ignore[assignment,misc]  # another version of Numba, with other private names

#: Options of every function under ``kernels``: Python threads go on while one runs, and
#: division behaves as NumPy's (no branch to an exception inside a loop).
OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}

#: For what a kernel calls: compiled into its callers, so it needs no cache entry of its own.
helper = numba.njit(forceinline=True, **OPTIONS)

#: For a few lines: copied into its callers before types are inferred, which saves 30 to 60 ms of compilation each.
tiny_helper = numba.njit(inline="always", **OPTIONS)


def kernel(*, parallel: bool = False) -> Callable[[Callable[..., Any]], Any]:
    """Compile the decorated function at its first call and keep the result on disk.

    Parameters
    ----------
    parallel : bool
        Whether ``numba.prange`` loops run on several threads.

    Returns
    -------
    callable
        The decorator.

    Notes
    -----
    Where `disk_cache` cannot write, and where Numba's private names that it uses are absent, the kernel is compiled in
    each process.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        compiled = numba.njit(parallel=parallel, **OPTIONS)(function)
        if not config.DISABLE_JIT and KernelCache is not None:  # type: ignore[attr-defined]  # set at run time
            with contextlib.suppress(RuntimeError, AttributeError):
                compiled._cache = KernelCache(function)
        return compiled

    return decorate


def without_jit(stand_in: Callable[..., Any]) -> Callable[[Any], Any]:
    """Under ``NUMBA_DISABLE_JIT=1``, where nothing is compiled, put this function of NumPy arrays in the decorated one's place."""
    return lambda compiled: stand_in if config.DISABLE_JIT else compiled  # type: ignore[attr-defined]  # set at run time


def kernel_by_dtype(*dtypes: str, parallel: bool = False) -> Callable[[Any], dict[str, Any]]:
    """Make one kernel for each dtype of the decorated function: a dictionary of them, by dtype.

    Two processes that add different signatures of one cached function at once can spoil Numba's
    index of it; so each dtype has a function, and a cache file, under a name of its own.
    """

    def decorate(function: types.FunctionType) -> dict[str, Any]:
        return {dtype: kernel(parallel=parallel)(_renamed(function, f"{function.__name__}_{dtype}")) for dtype in dtypes}

    return decorate


def _renamed(function: types.FunctionType, name: str) -> types.FunctionType:
    twin = types.FunctionType(function.__code__, function.__globals__, name, function.__defaults__, function.__closure__)
    twin.__qualname__, twin.__doc__ = name, function.__doc__
    return twin
