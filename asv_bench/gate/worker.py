"""Clock two commits' dropout_fast in turn, on the same arrays, in one process of the gate.

It prints one JSON list: for each case, by name, the seconds a call in each round.
"""

import argparse
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from ..measuring import clock, copies, dropouts
from . import after_product
from .verdict import AFTER_PRODUCT

#: Keep probabilities for engine fast. At 0.5 one random bit decides about an element, at 0.9 about ten.
KEEP_PROBS = (0.5, 0.9)

#: Rounds by size; each size takes one to two seconds.
ROUNDS = {2**10: 40, 3 * 2**14: 40, 2**20: 30, 2**24: 6}

#: Seconds that one commit runs before the other has its turn.
BLOCK = 0.002


def main(arguments: list[str]) -> None:
    """Measure all cases."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--side", action="append", nargs=2, metavar=("NAME", "FOLDER"))
    parser.add_argument("--case", action="append", nargs=2, metavar=("SIZE", "PLACE"))
    parsed = parser.parse_args(arguments)
    packages = {name: load_package(f"dropout_fast_{name}", Path(folder) / "dropout_fast") for name, folder in parsed.side}
    print(json.dumps([seconds(packages, int(size), place) for size, place in parsed.case]))


def seconds(packages: dict[str, ModuleType], size: int, place: str) -> dict[str, list[float]]:
    """Clock the functions of one case."""
    if place == AFTER_PRODUCT:
        return after_product.seconds(packages, size)
    functions = side_by_side(packages, np.random.default_rng(0).standard_normal(size).astype(np.float32))
    for function in functions.values():
        function()
    return clock.seconds_a_call(functions, ROUNDS[size], BLOCK)


def load_package(name: str, folder: Path) -> ModuleType:
    """Load the package in `folder` under the given name.

    ``import`` cannot do this: both commits call their package ``dropout_fast``, and a process can import only one of that name.
    """
    spec = importlib.util.spec_from_file_location(name, folder / "__init__.py", submodule_search_locations=[str(folder)])
    if spec is None or spec.loader is None:
        raise ImportError(f"{folder} holds no package")
    package = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)
    return package


def side_by_side(packages: dict[str, ModuleType], x: npt.NDArray[Any]) -> dict[str, Any]:
    """Make the functions to clock: the copies, then each function of both commits, one right after the other."""
    target = np.empty_like(x)
    sides = {side: calls(package, x, target) for side, package in packages.items()}
    return copies.copies(x, target) | after_product.in_pairs(sides)


def calls(package: ModuleType, x: npt.NDArray[Any], target: npt.NDArray[Any]) -> dict[str, Any]:
    """Make the functions of one commit. The first commits have no engine fast."""
    made = dropouts.drop_in("numpy 0.5", package, x, 0.5)
    if hasattr(package, "dropout"):
        for keep_prob in KEEP_PROBS:
            made |= dropouts.fast_engine(f"fast {keep_prob}", package, x, keep_prob, target)
        del made[f"fast {KEEP_PROBS[1]} backward"]  # the same kernel on as many bits as at the other keep probability
    return made


if __name__ == "__main__":
    main(sys.argv[1:])
