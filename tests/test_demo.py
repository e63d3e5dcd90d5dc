"""The main job, at its smallest: it runs, it compares, and it would notice a difference."""

import numpy as np
import pytest

import dropout_fast
from dropout_fast import reference
from dropout_fast.__main__ import main
from dropout_fast.demo import experiment


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
    assert main([*name, "--epochs", "1", "--seed", "4", "--out", str(plot)]) == 0
    printed = capsys.readouterr().out
    assert "Bit-identical" in printed and str(plot) in printed and "1297 held out" in printed
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_the_command_fails_where_the_runs_differ(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(dropout_fast, "dropout_backward", lambda dout, cache: dout * cache[1] * (1 + 1e-15))
    assert main(["--epochs", "1", "--out", str(tmp_path / "plot.png")]) == 1
    assert "DIFFERENT" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [["--epochs", "0"], ["--epochs", "x"], ["--seed", "-1"], ["--out", "plot.txt"], ["--out", "/no/such/p.png"], ["nonsense"]],
)
def test_options_that_make_no_sense(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "error" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["demo", "--help"], ["bench", "--help"]])
def test_help(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 0
    assert "usage: python -m dropout_fast" in capsys.readouterr().out
