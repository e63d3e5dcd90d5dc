"""Two commits' times to a verdict: what is worse, what is not, and what could not be told."""

import statistics
from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import NamedTuple

from dropout_fast.bench.clock import ratios
from dropout_fast.bench.columns import is_busy
from dropout_fast.bench.report import aligned, size_text

#: Seconds a call, by round, by name: "copy", "parallel copy", and each metric with "base " or "head " before it.
Times = dict[str, list[float]]


class Case(NamedTuple):
    """Where the metrics are taken."""

    size: int
    threads: int


#: Above this ratio of head to base a metric is worse: more than four times the scatter of a gate's medians on identical code
#: (README.md). One thread tells of the kernels on a busy machine too; two run the parallel ones at 1 Mi and, where the
#: last-level cache has no more than 80 MiB, those that write past it at 16 Mi.
FACTORS = {
    Case(2**10, 1): 1.04,
    Case(3 * 2**14, 1): 1.04,
    Case(2**20, 1): 1.05,
    Case(2**20, 2): 1.05,
    Case(2**24, 2): 1.10,
}


class Status(IntEnum):
    """What a gate can end with; also its exit status."""

    NOT_WORSE = 0
    WORSE = 1
    NOTHING_MEASURED = 2
    NOT_BUILT = 3


class Row(NamedTuple):
    """One metric at one size, medians over all rounds."""

    case: Case
    metric: str
    base_over_copy: float | None
    head_over_copy: float | None
    head_over_base: float | None

    @property
    def is_worse(self) -> bool:
        """Whether the head takes longer than chance explains."""
        return self.head_over_base is not None and self.head_over_base > FACTORS[self.case]

    @property
    def is_lost(self) -> bool:
        """Whether the head could not be measured: it does not have what the base has, or the machine was busy."""
        return self.head_over_copy is None


def rows(processes: Iterable[Mapping[Case, Times]]) -> list[Row]:
    """The table: each metric's ratios within a round, and their median over the rounds of all processes."""
    pooled: dict[tuple[Case, str], dict[str, list[float]]] = {}
    for times_by_case in processes:
        for case, times in times_by_case.items():
            copy = times["copy" if case.threads == 1 else "parallel copy"]
            tells_nothing = case.threads > 1 and is_busy(times)
            for metric in dict.fromkeys(name.split(" ", 1)[1] for name in times if not name.endswith("copy")):
                found = pooled.setdefault((case, metric), {"base": [], "head": [], "both": []})
                base, head = (None if tells_nothing else times.get(f"{side} {metric}") for side in ("base", "head"))
                found["base"] += ratios(base, copy) if base else []
                found["head"] += ratios(head, copy) if head else []
                found["both"] += ratios(head, base) if head and base else []
    return [
        Row(case, metric, *(statistics.median(found[kind]) if found[kind] else None for kind in ("base", "head", "both")))
        for (case, metric), found in sorted(pooled.items())
    ]


def status(table: list[Row], second_look: list[Row]) -> Status:
    """Worse is what is worse twice: in all that was measured first, and in a second look at just that."""
    confirmed = {(row.case, row.metric) for row in second_look if row.is_worse}
    if any(row.is_worse and (row.case, row.metric) in confirmed for row in table):
        return Status.WORSE
    if any(row.is_lost for row in table) or all(row.head_over_base is None for row in table):
        return Status.NOTHING_MEASURED
    return Status.NOT_WORSE


def text(table: list[Row]) -> str:
    """The table, to print."""
    head = ["  metric", "size", "threads", "base / copy", "head / copy", "head / base", "allowed", ""]
    return aligned([head, *(_line(row) for row in table)])


def _line(row: Row) -> list[str]:
    values = (row.base_over_copy, row.head_over_copy, row.head_over_base)
    numbers = ["none" if value is None else f"{value:.3f}" for value in values]
    return [f"  {row.metric}", size_text(row.case.size), str(row.case.threads), *numbers, f"{FACTORS[row.case]:.2f}", _word(row)]


def _word(row: Row) -> str:
    if row.is_lost:
        return "NOT MEASURED: machine busy" if row.base_over_copy is None else "NOT MEASURED: not in the head"
    return "WORSE" if row.is_worse else "new" if row.base_over_copy is None else ""
