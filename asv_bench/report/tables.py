"""Make tables from results files, for the documents and for the dashboard's summary page."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..measuring.after_other_work.tables import table as table_after_other_work
from ..measuring.copies import fair_copy
from ..measuring.generators.tables import table as table_of_generators
from ..measuring.in_step import tables as tables_in_step
from ..measuring.small_calls import COMPARED_WITH
from ..measuring.text_tables import Table, number, ratio, size_text

#: The sizes in the short table.
SHORT_SIZES = (2**14, 2**20, 2**24)

#: The rows of the short table: label, function, and the NumPy code that it replaces.
SHORT_ROWS = (
    ("engine fast, forward with `out=`", "fast forward", "reference forward"),
    ("engine fast, backward with `out=`", "fast backward", "reference backward"),
    ("engine numpy, forward with `out=`", "numpy forward, out=", "reference forward"),
    ("engine numpy, backward", "numpy backward", "reference backward"),
)

#: The function that the table by threads compares with the NumPy code.
SCALED = "numpy forward, out="

#: The size and the keep probability of the table by processor.
PROCESSOR_SIZE, PROCESSOR_KEEP_PROB = 2**20, "0.9"


def load(path: Path) -> dict[str, Any]:
    """Read a results file."""
    measured: dict[str, Any] = json.loads(path.read_text())
    return measured


def machine(measured: dict[str, Any]) -> str:
    """Describe what the figures of the hot loop depend on."""
    return f"{_machine(measured)}; {measured['settings']['dtype']}, {measured['settings']['rounds']} rounds."


def machine_in_step(measured: dict[str, Any]) -> str:
    """Describe what the figures of a training step depend on."""
    settings = measured["settings"]
    return f"{_machine(measured)}; float32 unless said, keep_prob {settings['keep_prob']:g}, {settings['steps']} rounds."


def short(measured: dict[str, Any]) -> Table:
    """Make the README's table of a hot loop: how many times faster than the NumPy code, at three sizes."""
    rows = [row for row in measured["rows"] if row["size"] in SHORT_SIZES]
    head = ["times faster than NumPy's code, in a hot loop", *(size_text(row["size"]) for row in rows)]
    ours = [[label, *(number(row["ratios"][f"{numpys} / {name}"], "x") for row in rows)] for label, name, numpys in SHORT_ROWS]
    numpys = [
        [f"NumPy's code, {direction}", *(f"1x: {number(row['ns_per_element'][f'reference {direction}'])} ns" for row in rows)]
        for direction in ("forward", "backward")
    ]
    return [head, *ours, *numpys]


def where_it_is_called(measured: dict[str, Any]) -> list[Table]:
    """Make the tables of a training step, of calls after other work, and of generators, if they were measured."""
    made = tables_in_step.full(measured["in_step"]) if "in_step" in measured else []
    for part, table in (("after_other_work", table_after_other_work), ("generators", table_of_generators)):
        if part in measured:
            made.append(table(measured[part]))
    return made


def full(
    measured: dict[str, Any], narrower: Sequence[dict[str, Any]] = (), by_threads: Sequence[dict[str, Any]] = ()
) -> list[Table]:
    """Make all tables of the hot loop, of a start and of memory from one results file, and two more of other files.

    The files of `narrower` were measured with code for narrower processors, those of `by_threads` on other numbers of threads.
    """
    calls, memory = measured["small_calls"], measured["peak_memory"]
    small = [[name, f"{us:.2f}", _over(name, calls["ratios"])] for name, us in calls["microseconds"].items() if "ropout" in name]
    starts = [[name, f"{seconds:.2f}"] for name, seconds in measured["startup_seconds"].items()]
    peaks = [[name, f"{peak:.3f}"] for name, peak in memory["bytes_an_element"].items()]
    made = [
        by_library(measured),
        _by_size("ratio of times", measured["rows"], "ratios", "x"),
        over_copies(measured),
        [["a small call, float32", "us", ""], *small],
        [["a new process", "s"], *starts],
        [[f"peak memory of result and mask, {size_text(memory['size'])}", "bytes an element"], *peaks],
    ]
    if by_threads:
        made.append(scaling((*by_threads, measured)))
    if narrower:
        made.append(by_processor((measured, *narrower)))
    return made


