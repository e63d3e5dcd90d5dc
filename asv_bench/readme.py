"""`python -m asv_bench readme`: the README's figures from the bench files, so that text and figures cannot part."""

import argparse
import json
import re
from pathlib import Path
from typing import Any

from . import tables

HERE = Path(__file__).parent
README = HERE.parent / "README.md"

#: Written by `python -m dropout_fast bench --json`.
BENCH = HERE / "bench.json"

#: The same compiled for narrower processors (`NUMBA_CPU_NAME`), any number of them.
NARROWER = "bench-*.json"

#: The same on other numbers of threads (`NUMBA_NUM_THREADS`).
BY_THREADS = "threads-*.json"

BETWEEN = re.compile(r"(<!-- figures: python -m asv_bench readme -->\n).*(<!-- end of figures -->\n)", re.DOTALL)


def run(arguments: argparse.Namespace) -> int:
    """Write them; the exit status is 0, or 1 if the README has no place for them."""
    text, found = BETWEEN.subn(lambda match: match[1] + figures() + match[2], README.read_text())
    if not found:
        print(f"{README} has no line <!-- figures: python -m asv_bench readme -->")
        return 1
    README.write_text(text)
    print(f"{README}: figures of {BENCH.name}")
    return 0


def figures() -> str:
    """What stands between the README's two comments."""
    measured = load(BENCH)
    narrower, by_threads = ([load(path) for path in sorted(HERE.glob(pattern))] for pattern in (NARROWER, BY_THREADS))
    made = tables.all_tables(measured, narrower, by_threads)
    parts = [tables.machine(measured), *(tables.markdown(table) for table in made)]
    return "\n" + "\n\n".join(parts) + "\n\n"


def load(path: Path) -> dict[str, Any]:
    """A bench file."""
    measured: dict[str, Any] = json.loads(path.read_text())
    return measured


def add_options(parser: argparse.ArgumentParser) -> None:
    """The command has none."""
