"""What does dropout add to a whole step of training, of the demo's network?"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

import dropout_fast
from dropout_fast import reference

from . import engines, ratios
from .tools import clock, network

BATCH, PIXELS, HIDDEN_UNITS, CLASSES = 100, 64, 500, 10  # as in the demo
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
    """Forward, backward and update of one batch."""
    engines.skip_if_missing(dropout)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((BATCH, PIXELS)), rng.integers(CLASSES, size=BATCH)
    parameters = network.initial_parameters(PIXELS, HIDDEN_UNITS, CLASSES, rng)
    adam = network.Adam(parameters, 1e-3)
    forward, backward, dropout_param = _dropout(dropout)

    def step() -> None:
        _, gradients = network.loss_and_gradients(parameters, x, y, dropout_param, forward, backward)
        adam.update(gradients)

    step()
    return step


def _dropout(name: str) -> tuple[Any, Any, dict[str, Any]]:
    if name == "none":
        return reference.dropout_forward, reference.dropout_backward, {"p": 0.5, "mode": "test"}
    package = reference if name == "reference" else dropout_fast
    engine = {"engine": "fast"} if name == "fast" else {}
    return package.dropout_forward, package.dropout_backward, {"p": 0.5, "mode": "train"} | engine