def by_library(measured: dict[str, Any]) -> Table:
    """Compare all libraries: nanoseconds an element by size."""
    return _by_size(f"ns an element, keep_prob {measured['settings']['keep_prob']:g}", measured["rows"], "ns_per_element", "")


def over_copies(measured: dict[str, Any]) -> Table:
    """Divide engine fast's times by those of a copy on as many threads, by keep probability and size."""
    itemsize = np.dtype(measured["settings"]["dtype"]).itemsize
    copies = {row["size"]: (fair_copy(row["size"] * itemsize), row) for row in measured["against_copies"]}
    keep_probs = dict.fromkeys(name.split()[0] for _, row in copies.values() for name in row["copy"])
    head = [
        "engine fast, forward and backward, keep_prob",
        *(f"{size_text(size)}, over a {copy}" for size, (copy, _) in copies.items()),
    ]
    body = [
        [p, *(f"{ratio(row[copy][f'{p} forward'])} and {ratio(row[copy][f'{p} backward'])}" for copy, row in copies.values())]
        for p in keep_probs
    ]
    return [head, *body]


def scaling(files: Iterable[dict[str, Any]]) -> Table:
    """Compare numbers of threads, one a file: engine numpy's nanoseconds an element, and the NumPy code's time over them."""
    rows = {file["machine"]["threads"]: {row["size"]: row for row in file["rows"]} for file in files}
    sizes = sorted(set.intersection(*(set(row) for row in rows.values())))
    body = [[str(threads), *(_scaled(rows[threads][size]) for size in sizes)] for threads in sorted(rows)]
    return [["engine numpy, forward with out=, threads", *(size_text(size) for size in sizes)], *body]


def by_processor(files: Iterable[dict[str, Any]]) -> Table:
    """Compare code for several processors, one a file: engine fast's time over that of a parallel copy."""
    text = f"engine fast, {size_text(PROCESSOR_SIZE)}, keep_prob {PROCESSOR_KEEP_PROB}, over a parallel copy"
    return [[text, "forward", "backward"], *([_processor(measured), *_one_processor(measured)] for measured in files)]


def markdown(table: Table) -> str:
    """Write a table as Markdown."""
    head, *rows = table
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _machine(measured: dict[str, Any]) -> str:
    parts = dict(measured["machine"])
    processor, threads = parts.pop("processor"), parts.pop("threads")
    return f"{processor}, {threads} threads; {', '.join(f'{name} {version}' for name, version in parts.items())}"


def _by_size(corner: str, rows: list[dict[str, Any]], kind: str, suffix: str) -> Table:
    """Make a table with sizes as columns and what was measured as rows."""
    names = dict.fromkeys(name for row in rows for name in row[kind])
    body = [[name, *(number(row[kind].get(name), suffix) for row in rows)] for name in names]
    return [[corner, *(size_text(row["size"]) for row in rows)], *body]


def _scaled(row: dict[str, Any]) -> str:
    return f"{number(row['ns_per_element'][SCALED], ' ns')}, {number(row['ratios'][f'reference forward / {SCALED}'], 'x')}"


def _processor(measured: dict[str, Any]) -> str:
    return str(measured["machine"].get("NUMBA_CPU_NAME", "for this processor"))


def _one_processor(measured: dict[str, Any]) -> list[str]:
    row = next((row for row in measured["against_copies"] if row["size"] == PROCESSOR_SIZE), None)
    return [ratio(row and row["parallel copy"][f"{PROCESSOR_KEEP_PROB} {direction}"]) for direction in ("forward", "backward")]


def _over(name: str, ratios: dict[str, float]) -> str:
    return f"{ratio(ratios[name])} {COMPARED_WITH[name]}" if name in ratios else ""
