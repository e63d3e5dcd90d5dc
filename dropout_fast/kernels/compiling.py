"""How every kernel is compiled and cached: the one place for Numba's options."""

import functools
import hashlib
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

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
    Numba keys its disk cache to the file that defines a kernel and to no other, so that after an
    upgrade in which only a helper's file changed, the old machine code would be used. Widening
    the stamp to a digest of all kernel files closes that hole. The attribute is private to Numba:
    where it is absent, or no cache folder can be written, the kernel is compiled in each process.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        dispatcher = numba.njit(parallel=parallel, **OPTIONS)(function)
        try:
            dispatcher.enable_caching()
            cache_file = dispatcher._cache._cache_file
            cache_file._source_stamp = (cache_file._source_stamp, _digest_of_kernels())
        except (RuntimeError, AttributeError):
            return numba.njit(parallel=parallel, **OPTIONS)(function)
        return dispatcher

    return decorate


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


@functools.cache
def _digest_of_kernels() -> str:
    files = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
