"""`python -m asv_bench report`: write the documents' tables from the published results, so that they cannot differ."""

import argparse
import re
from collections.abc import Callable
from pathlib import Path

from ..measuring.in_step import tables as tables_in_step
from ..measuring.text_tables import Table
from ..paths import ASV_BENCH, PUBLISHED_RESULTS, REPOSITORY
from . import tables

#: The main results file. Beside it lie those of code for narrower processors (`NUMBA_CPU_NAME`) and of other numbers of threads
#: (`NUMBA_NUM_THREADS`).
RESULTS, NARROWER, BY_THREADS = "bench.json", "bench-*.json", "threads-*.json"

START, END = "<!-- figures: python -m asv_bench report -->\n", "<!-- end of figures -->\n"


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns 0, or 1 if a document has no place for its tables."""
    for path, figures in DOCUMENTS.items():
        text, found = replaced(path.read_text(), figures())
        if not found:
            print(f"{path} has no line {START}")
            return 1
        path.write_text(text)
        print(f"{path}: figures of {RESULTS}")
    return 0


def replaced(document: str, figures: str) -> tuple[str, bool]:
    """Put the figures between the document's two comments, and tell whether it has them."""
    between = re.compile(f"({re.escape(START)}).*?({re.escape(END)})", re.DOTALL)
    text, count = between.subn(lambda match: match[1] + figures + match[2], document)
    return text, count > 0


def short_figures() -> str:
    """Write what stands between the comments of README.md: what dropout adds to a training step, if that was measured."""
    measured = tables.load(PUBLISHED_RESULTS / RESULTS)
    if "in_step" in measured:
        return _between_comments(tables.machine_in_step(measured), [tables_in_step.short(measured["in_step"])])
    return _between_comments(tables.machine(measured), [tables.short(measured)])


def full_figures() -> str:
    """Write what stands between the comments of asv_bench/README.md: first what a training loop sees, then the hot loop."""
    measured = tables.load(PUBLISHED_RESULTS / RESULTS)
    narrower, by_threads = (
        [tables.load(path) for path in sorted(PUBLISHED_RESULTS.glob(pattern))] for pattern in (NARROWER, BY_THREADS)
    )
    hot_loop = _between_comments(tables.machine(measured), tables.full(measured, narrower, by_threads))
    where_it_is_called = tables.where_it_is_called(measured)
    if not where_it_is_called:
        return hot_loop
    return _between_comments(tables.machine_in_step(measured), where_it_is_called) + "In a hot loop: " + hot_loop.lstrip()


def _between_comments(machine: str, made: list[Table]) -> str:
    return "\n" + "\n\n".join([machine, *(tables.markdown(table) for table in made)]) + "\n\n"


#: Each document and the function that writes its figures.
DOCUMENTS: dict[Path, Callable[[], str]] = {REPOSITORY / "README.md": short_figures, ASV_BENCH / "README.md": full_figures}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options: none."""
