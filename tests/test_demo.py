"""The demo at its smallest size: it runs, compares the engines, and notices a difference."""

import numpy as np
import pytest

import dropout_fast
from dropout_fast import reference
from dropout_fast.__main__ import main
from dropout_fast.demo import experiment
from dropout_fast.demo.agreement import Agreement, compare_engines


def test_a_short_training_is_bit_identical():
    digits = experiment.load(np.random.default_rng(0))
    for keep_prob in (1.0, 0.5, 0.3):
        theirs, ours = (experiment.train(digits, keep_prob, 3, 0, dropout) for dropout in (reference, dropout_fast))
        assert ours.same_as(theirs)
        assert ours.train_accuracy == theirs.train_accuracy and ours.held_out_accuracy == theirs.held_out_accuracy
        assert ours.losses[-1] < ours.losses[0]
        other_seed = experiment.train(digits, keep_prob, 3, 1, dropout_fast)
        assert not ours.same_as(other_seed)


@pytest.mark.parametrize("name", [(), ("demo",)])
def test_the_command(name, tmp_path, capsys):
    plot = tmp_path / "plot.png"
    assert main([*name, "--epochs", "1", "--seed", "4", "--seeds", "3", "--out", str(plot)]) == 0
    printed = capsys.readouterr().out
    assert "bit-identical" in printed and "statistically the same" in printed
    assert str(plot) in printed and "1297 held out" in printed
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_the_command_fails_where_the_runs_differ(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(dropout_fast, "dropout_backward", lambda dout, cache: dout * cache[1] * (1 + 1e-15))
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
