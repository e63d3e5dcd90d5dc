"""How kernels are compiled: the one place for Numba's options."""

from collections.abc import Callable
from typing import Any

import numba
from numba import config

try:
    from .helper_compiler import HelperCompiler
except ImportError:
    _PIPELINE: dict[str, Any] = {}
else:
    _PIPELINE = {"pipeline_class": HelperCompiler}

#: Options of every compiled function: other Python threads run meanwhile, and division behaves as in NumPy
#: (without a branch to an exception inside a loop).
OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}

# Without the wrappers by which Python and C would call them; these took a quarter of the time of compilation.
_HELPER: dict[str, Any] = {**OPTIONS, "forceinline": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}

#: For functions that kernels call, and nothing else may: compiled into their callers, so they need no cache entries of their own.
helper = numba.njit(**_HELPER, **_PIPELINE)

#: For functions of a few lines: copied into their callers before type inference, which saves 30 to 60 ms of compilation each.
tiny_helper = numba.njit(inline="always", **_HELPER, **_PIPELINE)


def interpreted_as(stand_in: Callable[..., Any]) -> Callable[[Any], Any]:
    """Replace the decorated function by a NumPy one under ``NUMBA_DISABLE_JIT=1``, where nothing is compiled."""
    return lambda compiled: stand_in if config.DISABLE_JIT else compiled  # type: ignore[attr-defined]  # set at run time
