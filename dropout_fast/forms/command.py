"""`python -m dropout_fast match module:function`: find the form of a user's dropout."""

import argparse
import importlib
import sys
from pathlib import Path
from typing import Any

from .matching import match


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "function", help="module:function, or module:object with a method forward; the module as it is imported from here"
    )
    parser.add_argument("--rng", help="module:object, the generator that it draws from, if that is not np.random")


def run(arguments: argparse.Namespace) -> int:
    """`match` as a command; the exit status is 0 if a form was found, else 1."""
    sys.path.insert(0, str(Path.cwd()))
    found = match(_imported(arguments.function), rng=None if arguments.rng is None else _imported(arguments.rng))
    print(found)
    return 0 if found.form else 1


def _imported(name: str) -> Any:
    module, _, path = name.partition(":")
    found: Any = importlib.import_module(module)
    for attribute in path.split("."):
        found = getattr(found, attribute)
    return found
