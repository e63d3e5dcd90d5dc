"""Show that kernels write what NumPy does in the forms that the library takes on other processors and on Windows.

No arguments. It takes a cache of kernels of its own, because other processes would load what this one compiles.
"""

import importlib
import os

import numba  # noqa: F401  # before the fork hooks are hidden, as what it imports needs them
import numpy as np


def without_fork_hooks() -> None:
    """Import the library as on Windows, where processes do not fork."""
    hook = os.__dict__.pop("register_at_fork", None)
    importlib.import_module("dropout_fast._process")
    if hook:
        os.register_at_fork = hook


def main() -> None:
    without_fork_hooks()
    golden, internals = map(importlib.import_module, ("golden", "internals"))
    internals.portable_code()
    for forward in golden.FORWARDS:
        if forward[3] == "f4":
            golden.check_forward(*forward)
    dropout_fast, reference = map(importlib.import_module, ("dropout_fast", "dropout_fast.reference"))
    x = np.linspace(-3, 3, 10_001).astype(np.float32)
    _, ours = dropout_fast.dropout_forward(x, {"p": 0.7, "mode": "train", "seed": 1})
    _, theirs = reference.dropout_forward(x, {"p": 0.7, "mode": "train", "seed": 1})
    dx = dropout_fast.dropout_backward(x, ours)
    assert dx.tobytes() == reference.dropout_backward(x, theirs).astype(np.float32).tobytes()
    print("same bits")


if __name__ == "__main__":
    main()
