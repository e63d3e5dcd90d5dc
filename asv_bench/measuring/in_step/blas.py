"""The number of threads that BLAS takes for a matrix product."""

from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import threadpoolctl  # type: ignore[import-untyped]


def numbers_of_threads() -> tuple[int, ...]:
    """Return 1 and the number that BLAS takes by itself, or one number where both are the same or BLAS cannot be asked (0)."""
    np.ones((2, 2)) @ np.ones((2, 2))  # some libraries are loaded, and so found, only when used
    found = [library["num_threads"] for library in threadpoolctl.threadpool_info() if library["user_api"] == "blas"]
    return tuple(dict.fromkeys((1, max(found)))) if found else (0,)


def limited_to(threads: int) -> AbstractContextManager[Any]:
    """Let BLAS take that many threads inside a ``with``; 0 leaves it as it is."""
    limits: AbstractContextManager[Any] = threadpoolctl.threadpool_limits(threads or None, user_api="blas")
    return limits
