"""``python -m dropout_fast demo --torch``, for an epoch."""

import importlib.util

import pytest

torch = pytest.importorskip("torch")

from dropout_fast.__main__ import main
from dropout_fast.demo import with_pytorch


@pytest.fixture(autouse=True)
def on_one_thread():
    """On a busy machine PyTorch's threads wait for each other for longer than they compute."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def small(p):
    return with_pytorch.nn.Sequential(with_pytorch.nn.Linear(64, 50), with_pytorch.nn.Dropout(p), with_pytorch.nn.Linear(50, 10))


def test_the_demo(monkeypatch, capsys):
    for make in with_pytorch.NETS.values():
        assert make(0.5)(torch.ones(3, 64)).shape == (3, 10)
    monkeypatch.setattr(with_pytorch, "NETS", dict.fromkeys(with_pytorch.NETS, small))
    assert main(["demo", "--torch", "--epochs", "1", "--seeds", "3"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in (*with_pytorch.NETS, "statistically the same", "p-value"))


def test_a_worse_dropout_is_noticed(monkeypatch, capsys):
    def spoiled(model):
        with_pytorch.nn.init.zeros_(model[-1].weight)
        model[-1].weight.requires_grad_(False)

    monkeypatch.setattr(with_pytorch, "replace_dropout", spoiled)
    monkeypatch.setattr(with_pytorch, "NETS", {"MLP": small})
    assert main(["demo", "--torch", "--epochs", "4", "--seeds", "5"]) == 1
    assert "DIFFERENT" in capsys.readouterr().out


def test_without_torch(monkeypatch, capsys):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert main(["demo", "--torch"]) == 2
    assert "needs torch" in capsys.readouterr().out
