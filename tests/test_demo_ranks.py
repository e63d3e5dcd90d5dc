"""Training in several processes, each on its rows of a batch, is training in one."""

import multiprocessing

import numpy as np
import pytest

from dropout_fast.__main__ import main
from dropout_fast.demo import ranks
from dropout_fast.demo.command import NETWORKS
from dropout_fast.demo.layers import Fused
from dropout_fast.demo.network import OneHiddenLayer


class SmallNetwork(OneHiddenLayer):
    hidden_units = 30


def task(steps=50, network=None):
    rng = np.random.default_rng(0)
    return ranks.Task(network or SmallNetwork(), rng.standard_normal((500, 8)), rng.integers(0, 3, 500), 0.5, steps, seed=5)


@pytest.fixture(scope="module")
def of_one():
    return ranks.losses_of(task(), 1)


@pytest.mark.parametrize("size", [2, 4])
def test_losses_are_those_of_one_process(size, of_one):
    losses = ranks.losses_of(task(), size)
    assert len(losses) == len(of_one) == 50 and losses[-1] < losses[0]
    assert ranks.largest_difference(losses, of_one) < 1e-6


def test_masks_of_other_rows_are_noticed(of_one, monkeypatch):
    monkeypatch.setattr(ranks, "Fused", lambda seed, rows_before: Fused(seed, rows_before=rows_before + 50))
    assert ranks.largest_difference(ranks.losses_of(task(), 1), of_one) > ranks.ROUNDING


def test_rows_of_all_ranks_are_the_batch():
    for size in (1, 3, 7, 100):
        rows = [np.arange(100)[ranks.Ranks(rank, size, []).rows(100)] for rank in range(size)]
        assert np.array_equal(np.concatenate(rows), np.arange(100)) and all(len(part) for part in rows)


class FailingNetwork(SmallNetwork):
    def forward(self, parameters, x, dropout_param, layers):
        if multiprocessing.parent_process():
            raise SystemExit(3)
        return super().forward(parameters, x, dropout_param, layers)


def test_a_rank_that_ends_is_noticed():
    with pytest.raises(EOFError):
        ranks.losses_of(task(network=FailingNetwork()), 2)


@pytest.mark.parametrize("size", [0, 101])
def test_sizes_that_make_no_sense(size, capsys):
    with pytest.raises(ValueError, match=f"`size` is {size}"):
        ranks.losses_of(task(), size)
    with pytest.raises(SystemExit):
        main(["demo", "--ranks", str(size)])
    assert "--ranks" in capsys.readouterr().err


def test_the_command(capsys, monkeypatch):
    monkeypatch.setitem(NETWORKS, "hidden", SmallNetwork())
    assert main(["demo", "--epochs", "1", "--ranks", "1"]) == 0
    assert "1 ranks, the same to rounding" in capsys.readouterr().out
    monkeypatch.setattr(ranks, "largest_difference", lambda losses, of_one: 1e-3)
    monkeypatch.setattr(ranks, "losses_of", lambda task, size: [1.0])
    assert main(["demo", "--epochs", "1", "--ranks", "2"]) == 1
    assert "2 ranks, DIFFERENT" in capsys.readouterr().out
