"""The demo at its smallest size: it runs, compares the engines, and notices a difference."""

import re

import numpy as np
import pytest

import dropout_fast
from dropout_fast import reference
from dropout_fast.__main__ import main
from dropout_fast.demo import experiment
from dropout_fast.demo.agreement import Agreement, compare_engines
from dropout_fast.demo.calling import Clocked, InPlace, Plain, Without


def test_a_short_training_is_bit_identical():
    digits = experiment.load(np.random.default_rng(0))
    for keep_prob in (1.0, 0.5, 0.3):
        callings = Plain(reference), Plain(dropout_fast), InPlace(dropout_fast)
        theirs, ours, in_place = (experiment.train(digits, keep_prob, 3, 0, calling) for calling in callings)
        assert ours.same_as(theirs) and in_place.same_as(theirs)
        assert ours.train_accuracy == theirs.train_accuracy and ours.held_out_accuracy == theirs.held_out_accuracy
        assert ours.losses[-1] < ours.losses[0]
        other_seed = experiment.train(digits, keep_prob, 3, 1, Plain(dropout_fast))
        assert not ours.same_as(other_seed)


def test_engine_fast_in_place_is_engine_fast():
    digits = experiment.load(np.random.default_rng(0))
    plain, in_place = (experiment.train(digits, 0.5, 2, 0, way(experiment.FastLayer(0.5, 7))) for way in (Plain, InPlace))
    assert in_place.same_as(plain) and in_place.held_out_accuracy == plain.held_out_accuracy


def test_without_dropout_is_to_keep_all_and_takes_no_time_in_dropout():
    digits = experiment.load(np.random.default_rng(0))
    keeps_all, without = (experiment.train(digits, 1.0, 2, 0, calling) for calling in (Plain(reference), Without()))
    assert without.same_as(keeps_all)
    assert len(without.step_seconds) == len(without.losses) == 10 and min(without.step_seconds) > 0


@pytest.mark.parametrize("way", [Plain, InPlace])
def test_ways_of_calling(way):
    calling = Clocked(way(dropout_fast))
    x, dout = np.ones((3, 4)), np.ones((3, 4))
    out, cache = calling.forward(x, {"p": 0.5, "mode": "train"})
    dx = calling.backward(dout, cache)
    assert (out is x) == (dx is dout) == (way is InPlace)
    assert np.array_equal(out, dx) and np.isin(out, [0, 2]).all() and calling.seconds > 0


@pytest.mark.parametrize("name", [(), ("demo",)])
def test_the_command(name, tmp_path, capsys):
    plot = tmp_path / "plot.png"
    assert main([*name, "--epochs", "1", "--seed", "4", "--seeds", "3", "--out", str(plot)]) == 0
    printed = capsys.readouterr().out
    assert "bit-identical" in printed and "statistically the same" in printed
    assert str(plot) in printed and "1297 held out" in printed
    assert "First call" in printed and "milliseconds in dropout" in printed and "milliseconds a training step" in printed
    assert len(re.findall(r"^ +(?:1\.00|0\.50|0\.25) ", printed, re.MULTILINE)) == 6
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_the_command_fails_where_the_runs_differ(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(dropout_fast, "dropout_backward", lambda dout, cache, out=None: dout * cache[1] * (1 + 1e-15))
    assert main(["--epochs", "1", "--seeds", "3", "--out", str(tmp_path / "plot.png")]) == 1
    assert "DIFFERENT: losses or weights" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["--epochs", "0"],
        ["--seeds", "2"],
        ["--epochs", "x"],
        ["--seed", "-1"],
        ["--out", "plot.txt"],
        ["--out", "/no/such/p.png"],
        ["nonsense"],
    ],
)
def test_options_that_make_no_sense(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "error" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["demo", "--help"], ["bench", "--help"], ["warmup", "--help"]])
def test_help(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 0
    assert "usage: python -m dropout_fast" in capsys.readouterr().out


def test_engines_that_train_differently_are_told_apart():
    accuracies = [0.95, 0.952, 0.949, 0.951, 0.95, 0.948]
    assert Agreement(0.5, accuracies, accuracies[::-1]).holds
    assert Agreement(0.5, accuracies, accuracies).p_value == 1.0
    assert not Agreement(0.5, accuracies, [accuracy - 0.01 + 1e-4 * k for k, accuracy in enumerate(accuracies)]).holds


def test_engine_fast_trains_as_well_as_the_other():
    digits = experiment.load(np.random.default_rng(1))
    agreement = compare_engines(digits, 0.5, 6, 100, 5)
    assert agreement.holds and min(agreement.of_fast) > 0.85  # false alarm: once in 10,000 sets of seeds
