"""Calls on small arrays, where the time is that of Python around the kernel."""

from functools import partial

import numpy as np

import dropout_fast

from .clock import Function

#: For each call the NumPy call to compare it with.
COMPARED_WITH = {
    "dropout of (64, 256)": "empty_like and copyto of (64, 256)",
    "dropout of 1000": "x * 2.0 of 1000",
    "dropout of 16": "x * 2.0 of 16",
    "Dropout and backward of 1000": "x * 2.0 of 1000",
}


def small_calls() -> dict[str, Function]:
    """Make the functions to clock, all on float32. Each is called once here, so all are compiled."""
    matrix = np.ones((64, 256), np.float32)
    made: dict[str, Function] = {
        "dropout of (64, 256)": lambda: dropout_fast.dropout(matrix, keep_prob=0.5),
        "empty_like and copyto of (64, 256)": lambda: np.copyto(np.empty_like(matrix), matrix),
    }
    for size in (1000, 16):
        x = np.ones(size, np.float32)
        made[f"dropout of {size}"] = partial(dropout_fast.dropout, x, keep_prob=0.5)
        made[f"x * 2.0 of {size}"] = partial(np.multiply, x, 2.0)
    vector = np.ones(1000, np.float32)
    layer, evaluating = dropout_fast.Dropout(keep_prob=0.5), dropout_fast.Dropout(keep_prob=0.5).eval()
    made["Dropout and backward of 1000"] = lambda: layer.backward(layer(vector))
    made["Dropout in evaluation mode"] = lambda: evaluating(matrix)
    for function in made.values():
        function()
    return made
