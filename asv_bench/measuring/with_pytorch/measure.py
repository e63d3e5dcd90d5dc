"""Clock dropouts through autograd, and steps of training, with PyTorch's default number of threads and with one."""

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from ..clock import BLOCK, median_ratio, seconds_a_call

SIZES = (64, 2**14, 2**18, 2**20, 2**24)

DTYPES = ("float32", "bfloat16")

#: From so many elements on, a few rounds are enough: a call takes up to a second.
LARGE, ROUNDS_OF_LARGE = 2**22, 3

#: Rounds of a model whose step takes a tenth of a second or more are fewer by this factor.
FEWER = 4

#: Seconds that a kind of step has its turn.
TURN = 0.1


def is_possible() -> bool:
    """Whether PyTorch is installed."""
    return find_spec("torch") is not None


def count_of_rows() -> int:
    """Count how often `measure` reports a row."""
    from .steps import MODELS

    return len(_numbers_of_threads()) * (len(SIZES) * len(DTYPES) + len(MODELS))


def measure(rounds: int, on_row: Callable[[], object]) -> dict[str, Any]:
    """Return the results; calls `on_row` after each row."""
    from . import calls, steps

    alone, in_a_step = [], []
    for threads in _numbers_of_threads():
        with _threads(threads):
            for dtype in DTYPES:
                for size in SIZES:
                    times = seconds_a_call(calls.calls(size, dtype), ROUNDS_OF_LARGE if size >= LARGE else rounds, BLOCK)
                    alone.append({"threads": threads, "dtype": dtype, "size": size} | _of_calls(times))
                    on_row()
            for model in steps.MODELS:
                made = steps.steps(model)
                times = seconds_a_call(made, rounds if model.startswith("MLP") else max(1, rounds // FEWER), TURN)
                in_a_step.append({"threads": threads, "model": model} | _of_steps(times))
                on_row()
    return {"alone": alone, "in_a_step": in_a_step}


def _of_calls(times: dict[str, list[float]]) -> dict[str, Any]:
    from .calls import OURS, OURS_IN_PLACE, OWN, OWN_IN_PLACE, PRODUCT

    pairs = {
        "PyTorch's / ours": (OWN, OURS),
        "in place": (OWN_IN_PLACE, OURS_IN_PLACE),
        "ours / x * 1.0": (OURS, PRODUCT),
        "PyTorch's / x * 1.0": (OWN, PRODUCT),
    }
    return {
        "microseconds": {name: statistics.median(seconds) * 1e6 for name, seconds in times.items()},
        "ratios": {name: median_ratio(times[above], times[below]) for name, (above, below) in pairs.items()},
    }


def _of_steps(times: dict[str, list[float]]) -> dict[str, Any]:
    from .steps import OURS, OWN, WITHOUT

    return {
        "ms_a_step": {name: statistics.median(seconds) * 1e3 for name, seconds in times.items()},
        "over_without": {name: median_ratio(times[name], times[WITHOUT]) for name in (OWN, OURS)},
    }


def _numbers_of_threads() -> tuple[int, ...]:
    import torch

    return tuple(dict.fromkeys((torch.get_num_threads(), 1)))


@contextmanager
def _threads(number: int) -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
