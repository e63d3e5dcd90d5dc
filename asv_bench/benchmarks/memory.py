"""How much memory does a forward take, and how much of it is the mask?"""

from typing import Any

import numpy as np

import dropout_fast
from asv_bench.measuring.memory import peak_bytes

from . import engines

SIZES = (2**10, 2**24)


class Memory:
    params = (engines.ENGINES, SIZES)
    param_names = ("engine", "size")
    version = "1"

    def setup(self, engine: str, size: int) -> None:
        engines.skip_if_missing(engine)
        self.x = np.ones(size, np.float32)

    def peakmem_forward(self, engine: str, size: int) -> None:
        """Of the whole process, with the input and Numba."""
        self.forward(engine)

    def track_peak(self, engine: str, size: int) -> float:
        """Result and mask, without the input."""
        return float(peak_bytes(lambda: self.forward(engine)) / size)

    def track_mask(self, engine: str, size: int) -> float:
        return float(self.forward(engine)[1].nbytes / size)

    track_peak.unit = track_mask.unit = "bytes an element"  # type: ignore[attr-defined]

    def forward(self, engine: str) -> Any:
        if engine == "fast":
            return dropout_fast.dropout(self.x, keep_prob=0.5)
        out, (_, mask) = dropout_fast.dropout_forward(self.x, {"p": 0.5, "mode": "train"})
        return out, mask
