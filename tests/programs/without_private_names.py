"""Show that the library works where another version of Numba has no such private names as it would use.

No arguments.
"""

import importlib
import sys

import numba.core.caching
import numba.core.compiler_lock
import numba.core.typed_passes
import numpy as np


def main() -> None:
    hidden = [
        (numba.core.caching, "FunctionCache"),
        (numba.core.compiler_lock, "global_compiler_lock"),
        (numba.core.typed_passes, "NativeLowering"),
    ]
    names = [(module, name, module.__dict__.pop(name)) for module, name in hidden]
    dropout_fast, reference = (importlib.import_module(name) for name in ("dropout_fast", "dropout_fast.reference"))
    for module, name, value in names:  # Numba itself needs them
        setattr(module, name, value)
    sys.modules["dropout_fast._process"]._parallel = None
    x = np.ones(2**20, np.float32)
    out, mask = dropout_fast.dropout(x, seed=1)
    assert mask.apply(x).tobytes() == out.tobytes()
    dropout_param = {"p": 0.5, "mode": "train", "seed": 1}
    assert dropout_fast.dropout_forward(x, dropout_param)[0].tobytes() == reference.dropout_forward(x, dropout_param)[0].tobytes()
    print("right")


if __name__ == "__main__":
    main()
