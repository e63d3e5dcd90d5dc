"""Modules of `dropout_fast.torch`: by what PyTorch's own tests of its dropout modules check, and what users do with modules."""

import copy
import io
import math
import pickle

import pytest

torch = pytest.importorskip("torch")

from internals import from_which_size_torch_is_ours
from torch import nn

import dropout_fast.torch as ours
from dropout_fast.torch import replace_dropout

NAMES = ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout")
SHAPES = {name: (20, 30, 4) for name in NAMES} | {"Dropout2d": (20, 30, 4, 3), "Dropout3d": (20, 30, 4, 3, 2)}
CHANNELS = ("Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout")


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng(), from_which_size_torch_is_ours(1):
        torch.manual_seed(3)
        yield


@pytest.mark.parametrize("name", NAMES)
def test_as_pytorchs_class(name):
    module, theirs = getattr(ours, name)(0.25), getattr(nn, name)(0.25)
    assert isinstance(module, type(theirs)) and repr(module) == repr(theirs) and module.extra_repr() == theirs.extra_repr()
    assert module.state_dict() == theirs.state_dict() and module.p == 0.25 and module.training
    for other in (pickle.loads(pickle.dumps(module)), copy.deepcopy(module)):
        assert type(other) is type(module) and other.p == 0.25
    file = io.BytesIO()
    torch.save(module, file)
    file.seek(0)
    assert type(torch.load(file, weights_only=False)) is type(module)
    x = torch.ones(SHAPES[name])
    assert module.eval()(x) is not None and torch.equal(module(x), x)
    assert not torch.equal(module.train()(x), x)
    for p in (-0.1, 1.1):
        with pytest.raises(ValueError):
            type(module)(p)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_forward_and_backward(name, dtype):
    p = 0.2
    for in_place in (False, True):
        x = torch.full(SHAPES[name], 1 - p, dtype=dtype, requires_grad=True)
        moved = x + 0
        module = getattr(ours, name)(p, in_place)
        out = module(moved)
        assert (out is moved) == (in_place and "Alpha" not in name)  # PyTorch's two Alpha modules ignore it
        out.backward(torch.full_like(out, 1 - p))
        assert out.shape == x.shape and out.dtype == dtype and x.grad.dtype == dtype
        if "Alpha" not in name:
            assert abs(out.float().mean() - (1 - p)) < 0.06 and torch.equal(x.grad, out.detach())


@pytest.mark.parametrize("name", CHANNELS)
def test_whole_channels(name):
    out = getattr(ours, name)(0.5)(torch.ones(SHAPES[name]))
    by_channel = out.flatten(2)
    assert torch.equal(by_channel, by_channel[:, :, :1].expand_as(by_channel)) and len(out.unique()) == 2
    assert 250 < (by_channel[:, :, 0] == by_channel.min()).sum() < 350


@pytest.mark.parametrize("name", CHANNELS)
def test_layouts_of_channels(name):
    x = torch.rand(SHAPES[name]).transpose(0, 1).contiguous().transpose(0, 1)
    module, theirs = getattr(ours, name)(0.5), getattr(nn, name)(0.5)
    assert module(x).stride() == theirs(x).stride()


@pytest.mark.parametrize("name", ["AlphaDropout", "FeatureAlphaDropout"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16])
def test_mean_and_variance_stay(name, dtype):
    x = torch.randn(1000, 40, 2, dtype=dtype)
    for p in (0.2, 0.5, 0.8):
        out = getattr(ours, name)(p)(x.clone().requires_grad_())
        assert abs(out.float().mean()) < 0.05 and abs(out.float().std() - 1) < 0.05
        out.backward(x)


@pytest.mark.parametrize("name", ["AlphaDropout", "FeatureAlphaDropout"])
def test_the_two_values_of_alpha_dropout(name):
    """Kept elements are a (x + alpha p), dropped ones a (alpha p - alpha): the paper's formula, in float64."""
    p, alpha = 0.3, 1.7580993408473766
    a = 1 / math.sqrt((1 - p) * (1 + p * alpha**2))
    for in_place in (False, True):
        x = torch.randn(30, 40, 5, dtype=torch.float64)
        function = ours.alpha_dropout if name == "AlphaDropout" else ours.feature_alpha_dropout
        given = x.clone()
        out = function(given, p, True, in_place)
        assert (out is given) == in_place
        kept, dropped = a * (x + alpha * p), a * (alpha * p - alpha)
        is_dropped = (out - dropped).abs() < 1e-12
        assert torch.allclose(out, torch.where(is_dropped, dropped, kept), rtol=0, atol=1e-12)
        assert 0.2 < is_dropped.double().mean() < 0.4


