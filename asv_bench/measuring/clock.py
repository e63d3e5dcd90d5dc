"""Clock functions in turn, so that their times can be compared although the machine's speed drifts."""

import statistics
import time
from collections.abc import Callable

Function = Callable[[], object]

#: Seconds that one function runs before the next has its turn. Slow and fast functions run equally long.
BLOCK = 0.01


def seconds_a_call(functions: dict[str, Function], rounds: int, block: float = BLOCK) -> dict[str, list[float]]:
    """Clock each function for about `block` seconds a round.

    The order turns round after each round, so that no function always follows the same one. Each block starts with a call that
    is not clocked: it wakes threads and fills caches.

    Returns
    -------
    dict
        For each name the seconds a call, one number a round. Take ratios within a round.
    """
    calls = {name: max(1, round(block / _estimate(function))) for name, function in functions.items()}
    times: dict[str, list[float]] = {name: [] for name in functions}
    order = list(functions)
    for _ in range(rounds):
        for name in order:
            times[name].append(_block(functions[name], calls[name]))
        order.reverse()
    return times


def seconds_after(before: Function, functions: dict[str, Function], rounds: int, calls: int = 1) -> dict[str, list[float]]:
    """Clock single calls of each function, each call right after one of `before`, which is not clocked.

    The order turns round after each round.

    Parameters
    ----------
    before : function
        What a program does between two calls: a matrix product, or work on other memory.
    functions : dict
        By name, the functions to clock. Each has been called before, so that it is compiled.
    rounds : int
        How often each function has its turn.
    calls : int
        Calls of a function in one turn.

    Returns
    -------
    dict
        For each name the median seconds of a turn's calls, one number a round. Take ratios within a round.
    """
    times: dict[str, list[float]] = {name: [] for name in functions}
    order = list(functions)
    for _ in range(rounds):
        for name in order:
            times[name].append(statistics.median(_one_call_after(before, functions[name]) for _ in range(calls)))
        order.reverse()
    return times


def ratios(numerator: list[float], denominator: list[float]) -> list[float]:
    """Divide one time by another, round by round."""
    return [above / below for above, below in zip(numerator, denominator, strict=True)]


def median_ratio(numerator: list[float], denominator: list[float]) -> float:
    """Return the median over the rounds of one time divided by another."""
    return statistics.median(ratios(numerator, denominator))


def _block(function: Function, calls: int) -> float:
    function()
    start = time.perf_counter()
    for _ in range(calls):
        function()
    return (time.perf_counter() - start) / calls


def _one_call_after(before: Function, function: Function) -> float:
    before()
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def _estimate(function: Function) -> float:
    _block(function, 1)
    return max(_block(function, 3), 1e-7)
