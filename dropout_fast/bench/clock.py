"""Times that can be compared on a machine whose speed drifts: everything in turn, medians of many rounds."""

import statistics
import time
from collections.abc import Callable

Function = Callable[[], object]

#: Seconds that one function runs before the next has its turn, so that slow and fast ones run equally long.
BLOCK = 0.01


def seconds_a_call(functions: dict[str, Function], rounds: int, block: float = BLOCK) -> dict[str, list[float]]:
    """Clock each function for `block` seconds a round, forwards in one round and backwards in the next.

    Returns, for each name, its seconds a call by round: ratios are taken within a round. A first,
    unclocked call of each block pays for waking threads and filling caches.
    """
    calls = {name: max(1, round(block / _estimate(function))) for name, function in functions.items()}
    times: dict[str, list[float]] = {name: [] for name in functions}
    order = list(functions)
    for _ in range(rounds):
        for name in order:
            times[name].append(_block(functions[name], calls[name]))
        order.reverse()
    return times


def ratios(numerator: list[float], denominator: list[float]) -> list[float]:
    """One time over another, by round."""
    return [above / below for above, below in zip(numerator, denominator, strict=True)]


def median_ratio(numerator: list[float], denominator: list[float]) -> float:
    """Median over the rounds of one time over another."""
    return statistics.median(ratios(numerator, denominator))


def _block(function: Function, calls: int) -> float:
    function()
    start = time.perf_counter()
    for _ in range(calls):
        function()
    return (time.perf_counter() - start) / calls


def _estimate(function: Function) -> float:
    _block(function, 1)
    return max(_block(function, 3), 1e-7)
