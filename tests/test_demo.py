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
from dropout_fast.demo.command import NETWORKS, ROUNDING
from dropout_fast.demo.layers import Fused, Separate
from dropout_fast.demo.network import loss_and_gradients

networks = pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)


@networks
def test_a_short_training_is_bit_identical(network):
    digits = experiment.load(np.random.default_rng(0))
    for keep_prob in (1.0, 0.5, 0.3):
        callings = Plain(reference), Plain(dropout_fast), InPlace(dropout_fast)
        theirs, ours, in_place = (experiment.train(network, digits, keep_prob, 3, 0, Separate(calling)) for calling in callings)
        assert ours.same_as(theirs) and in_place.same_as(theirs)
        assert ours.train_accuracy == theirs.train_accuracy and ours.held_out_accuracy == theirs.held_out_accuracy
        assert ours.losses[-1] < ours.losses[0]
        other_seed = experiment.train(network, digits, keep_prob, 3, 1, Separate(Plain(dropout_fast)))
        assert not ours.same_as(other_seed)


@networks
def test_engine_fast_in_place_is_engine_fast(network):
    digits = experiment.load(np.random.default_rng(0))
    ways = (Separate(way(experiment.FastLayer(0.5, 7))) for way in (Plain, InPlace))
    plain, in_place = (experiment.train(network, digits, 0.5, 2, 0, layers) for layers in ways)
    assert in_place.same_as(plain) and in_place.held_out_accuracy == plain.held_out_accuracy


@networks
def test_a_fused_training_is_the_same_to_rounding(network):
    digits = experiment.load(np.random.default_rng(0))
    for keep_prob in (1.0, 0.3):
        for layers, fused in (
            (Separate(Plain(reference)), Fused()),
            (Separate(Plain(experiment.FastLayer(keep_prob, 7))), Fused(7)),
        ):
            theirs, ours = (experiment.train(network, digits, keep_prob, 2, 0, each) for each in (layers, fused))
            assert ours.difference_from(theirs) <= ROUNDING and ours.held_out_accuracy == theirs.held_out_accuracy
            assert 0 < ours.dropout_seconds < sum(ours.step_seconds)
        other_masks = experiment.train(network, digits, keep_prob, 2, 0, Fused(8))
        assert (other_masks.difference_from(theirs) <= ROUNDING) == (keep_prob == 1.0)


@pytest.fixture(params=NETWORKS)
def small(request, monkeypatch):
    """A small network, its parameters, none of them 0, and a batch."""
    network, rng = NETWORKS[request.param], np.random.default_rng(0)
    monkeypatch.setattr(network, "hidden_units", 6, raising=False)
    parameters = network.initial_parameters(5, 3, rng)
    for value in parameters.values():
        value += rng.normal(0.0, 0.5, value.shape)
    return network, parameters, rng.standard_normal((20, 5)), rng.integers(0, 3, 20)


def test_fused_gradients_are_those_of_numpy_formulas(small):
    dropout_param = {"p": 0.6, "mode": "train"}
    found = []
    for layers in (Separate(Plain(reference)), Fused()):
        np.random.seed(3)
        found.append(loss_and_gradients(*small, dropout_param, layers))
    (their_loss, theirs), (our_loss, ours) = found
    assert our_loss == their_loss and ours.keys() == theirs.keys() == small[1].keys()
    for name, gradient in ours.items():
        np.testing.assert_allclose(gradient, theirs[name], rtol=1e-12, atol=1e-15, err_msg=name)


def test_fused_gradients_are_the_slopes_of_the_loss(small):
    _, parameters, _, _ = small

    def loss():
        return loss_and_gradients(*small, {"p": 0.6, "mode": "train"}, Fused(3))

    _, gradients = loss()
    for name, value in parameters.items():
        flat, slopes = value.reshape(-1), np.empty(value.size)
        for i, middle in enumerate(flat.copy()):
            losses = []
            for flat[i] in (middle + 1e-6, middle - 1e-6):
                losses.append(loss()[0])
            flat[i] = middle
            slopes[i] = (losses[0] - losses[1]) / 2e-6
        np.testing.assert_allclose(gradients[name].reshape(-1), slopes, rtol=1e-6, atol=1e-8, err_msg=name)


@networks
def test_without_dropout_is_to_keep_all_and_takes_no_time_in_dropout(network):
    digits = experiment.load(np.random.default_rng(0))
    ways = (Separate(calling) for calling in (Plain(reference), Without()))
    keeps_all, without = (experiment.train(network, digits, 1.0, 2, 0, layers) for layers in ways)
    assert without.same_as(keeps_all)
    assert len(without.step_seconds) == len(without.losses) == 10 and min(without.step_seconds) > 0


@pytest.mark.parametrize("way", [Plain, InPlace])
def test_ways_of_calling(way):
    calling = Clocked(way(dropout_fast))
    x, dout, room = np.ones((3, 4)), np.ones((3, 4)), np.zeros((3, 4))
    out, cache = calling.forward(x, {"p": 0.5, "mode": "train"})
    dx = calling.backward(dout, cache, room)
    assert (out is x) == (dx is room) == (way is InPlace) and (dout == 1).all()
    assert np.array_equal(out, dx) and np.isin(out, [0, 2]).all() and calling.seconds > 0


@pytest.mark.parametrize("name", [(), ("demo",), ("demo", "--net", "residual")])
def test_the_command(name, tmp_path, capsys):
    plot = tmp_path / "plot.png"
    assert main([*name, "--epochs", "1", "--seed", "4", "--seeds", "3", "--out", str(plot)]) == 0
    printed = capsys.readouterr().out
    assert "Engine numpy, bit-identical" in printed and "statistically the same" in printed
    assert "Fused, the same to rounding" in printed and f"net {'residual' if 'residual' in name else 'hidden'}," in printed
    assert str(plot) in printed and "1297 held out" in printed
    assert "First call" in printed and "milliseconds in dropout" in printed and "milliseconds a training step" in printed
    assert len(re.findall(r"^ +(?:1\.00|0\.50|0\.25) ", printed, re.MULTILINE)) == 6
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_the_command_fails_where_the_runs_differ(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(dropout_fast, "dropout_backward", lambda dout, cache, out=None: dout * cache[1] * (1 + 1e-15))
    assert main(["--epochs", "1", "--seeds", "3", "--out", str(tmp_path / "plot.png")]) == 1
    assert "DIFFERENT: losses or weights" in capsys.readouterr().out


def test_the_command_fails_where_a_fused_run_differs(tmp_path, capsys, monkeypatch):
    backward = Fused._backward
    monkeypatch.setattr(Fused, "_backward", lambda *arguments, **options: (backward(*arguments, **options)[0], 0.0))
    assert main(["--epochs", "1", "--seeds", "3", "--out", str(tmp_path / "plot.png")]) == 1
    assert "Fused, DIFFERENT" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["--net", "none"],
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
    agreement = compare_engines(NETWORKS["hidden"], digits, 0.5, 6, 100, 5)
    assert agreement.holds and min(agreement.of_fast) > 0.85  # false alarm: once in 10,000 sets of seeds
