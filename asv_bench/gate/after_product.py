"""Clock two commits' dropout right after a matrix product that wrote the array, as a step of training calls it."""

from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from ..measuring.clock import Function, seconds_after

#: Rows and inputs of the product; the size of its result gives the columns.
ROWS, INPUTS = 256, 256

KEEP_PROB = 0.5

#: Rounds, and calls of a function in one turn: about two seconds together.
ROUNDS, CALLS = 30, 4


def seconds(packages: dict[str, ModuleType], size: int) -> dict[str, list[float]]:
    """Clock both commits' functions, and a copy, on a product of `size` elements."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((ROWS, INPUTS), np.float32)
    w = rng.standard_normal((INPUTS, size // ROWS), np.float32)
    hidden = x @ w
    target = np.empty_like(hidden)
    sides = {side: calls(package, hidden, target) for side, package in packages.items()}
    functions: dict[str, Function] = {"copy": lambda: np.copyto(target, hidden), **in_pairs(sides)}
    return seconds_after(lambda: np.matmul(x, w, out=hidden), functions, ROUNDS, CALLS)


def calls(package: Any, hidden: npt.NDArray[Any], target: npt.NDArray[Any]) -> dict[str, Function]:
    """Make the functions of one commit, each called once here. What the commit lacks is left out."""
    dropout_param = {"p": KEEP_PROB, "mode": "train"}
    made: dict[str, Function] = {}
    try:
        package.dropout_forward(hidden, dropout_param, out=target)
        made["numpy out= forward"] = lambda: package.dropout_forward(hidden, dropout_param, out=target)
    except TypeError:  # the first commits have no `out`
        pass
    if hasattr(package, "dropout"):
        _, mask = package.dropout(hidden, keep_prob=KEEP_PROB, seed=0, out=hidden)
        mask.apply(hidden, out=hidden)
        made["fast in place forward"] = lambda: package.dropout(hidden, keep_prob=KEEP_PROB, seed=0, out=hidden)
        made["fast in place backward"] = lambda: mask.apply(hidden, out=hidden)
    return made


def in_pairs(sides: dict[str, dict[str, Function]]) -> dict[str, Function]:
    """Put both commits' functions of one name next to each other; the commit becomes the first word of the name."""
    names = dict.fromkeys(name for made in sides.values() for name in made)
    return {f"{side} {name}": made[name] for name in names for side, made in sides.items() if name in made}
