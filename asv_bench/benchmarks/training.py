"""How much does dropout add to a whole step of training?"""

from collections.abc import Callable
from functools import cache
from typing import Any

import dropout_fast
from asv_bench.measuring import clock
from dropout_fast import reference

from . import engines, ratios
from .network import training_step

DROPOUTS = ("none", "reference", "numpy", "fast")


class Training:
    params = DROPOUTS
    param_names = ("dropout",)
    version = "1"

    def time_step(self, dropout: str) -> None:
        _step(dropout)()


class TrainingCost:
    params = DROPOUTS[1:]
    param_names = ("dropout",)
    version = "1"
    unit = "x a step without dropout"

    def setup(self, dropout: str) -> None:
        engines.skip_if_missing(dropout)

    def track_over_none(self, dropout: str) -> dict[str, Any]:
        times = clock.seconds_a_call({name: _step(name) for name in (dropout, "none")}, 4 * ratios.ROUNDS, ratios.BLOCK)
        return {"samples": clock.ratios(times[dropout], times["none"]), "number": 1}


@cache
def _step(dropout: str) -> Callable[[], None]:
    engines.skip_if_missing(dropout)
    forward, backward, dropout_param = _dropout(dropout)
    step = training_step(dropout_param, forward, backward)
    step()  # compiles
    return step


def _dropout(name: str) -> tuple[Any, Any, dict[str, Any]]:
    if name == "none":
        return reference.dropout_forward, reference.dropout_backward, {"p": 0.5, "mode": "test"}
    package = reference if name == "reference" else dropout_fast
    engine = {"engine": "fast"} if name == "fast" else {}
    return package.dropout_forward, package.dropout_backward, {"p": 0.5, "mode": "train"} | engine
