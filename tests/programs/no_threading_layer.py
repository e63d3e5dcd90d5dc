"""Show that an array which several threads would share is dropped where Numba's threading layer cannot be loaded.

No arguments. Prints the only warning, and the file to which it points.
"""

import warnings
from pathlib import Path

import internals
import numpy as np

import dropout_fast


def main() -> None:
    internals.hide_tbb()
    x = np.ones(2**20, np.float32)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        out, mask = dropout_fast.dropout(x, seed=1)
        assert mask.apply(x).tobytes() == out.tobytes()
    assert not internals.may_launch()
    (warning,) = caught
    print(f"{warning.category.__name__}: {warning.message}".splitlines()[0])
    print(Path(warning.filename).name)


if __name__ == "__main__":
    main()
