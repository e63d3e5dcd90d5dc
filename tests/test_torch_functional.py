"""`dropout_fast.torch.dropout`: values against the NumPy function, layouts and edges against PyTorch's own function."""

import itertools
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from internals import from_which_size_torch_is_ours
from torch.nn import functional as pytorch

import dropout_fast
from dropout_fast.torch import dropout

DTYPES = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
SHAPE = (8, 6, 10, 12)


def channels_last(x):
    return x.contiguous(memory_format=torch.channels_last)


LAYOUTS = {
    "contiguous": lambda x: x,
    "channels_last": channels_last,
    "transposed": lambda x: x.transpose(0, 3).contiguous().transpose(0, 3),
    "in the middle of another": lambda x: torch.cat((x, x, x))[8:16],
    "every second": lambda x: x.repeat_interleave(2, -1)[..., ::2],
    "shifted": lambda x: channels_last(torch.cat((x, x), 1))[:, 1:7],
    "expanded": lambda x: x[:, :1, :, :1].expand(SHAPE),
    "of one column": lambda x: x.reshape(-1, 1)[:, :, None].transpose(1, 2),
    "0 axes of 1": lambda x: x.reshape(-1)[None, :, None],
}


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        yield


def seed_of_next_call():
    """What the next call will draw, without drawing it."""
    with torch.random.fork_rng():
        return torch.empty((), dtype=torch.int64).random_().item()


def in_memory_order(x):
    """Of a dense tensor."""
    return x.as_strided((x.numel(),), (1,))


def expected(x, seed, p):
    """The NumPy function's result, for a tensor in the order of the result's memory."""
    out = torch.empty_like(x)
    as_array = in_memory_order(out.copy_(x)).to(torch.float32 if x.dtype == torch.bfloat16 else x.dtype).numpy()
    result, _ = dropout_fast.dropout(as_array, rate=p, seed=seed)
    in_memory_order(out).copy_(torch.from_numpy(result))
    return out


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and bool((a == b).all())


