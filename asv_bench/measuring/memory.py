"""Measure the memory that a forward takes at its peak: its result and its mask, without its input."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

import dropout_fast
from dropout_fast import reference


def peaks(x: npt.NDArray[Any], keep_prob: float) -> dict[str, float]:
    """Return the bytes for each element of x, by the name of the call."""
    dropout_param = {"p": keep_prob, "mode": "train"}
    target = np.empty_like(x)
    calls = {
        "reference": lambda: reference.dropout_forward(x, dropout_param),
        "numpy engine": lambda: dropout_fast.dropout_forward(x, dropout_param),
        "fast engine": lambda: dropout_fast.dropout(x, keep_prob=keep_prob),
        "numpy engine, out=": lambda: dropout_fast.dropout_forward(x, dropout_param, out=target),
        "fast engine, out=": lambda: dropout_fast.dropout(x, keep_prob=keep_prob, out=target),
        "fast engine, out=, store_mask=False": lambda: dropout_fast.dropout(x, keep_prob=keep_prob, out=target, store_mask=False),
    }
    return {name: peak_bytes(call) / x.size for name, call in calls.items()}


def peak_bytes(function: Callable[[], Any]) -> int:
    """Return the bytes allocated at the peak of one call, by Python and by NumPy, which reports to tracemalloc."""
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
