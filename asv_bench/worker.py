"""One process of the gate: two commits' dropout_fast side by side, clocked in turn on the same arrays.

Reads nothing but its arguments, prints one JSON object: seconds a call by size, then by name, by round.
"""

import argparse
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
from benchmarks.tools import clock, columns, load_package

#: Of engine fast: one bit an element decides at 0.5, about ten at 0.9.
KEEP_PROBS = (0.5, 0.9)

#: By size: one to two seconds each.
ROUNDS = {2**10: 40, 3 * 2**14: 40, 2**20: 30, 2**24: 6}

#: Seconds that one commit runs before the other has its turn.
BLOCK = 0.002


def main(arguments: list[str]) -> None:
    """Measure all sizes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--side", action="append", nargs=2, metavar=("NAME", "FOLDER"))
    parser.add_argument("--sizes", nargs="+", type=int)
    parsed = parser.parse_args(arguments)
    packages = {name: load_package(f"dropout_fast_{name}", Path(folder) / "dropout_fast") for name, folder in parsed.side}
    rng = np.random.default_rng(0)
    seconds = {}
    for size in parsed.sizes:
        x = rng.standard_normal(size).astype(np.float32)
        functions = side_by_side(packages, x)
        for function in functions.values():
            function()
        seconds[size] = clock.seconds_a_call(functions, ROUNDS[size], BLOCK)
    print(json.dumps(seconds))


def side_by_side(packages: dict[str, ModuleType], x: npt.NDArray[Any]) -> dict[str, Any]:
    """The functions to clock, copies first, then those of the same name next to each other."""
    target = np.empty_like(x)
    sides = {side: calls(package, x, target) for side, package in packages.items()}
    names = dict.fromkeys(name for made in sides.values() for name in made)
    pairs = {f"{side} {name}": made[name] for name in names for side, made in sides.items() if name in made}
    return columns.copies(x, target) | pairs


def calls(package: ModuleType, x: npt.NDArray[Any], target: npt.NDArray[Any]) -> dict[str, Any]:
    """What one commit has of engines, as functions to clock."""
    made = columns.drop_in("numpy 0.5", package, x, 0.5)
    if hasattr(package, "dropout"):
        for keep_prob in KEEP_PROBS:
            made |= columns.fast_engine(f"fast {keep_prob}", package, x, keep_prob, target)
        del made[f"fast {KEEP_PROBS[1]} backward"]  # the same kernel on the same number of bits
    return made


if __name__ == "__main__":
    main(sys.argv[1:])
