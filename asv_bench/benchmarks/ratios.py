"""Ratios of our time to another function's time: both are clocked in turn, several times in new memory."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from asv_bench.measuring import clock, copies

#: How often the arrays get new memory. Their place in memory changes the times of small sizes by some per cent.
PLACEMENTS = 4

#: Rounds in each place.
ROUNDS = 8

#: Seconds that one function runs before the other has its turn.
BLOCK = 0.004

Array = npt.NDArray[Any]
Functions = dict[str, Callable[[], object]]


def samples(make: Callable[[Array, Array], Functions], x: Array, above: str, below: str) -> dict[str, Any]:
    """Divide the seconds of `above` by those of `below`, round by round, and return them in the form that asv makes statistics of.

    `make` gets a copy of x and an array to write to, and returns functions by name. `above` and `below` name two of those, or of
    the functions of `copies.copies`.

    Raises
    ------
    RuntimeError
        x is large enough for several threads, and other programs use the cores.
    """
    several_threads = copies.fair_copy(x.nbytes) == "parallel copy"
    names = {above, below, "copy", "parallel copy"} if several_threads else {above, below}
    found: list[float] = []
    arrays = None
    for _ in range(PLACEMENTS):
        arrays = x.copy(), np.empty_like(x)  # made before the last ones are freed, whose memory would be used again
        made = copies.copies(*arrays) | make(*arrays)
        times = clock.seconds_a_call({name: made[name] for name in sorted(names)}, ROUNDS, BLOCK)
        if several_threads and copies.is_busy(times):
            raise RuntimeError("other programs use the cores, so ratios of parallel functions mean nothing")
        found += clock.ratios(times[above], times[below])
    return {"samples": found, "number": 1}