def test_shapes_that_pytorch_complains_of():
    with pytest.raises(RuntimeError, match="Expected 2D or 3D input, but received a 4D input"):
        ours.Dropout1d()(torch.rand(1, 2, 2, 2))
    with pytest.raises(RuntimeError, match="Expected 2D or 3D input, but received a 1D input"):
        ours.Dropout1d()(torch.rand(2))
    with pytest.warns(UserWarning, match="Received a 5-D input to dropout2d"):
        ours.Dropout2d()(torch.rand(1, 2, 2, 2, 2))
    with pytest.warns(UserWarning, match="assuming that channel-wise 1D dropout behavior is desired"):
        ours.Dropout2d()(torch.rand(1, 2, 2))
    with pytest.warns(UserWarning, match="Received a 6-D input to dropout3d"):
        ours.Dropout3d()(torch.rand(1, 2, 2, 2, 2, 2))


@pytest.mark.parametrize("in_place", [False, True])
def test_without_a_batch(in_place):
    for name, shape in (("Dropout1d", (50, 2)), ("Dropout3d", (50, 2, 2, 2))):
        module, x = getattr(ours, name)(0.5, in_place), torch.rand(shape)
        state = torch.get_rng_state()
        alone = module(x.clone())
        torch.set_rng_state(state)
        assert torch.equal(alone != 0, nn.functional.dropout1d(torch.ones(1, 50, 1))[0, :, :, *(None,) * (len(shape) - 2)] * x != 0)


def test_replace_dropout():
    shared = nn.Dropout(0.3)

    class Own(nn.Dropout):
        pass

    model = nn.ModuleDict(
        {name: getattr(nn, name)(0.4) for name in NAMES} | {"a": nn.Sequential(shared), "b": nn.Sequential(shared), "own": Own()}
    )
    model["Dropout"].register_forward_hook(lambda module, args, out: out + 1)
    model["Dropout2d"].eval()
    before = repr(model)
    assert replace_dropout(model) is model and repr(model) == before
    for name in NAMES:
        assert type(model[name]) is getattr(ours, name) and model[name].p == 0.4
    assert model["a"][0] is model["b"][0] is shared and type(shared) is ours.Dropout and type(model["own"]) is Own
    assert model["Dropout"](torch.ones(1000)).min() == 1 and not model["Dropout2d"].training
    assert type(replace_dropout(nn.Dropout(0.1))) is ours.Dropout
    with pytest.raises(TypeError, match="`model` has type int; expected"):
        replace_dropout(3)


@pytest.mark.parametrize("norm_first", [False, True])
def test_transformer_layers(norm_first):
    encoder = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.5, batch_first=True, norm_first=norm_first)
    decoder = nn.TransformerDecoderLayer(32, 4, 64, dropout=0.5, batch_first=True, norm_first=norm_first)
    source, target = torch.randn(4, 10, 32), torch.randn(4, 7, 32)
    model = nn.ModuleList([encoder, decoder]).eval()
    before = encoder(source), decoder(target, source)
    replace_dropout(model)
    assert torch.equal(encoder(source), before[0]) and torch.equal(decoder(target, source), before[1])
    seen = []
    for module in model.modules():
        if type(module) is ours.Dropout:
            module.register_forward_hook(lambda *call: seen.append(call[0]))
    model.train()
    decoder(target, encoder(source)).sum().backward()
    assert len(set(seen)) == 7 and all(parameter.grad.isfinite().all() for parameter in model.parameters())


def test_an_mlp_learns():
    model = replace_dropout(nn.Sequential(nn.Linear(4, 100), nn.GELU(), nn.Dropout(0.2, inplace=True), nn.Linear(100, 1)))
    x = torch.randn(256, 4)
    y = x[:, :1] * x[:, 1:2]
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    losses = []
    for _ in range(80):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert sum(losses[-10:]) < sum(losses[:10]) / 4
