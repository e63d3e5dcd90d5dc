"""Judge two commits by their times: worse, not worse, or not measured."""

import statistics
from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import NamedTuple

from ..measuring.clock import ratios
from ..measuring.copies import is_busy
from ..measuring.text_tables import Table, aligned, size_text

#: By name the seconds a call in each round. Names are "copy", "parallel copy", and each metric after "base " or "head ".
Times = dict[str, list[float]]


#: Where calls are clocked: again and again, or each right after a matrix product, as in a step of training.
HOT_LOOP, AFTER_PRODUCT = PLACES = ("hot loop", "after a product")


class Case(NamedTuple):
    """The size of the array, the number of threads and the place for which metrics are measured."""

    size: int
    threads: int
    place: str = HOT_LOOP

    @property
    def copy(self) -> str:
        """The copy on as many threads; after a product NumPy's, because BLAS's idle threads may hold up a parallel one."""
        return "copy" if self.threads == 1 or self.place == AFTER_PRODUCT else "parallel copy"

    def is_busy(self, times: Times) -> bool:
        """Whether other programs used the cores, so that ratios of parallel functions mean nothing."""
        return self.copy == "parallel copy" and is_busy(times)


#: The ratio of head to base above which a metric is worse. The margins are more than four times the standard deviation that a
#: gate's medians have on identical code (README.md). One thread measures the kernels on busy machines too. Two threads run the
#: parallel kernels at 1 Mi and, where the last-level cache has no more than 80 MiB, those that write past the cache at 16 Mi.
#: After a product single calls are clocked, each with other memory in the caches and BLAS's threads at some point of their
#: waiting, and a commit may now and then try another number of threads. That scatters more than blocks of equal calls do.
FACTORS = {
    Case(2**10, 1): 1.04,
    Case(3 * 2**14, 1): 1.04,
    Case(2**20, 1): 1.05,
    Case(2**20, 2): 1.05,
    Case(2**24, 2): 1.10,
    Case(2**18, 2, AFTER_PRODUCT): 1.15,
}


class Status(IntEnum):
    """The outcome of a gate, and its exit status."""

    NOT_WORSE = 0
    WORSE = 1
    NOTHING_MEASURED = 2
    BUILD_FAILED = 3


class Row(NamedTuple):
    """One metric of one case: the medians over all rounds."""

    case: Case
    metric: str
    base_over_copy: float | None
    head_over_copy: float | None
    head_over_base: float | None

    @property
    def is_worse(self) -> bool:
        """Whether the head takes longer than noise explains."""
        return self.head_over_base is not None and self.head_over_base > FACTORS[self.case]

    @property
    def is_lost(self) -> bool:
        """Whether the head could not be measured: it lacks what the base has, or the machine was busy."""
        return self.head_over_copy is None


def rows(processes: Iterable[Mapping[Case, Times]]) -> list[Row]:
    """Make the table: take ratios within each round, then medians over the rounds of all processes."""
    pooled: dict[tuple[Case, str], dict[str, list[float]]] = {}
    for times_by_case in processes:
        for case, times in times_by_case.items():
            copy = times[case.copy]
            busy = case.is_busy(times)
            for metric in dict.fromkeys(name.split(" ", 1)[1] for name in times if not name.endswith("copy")):
                found = pooled.setdefault((case, metric), {"base": [], "head": [], "both": []})
                base, head = (None if busy else times.get(f"{side} {metric}") for side in ("base", "head"))
                found["base"] += ratios(base, copy) if base else []
                found["head"] += ratios(head, copy) if head else []
                found["both"] += ratios(head, base) if head and base else []
    return [
        Row(case, metric, *(statistics.median(found[kind]) if found[kind] else None for kind in ("base", "head", "both")))
        for (case, metric), found in sorted(pooled.items())
    ]


def status(table: list[Row], second_look: list[Row]) -> Status:
    """Return WORSE if a metric is worse in the first measurement and again in the second, which repeats the suspects only."""
    confirmed = {(row.case, row.metric) for row in second_look if row.is_worse}
    if any(row.is_worse and (row.case, row.metric) in confirmed for row in table):
        return Status.WORSE
    if any(row.is_lost for row in table) or all(row.head_over_base is None for row in table):
        return Status.NOTHING_MEASURED
    return Status.NOT_WORSE


def text(table: list[Row]) -> str:
    """Lay out the table for a terminal."""
    return aligned([[f"  {metric}", *rest] for metric, *rest in cells(table)])


def cells(table: list[Row]) -> Table:
    """Write the table's rows as text, after a head; the last cell says what is worse, new, or not measured."""
    head = ["metric", "size", "threads", "place", "base / copy", "head / copy", "head / base", "allowed", ""]
    return [head, *(_line(row) for row in table)]


def _line(row: Row) -> list[str]:
    values = (row.base_over_copy, row.head_over_copy, row.head_over_base)
    numbers = ["none" if value is None else f"{value:.3f}" for value in values]
    case = row.case
    return [row.metric, size_text(case.size), str(case.threads), case.place, *numbers, f"{FACTORS[case]:.2f}", _word(row)]


def _word(row: Row) -> str:
    if row.is_lost:
        return "NOT MEASURED: machine busy" if row.base_over_copy is None else "NOT MEASURED: not in the head"
    return "WORSE" if row.is_worse else "new" if row.base_over_copy is None else ""