def test_dropout_fast_alone_imports_no_torch():
    program = "import sys, dropout_fast; sys.exit('torch' in sys.modules or 'dropout_fast.torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_values_and_layout(dtype, layout):
    x = LAYOUTS[layout](torch.randn(SHAPE).to(dtype))
    before = x.clone()
    seed = seed_of_next_call()
    out = dropout(x, 0.3)
    assert same(out, expected(x, seed, 0.3)) and same(x, before)
    assert out.stride() == pytorch.dropout(x, 0.3).stride()
    assert 0.25 < (out == 0).float().mean() < 0.35 or layout == "expanded"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_gradient_is_the_mask(layout):
    x = LAYOUTS[layout](torch.rand(SHAPE) + 1).detach().requires_grad_()
    out = dropout(x, 0.3)
    for gradient in (torch.randn(out.shape), channels_last(torch.randn(SHAPE)).reshape(out.shape), torch.ones(1).expand(out.shape)):
        (dx,) = torch.autograd.grad(out, x, gradient, retain_graph=True)
        kept = (out != 0).float() / (1 - 0.3)
        assert torch.allclose(dx, gradient * kept, rtol=1e-6, atol=0) and same(dx == 0, out == 0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_in_place(dtype):
    for layout in ("contiguous", "channels_last", "every second"):
        x = LAYOUTS[layout](torch.randn(SHAPE).to(dtype))
        seed, version = seed_of_next_call(), x._version
        wanted = expected(x, seed, 0.5)
        assert dropout(x, 0.5, inplace=True) is x and x._version > version
        assert layout == "every second" or same(x, wanted)


def test_in_place_in_a_graph():
    x = torch.randn(SHAPE, requires_grad=True)
    h = x * 2
    out = dropout(h, 0.5, inplace=True)
    assert out is h
    out.sum().backward()
    assert same(x.grad, torch.where(out == 0, 0.0, 4.0))


def test_in_place_where_the_old_values_are_needed():
    x = torch.randn(SHAPE, requires_grad=True)
    h = x.exp()
    out = dropout(h, 0.5, inplace=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.sum().backward()
    h, factor = torch.randn(SHAPE), x * 1.0
    product = h * factor
    dropout(h, 0.5, inplace=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        product.sum().backward()


def test_a_leaf_in_place_is_refused():
    x = torch.randn(SHAPE, requires_grad=True)
    before = x.detach().clone()
    with pytest.raises(RuntimeError, match="leaf Variable"):
        dropout(x, 0.5, inplace=True)
    assert same(x.detach(), before)
    with torch.no_grad():
        dropout(x, 0.5, inplace=True)
    assert not same(x.detach(), before)


def test_a_view_in_place():
    x = torch.randn(16, 1000, requires_grad=True)
    h = x * 1.0
    out = dropout(h[:8], 0.5, inplace=True)
    h.sum().backward()
    assert same(x.grad[8:], torch.ones(8, 1000)) and same(x.grad[:8], torch.where(out == 0, 0.0, 2.0))


def test_nothing_is_dropped():
    x = torch.randn(SHAPE, requires_grad=True)
    state = torch.get_rng_state()
    assert dropout(x, 0.5, training=False) is x and dropout(x, 0.5, False, True) is x
    assert torch.equal(torch.get_rng_state(), state)
    assert same(dropout(x, 0.0), x) and same(dropout(x, 0), x)


def test_all_is_dropped():
    x = torch.randn(SHAPE, requires_grad=True)
    out = dropout(x, 1.0)
    out.sum().backward()
    assert not out.any() and not x.grad.any() and not dropout(x, 1).any()


@pytest.mark.parametrize("p", [-0.1, 1.1, 2, float("nan")])
def test_bad_p(p):
    state = torch.get_rng_state()
    for x in (torch.ones(1), torch.ones(10000), torch.ones(3, device="meta")):
        with pytest.raises(ValueError, match=f"`p` is {p}; expected a number in"):
            dropout(x, p)
    assert torch.equal(torch.get_rng_state(), state)


def test_empty_and_small():
    assert dropout(torch.tensor([])).shape == (0,)
    for size in (1, 100, 4096):
        x, state = torch.randn(size), torch.get_rng_state()
        ours = dropout(x, 0.3)
        torch.set_rng_state(state)
        assert same(ours, pytorch.dropout(x, 0.3))


@pytest.mark.parametrize("size", [1, 15, 16, 17, 63, 64, 65, 511, 513, 32769])
def test_every_size(size):
    with from_which_size_torch_is_ours(1):
        for dtype in DTYPES:
            x = torch.randn(size).to(dtype)
            seed = seed_of_next_call()
            assert same(dropout(x, 0.25), expected(x, seed, 0.25))


def test_tiny_p_of_every_permutation():
    for order in itertools.permutations(range(4)):
        x = torch.randn(SHAPE).permute(order)[1:, 1:]
        assert same(dropout(x, 1e-10), x) and dropout(x, 1e-10).stride() == torch.empty_like(x).stride()


def test_dropped_elements_are_0_whatever_they_were():
    x = torch.full((10000,), float("nan"), requires_grad=True)
    out = dropout(x, 0.5)
    assert 4000 < (out == 0).sum() < 6000 and out.isnan().sum() == 10000 - (out == 0).sum()


def test_mean_over_many_calls():
    """A binomial count of 2 * 10**6 elements within 5.5 standard deviations: a false alarm in 2.6 * 10**7 seeds."""
    for p in (0.1, 0.5, 0.9):
        dropped = sum(int((dropout(torch.ones(100_000), p) == 0).sum()) for _ in range(20))
        assert abs(dropped - 2e6 * p) < 5.5 * np.sqrt(2e6 * p * (1 - p))
