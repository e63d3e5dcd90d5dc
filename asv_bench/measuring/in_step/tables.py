"""Tables of the results in a step of training, for the terminal and for the documents."""

from collections.abc import Iterator
from typing import Any

from ..text_tables import Table, number, ratio
from .results import DIRECTIONS
from .ways import NUMPYS

#: The columns of the short table: label and way.
SHORT_COLUMNS = (
    ("NumPy's dropout", NUMPYS),
    ("engine numpy, in place", "engine numpy, in place"),
    ("engine fast, in place", "engine fast, in place"),
)

#: By direction, the fused call and what it is compared with.
FUSED_CALLS = {
    "forward": "relu_dropout over dropout alone",
    "backward": "mask.apply with bias_gradient over mask.apply alone",
}

Rows = list[dict[str, Any]]


def short(rows: Rows) -> Table:
    """Make the README's table: what dropout adds to a step, with BLAS on all its threads."""
    most = max(row["blas_threads"] for row in rows)
    chosen = [row for row in rows if row["blas_threads"] == most]
    head = [f"what dropout adds to a training step, {_blas(most)}", *(label for label, _ in SHORT_COLUMNS)]
    return [head, *([_net(row), *(percent(row["tax"][way]) for _, way in SHORT_COLUMNS)] for row in chosen)]


def full(rows: Rows) -> list[Table]:
    """Make the tables of each number of BLAS's threads: whole steps, calls over a copy, calls beside NumPy's, and fused steps.

    Results of a commit that fused nothing have no table of the last kind.
    """
    made = []
    for threads in dict.fromkeys(row["blas_threads"] for row in rows):
        chosen = [row for row in rows if row["blas_threads"] == threads]
        made += [steps(chosen), over_copies(chosen), beside_numpys(chosen)]
        if all("fused" in row for row in chosen):
            made.append(fused(chosen))
    return made


def steps(rows: Rows) -> Table:
    """Milliseconds a step, and the tax, by way and net."""
    head = _head("ms a step, and what dropout adds to it", rows)
    return [head, *([name, *(_step(row, name) for row in rows)] for name in rows[0]["ms_a_step"])]


def over_copies(rows: Rows) -> Table:
    """Each call's time over that of a copy in the same place, the faster of two, whose microseconds stand in the first rows."""
    copies = [
        [f"copy in place of the {direction}, us", *(number(row[direction]["us_a_call"][row[direction]["copy"]]) for row in rows)]
        for direction in DIRECTIONS
    ]
    ours = [
        [f"{name}, {direction}", *(ratio(row[direction]["over_copy"].get(name)) for row in rows)]
        for name, direction in _calls(rows, "over_copy")
    ]
    return [_head("in a step: a call of dropout over a copy", rows), *copies, *ours]


def beside_numpys(rows: Rows) -> Table:
    """How many times faster each call is than NumPy's dropout in the same place, whose microseconds stand in the first rows."""
    numpys = [
        [f"{NUMPYS}, {direction}, us", *(number(row[direction]["us_a_call"][NUMPYS]) for row in rows)] for direction in DIRECTIONS
    ]
    ours = [
        [f"{name}, {direction}", *(number(row[direction]["times_faster_than_numpys"].get(name), "x") for row in rows)]
        for name, direction in _calls(rows, "times_faster_than_numpys")
    ]
    return [_head("in a step: times faster than NumPy's dropout", rows), *numpys, *ours]


def fused(rows: Rows) -> Table:
    """Milliseconds of the step in place without dropout and fused, their ratio, and the fused calls over dropout alone."""
    parts = [row["fused"] for row in rows]
    return [
        _head("a step with bias, ReLU and dropout fused, over the same step without dropout", rows),
        *([f"{name}, ms", *(number(part["ms_a_step"][name]) for part in parts)] for name in parts[0]["ms_a_step"]),
        ["the step, fused over without dropout", *(ratio(part["over_without"]) for part in parts)],
        *([label, *(ratio(part["over_dropout_alone"][direction]) for part in parts)] for direction, label in FUSED_CALLS.items()),
    ]


def percent(tax: float) -> str:
    """Write what dropout adds to a step: +160 %, +1.2 %."""
    return f"{tax:+.{0 if abs(tax) >= 10 else 1}f} %"


def _step(row: dict[str, Any], name: str) -> str:
    milliseconds = number(row["ms_a_step"][name])
    return f"{milliseconds}, {percent(row['tax'][name])}" if name in row["tax"] else milliseconds


def _calls(rows: Rows, kind: str) -> Iterator[tuple[str, str]]:
    """Yield the ways and directions that have results of this kind. PyTorch's layer has a forward only."""
    names = dict.fromkeys(name for row in rows for direction in DIRECTIONS for name in row[direction][kind])
    return ((name, direction) for name in names for direction in DIRECTIONS if any(name in row[direction][kind] for row in rows))


def _head(corner: str, rows: Rows) -> list[str]:
    return [f"{corner}, {_blas(rows[0]['blas_threads'])}", *(_net(row) for row in rows)]


def _net(row: dict[str, Any]) -> str:
    return f"{row['net']}, {row['dtype']}" if row["dtype"] != "float32" else str(row["net"])


def _blas(threads: int) -> str:
    return f"BLAS on {threads} thread{'s' if threads > 1 else ''}" if threads else "BLAS as it is"
