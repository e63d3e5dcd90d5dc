"""How much memory a forward takes at its peak: result and cache included, the input not."""

import tracemalloc
from collections.abc import Callable
from typing import Any


def peak_bytes(function: Callable[[], Any]) -> int:
    """Bytes allocated at the peak of one call, by NumPy and by Python; NumPy reports to tracemalloc."""
    function()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        kept = function()
        peak = tracemalloc.get_traced_memory()[1] - before
        del kept
    finally:
        tracemalloc.stop()
    return peak
