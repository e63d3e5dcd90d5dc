"""Two commits' times to a verdict: what is worse, what is not, and what could not be told."""

import statistics
from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import NamedTuple

from dropout_fast.bench.clock import ratios
from dropout_fast.bench.report import aligned, size_text

#: Seconds a call of one size, by round, by name: "copy", and with "base " or "head " before it each metric.
Times = Mapping[str, list[float]]

#: Above this ratio of head to base a metric is worse: at least five times the scatter of a gate's median on identical
#: code (README.md), rounded up. Far below what a change of algorithm costs, far above what chance does.
FACTORS = {2**10: 1.06, 3 * 2**14: 1.06, 2**20: 1.05, 2**24: 1.10}


class Status(IntEnum):
    """What a gate can end with; also its exit status."""

    NOT_WORSE = 0
    WORSE = 1
    NOTHING_MEASURED = 2
    NOT_BUILT = 3


class Row(NamedTuple):
    """One metric at one size, medians over all rounds."""

    size: int
    metric: str
    base_over_copy: float | None
    head_over_copy: float | None
    head_over_base: float | None

    @property
    def is_worse(self) -> bool:
        """Whether the head takes longer than chance explains."""
        return self.head_over_base is not None and self.head_over_base > FACTORS[self.size]

    @property
    def is_lost(self) -> bool:
        """Whether the base can be measured and the head cannot."""
        return self.head_over_copy is None


def rows(processes: Iterable[Mapping[int, Times]]) -> list[Row]:
    """The table: each metric's ratios within a round, and their median over the rounds of all processes."""
    pooled: dict[tuple[int, str], dict[str, list[float]]] = {}
    for times_by_size in processes:
        for size, times in times_by_size.items():
            for metric in dict.fromkeys(name.split(" ", 1)[1] for name in times if name != "copy"):
                base, head = times.get(f"base {metric}"), times.get(f"head {metric}")
                found = pooled.setdefault((size, metric), {"base": [], "head": [], "both": []})
                found["base"] += ratios(base, times["copy"]) if base else []
                found["head"] += ratios(head, times["copy"]) if head else []
                found["both"] += ratios(head, base) if head and base else []
    return [
        Row(size, metric, *(statistics.median(found[kind]) if found[kind] else None for kind in ("base", "head", "both")))
        for (size, metric), found in sorted(pooled.items())
    ]


def status(table: list[Row], second_look: list[Row]) -> Status:
    """Worse is what is worse twice: in all that was measured first, and in a second look at just that."""
    confirmed = {(row.size, row.metric) for row in second_look if row.is_worse}
    if any(row.is_worse and (row.size, row.metric) in confirmed for row in table):
        return Status.WORSE
    if any(row.is_lost for row in table) or all(row.head_over_base is None for row in table):
        return Status.NOTHING_MEASURED
    return Status.NOT_WORSE


def text(table: list[Row]) -> str:
    """The table, to print."""
    head = ["  metric", "size", "base / copy", "head / copy", "head / base", "allowed", ""]
    return aligned([head, *(_line(row) for row in table)])


def _line(row: Row) -> list[str]:
    numbers = [
        "none" if ratio is None else f"{ratio:.3f}" for ratio in (row.base_over_copy, row.head_over_copy, row.head_over_base)
    ]
    word = "WORSE" if row.is_worse else "NOT MEASURED" if row.is_lost else "new" if row.base_over_copy is None else ""
    return [f"  {row.metric}", size_text(row.size), *numbers, f"{FACTORS[row.size]:.2f}", word]
