"""The part of the benchmark command that needs PyTorch, at its smallest; no test asserts a time."""

import json

import pytest

torch = pytest.importorskip("torch")

from functools import partial

from torch import nn

from asv_bench.measuring.with_pytorch import calls, measure, steps
from dropout_fast.__main__ import main


def test_the_part(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(measure, "SIZES", (64, 5000))
    monkeypatch.setattr(measure, "BLOCK", 1e-5)
    monkeypatch.setattr(measure, "TURN", 1e-5)
    model = partial(lambda: (nn.Sequential(nn.Linear(80, 80), nn.Dropout(0.5)), torch.randn(80, 80)))
    monkeypatch.setattr(steps, "MODELS", {"MLP": model})
    written, threads = tmp_path / "bench.json", torch.get_num_threads()
    assert main(["bench", "--only", "torch", "--rounds", "1", "--json", str(written)]) == 0
    assert torch.get_num_threads() == threads
    measured = json.loads(written.read_text())["with_pytorch"]
    assert [(row["dtype"], row["size"]) for row in measured["alone"][:4]] == [
        (dtype, size) for dtype in ("float32", "bfloat16") for size in (64, 5000)
    ]
    for row in measured["alone"]:
        assert all(value > 0 for kind in ("microseconds", "ratios") for value in row[kind].values())
    printed = capsys.readouterr().out
    assert all(name in printed for row in measured["alone"] for name in row["ratios"]) and "MLP, 1 thread" in printed


def test_the_calls_drop():
    for name, call in calls.calls(5000, "float32").items():
        x = call.args[0]
        call()
        assert set(x.grad.unique().tolist()) == ({1.0} if name == calls.PRODUCT else {0.0, 2.0})


def test_the_models():
    for make in steps.MODELS.values():
        model, batch = make()
        assert batch.shape[-1] == 512 or model[0].in_features == batch.shape[-1]
        assert [type(module) for module in model.modules()].count(nn.Dropout) in (1, 3)
        steps._take_out(model)
        assert nn.Dropout not in map(type, model.modules())


def test_without_torch(monkeypatch, capsys):
    monkeypatch.setattr(measure, "is_possible", lambda: False)
    assert main(["bench", "--only", "torch"]) == 2
    assert "needs torch" in capsys.readouterr().out
