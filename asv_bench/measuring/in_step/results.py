"""Turn the times of steps into results: what dropout adds to a step, and what its calls take beside a copy."""

import statistics
from collections.abc import Sequence
from typing import Any

from ..clock import median_ratio
from .nets import Net
from .training_step import Seconds
from .turns import Turns
from .ways import COPIES, DROPOUT_ALONE, FUSED, NUMPYS, PYTORCH, WITHOUT, WITHOUT_IN_PLACE

DIRECTIONS = ("forward", "backward")


def of_one_net(net: Net, blas_threads: int, turns: Turns) -> dict[str, Any]:
    """Summarise all ways in one net.

    Returns
    -------
    dict
        - ``"net"``, ``"dtype"``, ``"blas_threads"``
        - ``"ms_a_step"``: by way
        - ``"tax"``: by way, what it adds to the step without dropout, in per cent
        - ``"forward"`` and ``"backward"``: see `of_calls`
    """
    steps = {name: [turn.step for turn in found] for name, found in turns.items() if name not in COPIES}
    return {
        "net": net.name,
        "dtype": net.dtype,
        "blas_threads": blas_threads,
        "ms_a_step": {name: statistics.median(seconds) * 1e3 for name, seconds in steps.items()},
        "tax": {name: 100.0 * (median_ratio(seconds, steps[WITHOUT]) - 1.0) for name, seconds in steps.items() if name != WITHOUT},
        **{direction: of_calls(turns, direction) for direction in DIRECTIONS},
    }


def of_calls(turns: Turns, direction: str) -> dict[str, Any]:
    """Summarise the calls of dropout themselves, and the copies in their place.

    Returns
    -------
    dict
        - ``"copy"``: the name of the faster copy
        - ``"us_a_call"``: by way and copy
        - ``"over_copy"``: by way, the time over that of the faster copy
        - ``"times_faster_than_numpys"``: by way, the time of NumPy's dropout over it
    """
    calls = {name: [getattr(turn, direction) for turn in found] for name, found in turns.items() if name != WITHOUT}
    copy = min(COPIES, key=lambda name: statistics.median(calls[name]))
    dropouts = {name: seconds for name, seconds in calls.items() if name not in COPIES}
    return {
        "copy": copy,
        "us_a_call": {name: statistics.median(seconds) * 1e6 for name, seconds in calls.items()},
        "over_copy": {name: median_ratio(seconds, calls[copy]) for name, seconds in dropouts.items()},
        "times_faster_than_numpys": {
            name: median_ratio(calls[NUMPYS], seconds) for name, seconds in dropouts.items() if name != NUMPYS
        },
    }


def of_fused(turns: Turns) -> dict[str, Any]:
    """Summarise the ways of the step in place.

    Returns
    -------
    dict
        - ``"ms_a_step"``: by way, with bias, ReLU and dropout fused and without dropout
        - ``"over_without"``: the time of the fused step over that of the step without dropout
        - ``"over_dropout_alone"``: by direction, the time of the fused call over that of dropout alone
    """

    def seconds(name: str, part: str) -> list[float]:
        return [getattr(turn, part) for turn in turns[name]]

    return {
        "ms_a_step": {name: statistics.median(seconds(name, "step")) * 1e3 for name in (WITHOUT_IN_PLACE, FUSED)},
        "over_without": median_ratio(seconds(FUSED, "step"), seconds(WITHOUT_IN_PLACE, "step")),
        "over_dropout_alone": {part: median_ratio(seconds(FUSED, part), seconds(DROPOUT_ALONE, part)) for part in DIRECTIONS},
    }


def add_pytorch(row: dict[str, Any], turns: Turns) -> None:
    """Add the forward of PyTorch's layer to the results of its net, over the copy and NumPy's dropout of its own rounds."""
    added = of_calls(turns, "forward")
    for kind in ("us_a_call", "over_copy", "times_faster_than_numpys"):
        row["forward"][kind][PYTORCH] = added[kind][PYTORCH]


def ratios_of_steps(above: Sequence[Seconds], below: Sequence[Seconds]) -> list[float]:
    """Divide the steps of one way by those of another, round by round."""
    return [one.step / other.step for one, other in zip(above, below, strict=True)]
