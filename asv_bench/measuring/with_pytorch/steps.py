"""Steps of training by PyTorch: without dropout, with PyTorch's, and with ours."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn

from dropout_fast.torch import replace_dropout

from ..clock import Function

WITHOUT, OWN, OURS = "without dropout", "PyTorch's", "ours"


def mlp() -> tuple[Any, Any]:
    """A network of one hidden layer, and a batch for it."""
    model = nn.Sequential(nn.Linear(1024, 1024), nn.ReLU(), nn.Dropout(0.5), nn.Linear(1024, 10))
    return model, torch.randn(1024, 1024)


def encoder_layer(attention_p: float) -> tuple[Any, Any]:
    """A transformer's layer, whose attention weights are dropped with that probability by PyTorch, and a batch for it."""
    layer = nn.TransformerEncoderLayer(512, 8, 2048, dropout=0.1, batch_first=True)
    layer.self_attn.dropout = attention_p
    return layer, torch.randn(8, 256, 512)


#: By name, what makes a model and its batch.
MODELS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "MLP, 1024 x 1024 x 1024": mlp,
    "TransformerEncoderLayer, 8 x 256 x 512, attention's dropout 0": partial(encoder_layer, 0.0),
    "TransformerEncoderLayer, 8 x 256 x 512, attention's dropout by PyTorch": partial(encoder_layer, 0.1),
}


def steps(name: str) -> dict[str, Function]:
    """Make a step of training with each dropout, from the same weights."""
    made: dict[str, Function] = {}
    for way in (WITHOUT, OWN, OURS):
        torch.manual_seed(0)
        model, batch = MODELS[name]()
        if way == OURS:
            replace_dropout(model)
        elif way == WITHOUT:
            _take_out(model)
        made[way] = partial(_step, model, batch, torch.optim.SGD(model.parameters(), 1e-3))
    return made


def _take_out(model: Any) -> None:
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.Dropout):
                setattr(module, name, nn.Identity())


def _step(model: Any, batch: Any, optimizer: Any) -> None:
    optimizer.zero_grad()
    model(batch).square().mean().backward()
    optimizer.step()
