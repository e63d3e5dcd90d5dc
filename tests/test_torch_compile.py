"""`dropout_fast.torch` under `torch.compile`: the operators, and models that hold them."""

import shutil

import pytest

torch = pytest.importorskip("torch")

from torch import nn
from torch.utils.checkpoint import checkpoint

import dropout_fast.torch as ours
from dropout_fast.torch import dropout

OPERATOR = torch.ops.dropout_fast.dropout


@pytest.fixture(autouse=True)
def seeded():
    torch.compiler.reset()
    with torch.random.fork_rng():
        torch.manual_seed(3)
        yield


def compiled(function, **options):
    return torch.compile(function, backend="aot_eager", fullgraph=True, **options)


def run(function, x):
    """The result and the gradient of the sum of its squares, from one seed."""
    torch.manual_seed(3)
    x = x.detach().requires_grad_()
    out = function(x)
    out.square().sum().backward()
    return out.detach(), x.grad


def assert_same(first, second):
    assert all(torch.equal(a, b) and a.stride() == b.stride() for a, b in zip(first, second, strict=True))


def test_the_same_mask_as_without():
    x = torch.randn(100, 90)
    assert_same(run(compiled(lambda x: dropout(x, 0.3)), x), run(lambda x: dropout(x, 0.3), x))


@pytest.mark.parametrize("layout", ["channels_last", "every second"])
def test_layouts(layout):
    x = torch.rand(4, 6, 20, 30) + 1
    x = x.contiguous(memory_format=torch.channels_last) if layout == "channels_last" else x[..., ::2]
    out, gradient = run(compiled(lambda x: dropout(x, 0.3)), x)
    kept = out != 0
    assert out.stride() == torch.empty_like(x).stride() and 0.65 < kept.float().mean() < 0.75
    assert torch.allclose(out, torch.where(kept, x / 0.7, 0)) and torch.allclose(gradient, 2 * out / 0.7)


def test_in_place_and_changing_shapes():
    def function(x):
        h = x + 1
        assert dropout(h, 0.5, inplace=True) is h
        return h * 2

    quick = compiled(function, dynamic=True)
    for size in (5000, 7000, 3):
        x = torch.ones(size)
        out, gradient = run(quick, x)
        assert torch.equal(gradient, torch.where(out == 0, 0, 64.0)) and (size == 3 or 0.4 < (out == 0).float().mean() < 0.6)


def test_calls_differ_and_seeds_repeat():
    quick = compiled(lambda x: dropout(x) + dropout(x))
    x = torch.ones(9000)
    first, second = quick(x), quick(x)
    torch.manual_seed(3)
    assert set(first.unique().tolist()) == {0, 2, 4} and not torch.equal(first, second) and torch.equal(quick(x), first)


def test_other_arguments():
    x = torch.ones(9000)
    for p, training in ((0.0, True), (0.5, False)):
        assert torch.equal(compiled(lambda x, p=p, training=training: dropout(x, p, training))(x), x)
    assert not compiled(lambda x: dropout(x, 1.0))(x).any()
    assert compiled(lambda x: dropout(x, 0.5))(torch.ones(9000, device="meta")).is_meta
    with pytest.raises(Exception, match=r"`p` is 1\.5; expected"):
        torch.compile(lambda x: dropout(x, 1.5), backend="aot_eager")(x)


def test_a_model():
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3), ours.Dropout2d(0.5), nn.Flatten(), nn.Linear(288, 50), ours.AlphaDropout(0.2), ours.Dropout(0.5)
    )
    x = torch.randn(200, 3, 8, 8)
    quick = compiled(model)
    quick(x).sum().backward()
    assert all(parameter.grad.any() for parameter in model.parameters())
    assert torch.equal(compiled(model.eval())(x), model(x))


def test_checkpoint():
    weight = torch.randn(90, 90)

    def block(x):
        return dropout(torch.tanh(x @ weight), 0.4)

    x = torch.linspace(-1, 1, 9000).reshape(100, 90)
    out, gradient = run(compiled(lambda x: checkpoint(block, x, use_reentrant=False)), x)
    plain = run(block, x)
    assert torch.allclose(out, plain[0]) and torch.allclose(gradient, plain[1], rtol=1e-4, atol=1e-5)


def test_the_operators_keep_the_rules_of_operators():
    x = torch.randn(40, 30, requires_grad=True)
    checks = ("test_schema", "test_autograd_registration", "test_faketensor")
    torch.library.opcheck(torch.ops.dropout_fast.dropout.default, (x, 0.3), test_utils=checks)
    seed = torch.tensor(5)
    torch.library.opcheck(torch.ops.dropout_fast.multiply.default, (x, seed, 0.3), test_utils=checks)
    x = torch.randn(20, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: torch.ops.dropout_fast.multiply(x, seed, 0.3), x)
    assert torch.autograd.gradgradcheck(lambda x: torch.ops.dropout_fast.multiply(x, seed, 0.3), x)


def test_export():
    exported = torch.export.export(nn.Sequential(nn.Linear(90, 90), ours.Dropout(0.5)), (torch.randn(100, 90),))
    assert "dropout_fast" in str(exported.graph) and exported.module()(torch.randn(100, 90)).shape == (100, 90)


@pytest.mark.long
@pytest.mark.skipif(not shutil.which("g++"), reason="inductor needs a compiler")
@pytest.mark.filterwarnings("ignore")
def test_inductor():
    x = torch.randn(100, 90)
    model = nn.Sequential(nn.Linear(90, 90), nn.ReLU(), ours.Dropout(0.3), nn.Linear(90, 5))
    ours_compiled, plain = run(torch.compile(model), x), run(model, x)
    assert all(torch.allclose(a, b, rtol=1e-4, atol=1e-5) for a, b in zip(ours_compiled, plain, strict=True))
