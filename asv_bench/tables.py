"""What a bench file says, as tables whose first row is the head: for the README and for the summary page."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from dropout_fast import numpy_strides
from dropout_fast.bench.columns import fair_copy
from dropout_fast.bench.report import RATIOS, Table, size_text
from dropout_fast.bench.small import PAIRS
from dropout_fast.kernels.mt19937 import DRAWS_A_BLOCK

#: Where a narrower instruction set is compared.
NARROW_SIZE, NARROW_KEEP_PROB = 2**20, "0.9"

#: Numbers of threads whose times are worked out from that of one, where there are not so many.
ON_PAPER = (4, 8, 16)

#: What is compared on several numbers of threads, in the names of a bench file.
SCALED, RATIO_OF_SCALED = "numpy forward, out=", "forward, out="


def machine(measured: dict[str, Any]) -> str:
    """What the figures depend on."""
    parts = dict(measured["machine"])
    processor, threads = parts.pop("processor"), parts.pop("threads")
    versions = ", ".join(f"{name} {version}" for name, version in parts.items())
    return f"{processor}, {threads} threads; {versions}; {measured['settings']['dtype']}, {measured['settings']['rounds']} rounds."


def peers(measured: dict[str, Any]) -> Table:
    """Forward and backward of everybody, by size."""
    return _by_size(f"ns an element, keep_prob {measured['settings']['keep_prob']:g}", measured["rows"], "ns_per_element", "")


def all_tables(
    measured: dict[str, Any], narrower: Sequence[dict[str, Any]] = (), by_threads: Sequence[dict[str, Any]] = ()
) -> list[Table]:
    """Everything in the file, engine fast compiled for `narrower` processors, and engine numpy on other numbers of threads."""
    calls, memory = measured["small_calls"], measured["peak_memory"]
    small = [[name, f"{us:.2f}", _over(name, calls["ratios"])] for name, us in calls["microseconds"].items() if "ropout" in name]
    starts = [[name, f"{seconds:.2f}"] for name, seconds in measured["startup_seconds"].items()]
    peaks = [[name, f"{peak:.3f}"] for name, peak in memory["bytes_an_element"].items()]
    made = [
        peers(measured),
        _by_size("ratio of times", measured["rows"], "ratios", "x"),
        over_copies(measured),
        [["a small call, float32", "us", ""], *small],
        [["a new process", "s"], *starts],
        [[f"peak memory of result and mask, {size_text(memory['size'])}", "bytes an element"], *peaks],
    ]
    if by_threads:
        made.append(scaling((*by_threads, measured)))
    if narrower:
        rows = [[_target(other), *_narrow(other)] for other in (measured, *narrower)]
        head = [f"engine fast, {size_text(NARROW_SIZE)}, keep_prob {NARROW_KEEP_PROB}, over a parallel copy", "forward", "backward"]
        made.append([head, *rows])
    return made


def scaling(files: Iterable[dict[str, Any]]) -> Table:
    """Engine numpy on several numbers of threads, one a file: nanoseconds an element, and over the reference of the same run.

    On paper for those that no file has: what the longest share of an array takes by the time of one thread.
    """
    rows = {file["machine"]["threads"]: {row["size"]: row for row in file["rows"]} for file in files}
    sizes = sorted(set.intersection(*(set(row) for row in rows.values())))
    body = [[str(threads), *(_measured(rows[threads][size]) for size in sizes)] for threads in sorted(rows)]
    for threads in ON_PAPER:
        if 1 in rows and threads not in rows:
            body.append([f"{threads}, on paper", *(_on_paper(rows[1][size], size, threads) for size in sizes)])
    return [["engine numpy, forward with out=, threads", *(size_text(size) for size in sizes)], *body]


def _measured(row: dict[str, Any]) -> str:
    return f"{_number(row['ns_per_element'][SCALED], ' ns')}, {_number(row['ratios'][RATIO_OF_SCALED], 'x')}"


def _on_paper(one: dict[str, Any], size: int, threads: int) -> str:
    longest = numpy_strides.shares(size, threads)[0] * DRAWS_A_BLOCK
    return _number(one["ns_per_element"][SCALED] * longest / size, " ns")


def over_copies(measured: dict[str, Any]) -> Table:
    """Engine fast over a copy on as many threads: forward and backward by keep probability and size."""
    itemsize = np.dtype(measured["settings"]["dtype"]).itemsize
    copies = {row["size"]: (fair_copy(row["size"] * itemsize), row) for row in measured["against_copies"]}
    keep_probs = dict.fromkeys(name.split()[0] for _, row in copies.values() for name in row["copy"])
    head = [
        "engine fast, forward and backward, keep_prob",
        *(f"{size_text(size)}, over a {copy}" for size, (copy, _) in copies.items()),
    ]
    return [
        head,
        *(
            [
                p,
                *(
                    " and ".join(_ratio(row[copy][f"{p} {way}"]) for way in ("forward", "backward"))
                    for copy, row in copies.values()
                ),
            ]
            for p in keep_probs
        ),
    ]


def markdown(table: Table) -> str:
    """In the README's form."""
    head, *rows = table
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _by_size(corner: str, rows: list[dict[str, Any]], kind: str, suffix: str) -> Table:
    """Sizes as columns, what was measured as rows."""
    names = dict.fromkeys(name for row in rows for name in row[kind])
    labels = {name: " / ".join(RATIOS[name]) if kind == "ratios" else name for name in names}
    body = [[labels[name], *(_number(row[kind].get(name), suffix) for row in rows)] for name in names]
    return [[corner, *(size_text(row["size"]) for row in rows)], *body]


def _number(value: float | None, suffix: str) -> str:
    return "" if value is None else f"{value:.{1 if value >= 10 else 2 if value >= 1 else 3}f}{suffix}"


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}x"


def _over(name: str, ratios: dict[str, float]) -> str:
    return f"{_ratio(ratios[name])} {PAIRS[name]}" if name in ratios else ""


def _target(measured: dict[str, Any]) -> str:
    return str(measured["machine"].get("NUMBA_CPU_NAME", "for this processor"))


def _narrow(measured: dict[str, Any]) -> list[str]:
    row = next((row for row in measured["against_copies"] if row["size"] == NARROW_SIZE), None)
    return [_ratio(row and row["parallel copy"][f"{NARROW_KEEP_PROB} {way}"]) for way in ("forward", "backward")]
