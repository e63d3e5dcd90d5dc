"""The gate's verdicts, from times that are made up: nothing is measured here."""

import argparse
import subprocess

import pytest

from asv_bench import builds, gate, verdict
from asv_bench.verdict import Case, Status

ONE, TWO = Case(2**20, 1), Case(2**20, 2)


def times(head, base=1.0, copy=0.5, parallel_copy=0.25, rounds=5):
    """Seconds by name; a machine that gets slower from round to round, for both sides alike."""
    each = {"copy": copy, "parallel copy": parallel_copy, "base fast forward": base, "head fast forward": head}
    return {name: [seconds * 1.3**r for r in range(rounds)] for name, seconds in each.items() if seconds is not None}


def status(monkeypatch, *looks):
    """What the gate says, where it sees `looks` one after the other."""
    seen = iter(looks)
    monkeypatch.setattr(gate.builds, "build", lambda revision, side: None)
    monkeypatch.setattr(gate, "measure", lambda folders, cases: [{ONE: look} for look in next(seen)])
    return gate.run(argparse.Namespace(base="main~1", head="main"))


def test_the_factors_lie_on_either_side_of_what_must_be_caught():
    assert all(1 < factor < 1.1 for case, factor in verdict.FACTORS.items() if case.size == 2**20)
    assert all(1 < factor < 1.1 for case, factor in verdict.FACTORS.items() if case.size == 3 * 2**14)


def test_not_worse(monkeypatch, capsys):
    assert status(monkeypatch, [times(1.04), times(1.02)]) == Status.NOT_WORSE == 0
    assert "not worse" in capsys.readouterr().out


def test_worse(monkeypatch, capsys):
    assert status(monkeypatch, [times(1.1), times(1.08)], [times(1.09)]) == Status.WORSE == 1
    printed = capsys.readouterr().out
    assert "WORSE: main is slower than main~1" in printed and "A second look" in printed


def test_faster_is_not_worse(monkeypatch):
    assert status(monkeypatch, [times(0.5)]) == Status.NOT_WORSE


def test_worse_by_chance_is_not_worse(monkeypatch):
    assert status(monkeypatch, [times(1.1)], [times(1.0)]) == Status.NOT_WORSE


def test_one_bad_process_of_three_is_chance(monkeypatch):
    assert status(monkeypatch, [times(1.0), times(1.5), times(1.01)]) == Status.NOT_WORSE


def test_nothing_measured_as_the_head_lost_it(monkeypatch, capsys):
    assert status(monkeypatch, [times(head=None)]) == Status.NOTHING_MEASURED == 2
    printed = capsys.readouterr().out
    assert "NOTHING WAS MEASURED" in printed and "not in the head" in printed


def test_nothing_measured_as_the_head_lost_one_metric_of_two(monkeypatch):
    assert status(monkeypatch, [times(1.0) | {"base fast backward": [1.0] * 5}]) == Status.NOTHING_MEASURED


def test_what_the_base_does_not_have_yet_is_new(monkeypatch, capsys):
    both = times(1.0) | {"head fast backward": [1.0] * 5}
    assert status(monkeypatch, [both]) == Status.NOT_WORSE
    assert "new" in capsys.readouterr().out


def test_nothing_measured_as_nothing_is_in_both(monkeypatch):
    assert status(monkeypatch, [times(1.0, base=None)]) == Status.NOTHING_MEASURED


def test_nothing_measured_as_a_process_failed(monkeypatch, capsys):
    monkeypatch.setattr(gate.builds, "build", lambda revision, side: None)

    def fail(folders, cases):
        raise subprocess.CalledProcessError(1, "worker.py")

    monkeypatch.setattr(gate, "measure", fail)
    assert gate.run(argparse.Namespace(base="main~1", head="main")) == Status.NOTHING_MEASURED
    assert "worker.py" in capsys.readouterr().err


@pytest.mark.parametrize("error", [builds.NotBuilt("no wheel"), OSError("no wheel")])
def test_could_not_build(monkeypatch, capsys, error):
    def fail(revision, side):
        raise error

    monkeypatch.setattr(gate.builds, "build", fail)
    assert gate.run(argparse.Namespace(base="main~1", head="main")) == Status.NOT_BUILT == 3
    printed = capsys.readouterr().out
    assert "COULD NOT BUILD" in printed and "no wheel" in printed


@pytest.mark.parametrize("revision", ["no-such-branch", "--help", ""])
def test_a_revision_that_does_not_exist(revision):
    with pytest.raises(builds.NotBuilt):
        builds.commit_hash(revision)


def test_a_busy_machine_measures_nothing_on_two_threads():
    """Where the scheduler hands out the second core in turns, all that is launched takes a turn: ratios of 1 say nothing."""
    busy = verdict.rows([{TWO: times(1.0, base=1.0, copy=0.01, parallel_copy=1.0)}])
    assert verdict.status(busy, []) == Status.NOTHING_MEASURED and "machine busy" in verdict.text(busy)
    on_one_thread = verdict.rows([{ONE: times(1.0, base=1.0, copy=0.01, parallel_copy=1.0)}])
    assert verdict.status(on_one_thread, []) == Status.NOT_WORSE


def test_ratios_are_over_the_copy_on_as_many_threads():
    one, two = verdict.rows([{ONE: times(2.0), TWO: times(2.0)}])
    assert (one.head_over_copy, one.base_over_copy, one.head_over_base) == (4.0, 2.0, 2.0)
    assert (two.head_over_copy, two.base_over_copy, two.head_over_base) == (8.0, 4.0, 2.0)
