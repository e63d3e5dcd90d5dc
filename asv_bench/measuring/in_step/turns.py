"""Clock steps of training with each way of dropout in turn."""

import statistics
from collections.abc import Mapping

from .training_step import Seconds, TrainingStep
from .ways import Way

Turns = dict[str, list[Seconds]]

#: Seconds that the steps of one way take before the next has its turn, and how many steps those are at most. Quick steps scatter
#: more, so more of them are taken.
TURN, MOST_STEPS = 0.02, 20


def seconds_a_step(step: TrainingStep, ways: Mapping[str, Way], rounds: int) -> Turns:
    """Clock steps with each way, a turn a round; the order turns round after each round.

    A turn starts with a step that is not clocked, because in training a step follows one of its own kind.

    Returns
    -------
    dict
        For each way the medians of a turn, one a round. Take ratios within a round.
    """
    turns: Turns = {name: [] for name in ways}
    steps = {}
    for name, way in ways.items():
        step(way)  # compiles
        steps[name] = min(MOST_STEPS, max(1, round(TURN / step(way).step)))
    order = list(ways)
    for _ in range(rounds):
        for name in order:
            step(ways[name])
            clocked = [step(ways[name]) for _ in range(steps[name])]
            turns[name].append(Seconds(*map(statistics.median, zip(*clocked, strict=True))))
        order.reverse()
    return turns
