"""Cost ratios as samples: ours over something else, clocked in turn in new memory again and again."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from .tools import clock, columns

#: Times that the arrays get new memory: where they lie moves small sizes by some per cent.
PLACEMENTS = 4

#: Rounds in each.
ROUNDS = 8

#: Seconds that one function runs before the other has its turn.
BLOCK = 0.004

Array = npt.NDArray[Any]
Functions = dict[str, Callable[[], object]]


def samples(make: Callable[[Array, Array], Functions], x: Array, above: str, below: str) -> dict[str, Any]:
    """Seconds of `above` over those of `below`, by round, in the form from which asv takes its statistics.

    `make` gives the functions to clock for a copy of x and an array of its kind to write to; the copies of `columns`
    are there too.

    Raises
    ------
    RuntimeError
        Threads pay for x, and the machine is too busy for them.
    """
    threads_pay = columns.fair_copy(x.nbytes) == "parallel copy"
    names = {above, below, "copy", "parallel copy"} if threads_pay else {above, below}
    found: list[float] = []
    arrays = None
    for _ in range(PLACEMENTS):
        arrays = x.copy(), np.empty_like(x)  # while the last ones are alive, or the same memory would come again
        made = columns.copies(*arrays) | make(*arrays)
        times = clock.seconds_a_call({name: made[name] for name in sorted(names)}, ROUNDS, BLOCK)
        if threads_pay and columns.is_busy(times):
            raise RuntimeError("a thread has no core of its own: a ratio would say nothing")
        found += clock.ratios(times[above], times[below])
    return {"samples": found, "number": 1}
