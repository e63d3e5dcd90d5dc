"""`python -m asv_bench collect FOLDER ...`: take in what other machines have measured, so that one dashboard shows all.

asv keeps its results in a folder a machine, beside one file that describes the benchmarks.
"""

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

from ..paths import WORKING_FILES

#: Where asv keeps its results (`results_dir` in asv.conf.json).
RESULTS = WORKING_FILES / "results"

MACHINE, BENCHMARKS = "machine.json", "benchmarks.json"


class CollectError(ValueError):
    """A folder cannot be taken in; nothing of it was."""


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns 0, or 1 if a folder could not be taken in."""
    try:
        for folder in arguments.folders:
            names = collect(folder, RESULTS)
            print(f"{folder}: {', '.join(names)}")
    except CollectError as error:
        print(error)
        return 1
    return 0


def collect(folder: Path, results: Path) -> list[str]:
    """Copy the results of every machine in a folder to another, and describe their benchmarks there.

    Parameters
    ----------
    folder : Path
        asv's results on another machine.
    results : Path
        asv's results on this one. Files of the same name, machine, commit and environment, are replaced.

    Returns
    -------
    list of str
        The machines' names.

    Raises
    ------
    CollectError
        The folder holds no results, or those of a machine whose name another machine has here.
    """
    machines = sorted(file.parent for file in folder.glob(f"*/{MACHINE}"))
    if not machines or not (folder / BENCHMARKS).is_file():
        raise CollectError(f"{folder} holds no results of asv; expected {BENCHMARKS}, and a folder for each machine.")
    for machine in machines:
        here = results / machine.name / MACHINE
        if here.is_file() and _read(here) != _read(machine / MACHINE):
            text = (
                f"{machine} is another machine than {here.parent}. Give one of them a name of its own: asv machine --machine NAME"
            )
            raise CollectError(f"{text}, and asv run --machine NAME.")
    for machine in machines:
        shutil.copytree(machine, results / machine.name, dirs_exist_ok=True)
    known = _read(results / BENCHMARKS) if (results / BENCHMARKS).is_file() else {}
    (results / BENCHMARKS).write_text(json.dumps(_read(folder / BENCHMARKS) | known))
    return [machine.name for machine in machines]


def _read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("folders", metavar="FOLDER", type=Path, nargs="+", help="a copy of .asv/results of another machine")
