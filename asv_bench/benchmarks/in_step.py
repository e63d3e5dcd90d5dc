"""What does dropout cost where it is called: inside a training step, and after other work?"""

from typing import Any, ClassVar

from asv_runner.benchmarks.mark import SkipNotImplemented

import dropout_fast
from asv_bench.measuring import clock
from asv_bench.measuring.after_other_work import measure as after_other_work
from asv_bench.measuring.in_step import nets, results, turns, ways
from asv_bench.measuring.in_step.training_step import InPlaceStep, TrainingStep

from . import engines, ratios

NETS = ("128x64x512", "256x256x1024")
MAKERS = {"numpy": ways.drop_in, "fast": ways.fast}

#: Elements of the small calls.
SIZE = 2_000


class InStepCost:
    params: ClassVar[Any] = (engines.ENGINES, NETS)
    param_names = ("engine", "net")
    version = "1"

    def setup(self, engine: str, net: str) -> None:
        engines.skip_if_missing(engine)
        self.net = nets.named(net)
        self.ours = MAKERS[engine](dropout_fast, 0.5, ways.IN_PLACE)
        self.step = TrainingStep(self.net)
        try:
            self.step(self.ours)
        except TypeError as error:
            raise SkipNotImplemented("this commit has no `out`") from error

    def track_tax(self, engine: str, net: str) -> dict[str, Any]:
        """Over the step without dropout: a ratio, because per cent near 0 cannot be compared across commits."""
        found = self.turns({"ours": self.ours, "without": ways.without()})
        return {"samples": results.ratios_of_steps(found["ours"], found["without"]), "number": 1}

    def track_in_place_over_copy(self, engine: str, net: str) -> dict[str, Any]:
        """Forward and backward together, over NumPy's copies in their place."""
        found = self.turns({"ours": self.ours, "copy": ways.copies(self.net)["copy"]})
        ours, copies = ([turn.forward + turn.backward for turn in found[name]] for name in ("ours", "copy"))
        return {"samples": clock.ratios(ours, copies), "number": 1}

    track_tax.unit = "x a step without dropout"  # type: ignore[attr-defined]
    track_in_place_over_copy.unit = "x a copy"  # type: ignore[attr-defined]

    def turns(self, made: dict[str, ways.Way]) -> turns.Turns:
        return turns.seconds_a_step(self.step, made, ratios.PLACEMENTS * ratios.ROUNDS)


class FusedInStepCost:
    params = NETS
    param_names = ("net",)
    version = "1"
    unit = "x a step without dropout"

    def setup(self, net: str) -> None:
        if not ways.has_fused(dropout_fast):
            raise SkipNotImplemented("this commit has no relu_dropout")
        self.step = InPlaceStep(nets.named(net))

    def track_fused_over_without(self, net: str) -> dict[str, Any]:
        """The step in place: with bias, ReLU and dropout in one call, over bias and ReLU in NumPy."""
        made = ways.in_place_ways(dropout_fast, 0.5, self.step.b1, self.step.db1)
        pair = {name: made[name] for name in (ways.FUSED, ways.WITHOUT_IN_PLACE)}
        found = turns.seconds_a_step(self.step, pair, ratios.PLACEMENTS * ratios.ROUNDS)
        return {"samples": results.ratios_of_steps(found[ways.FUSED], found[ways.WITHOUT_IN_PLACE]), "number": 1}


class AfterOtherWorkCost:
    params = engines.ENGINES
    param_names = ("engine",)
    version = "1"
    unit = "x the NumPy code"

    def setup(self, engine: str) -> None:
        engines.skip_if_missing(engine)

    def track_backward_over_numpy(self, engine: str) -> dict[str, Any]:
        """Of 2,000 float64 elements."""
        ours = f"engine {engine} backward"
        theirs = after_other_work.COMPARED_WITH[ours]
        made = after_other_work.calls(SIZE)
        pair = {name: made[name] for name in (ours, theirs)}
        rounds = ratios.PLACEMENTS * ratios.ROUNDS
        times = clock.seconds_after(after_other_work.other_work(), pair, rounds, after_other_work.CALLS_A_ROUND)
        return {"samples": clock.ratios(times[ours], times[theirs]), "number": 1}
