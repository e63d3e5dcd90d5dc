"""`relu_dropout` and `dropout_add` of `dropout_fast.torch`: the numbers and gradients of the operations one after another."""

import pytest

torch = pytest.importorskip("torch")

from internals import from_which_size_torch_is_ours, kernels_called
from torch.nn import functional as pytorch

from dropout_fast.torch import dropout, dropout_add, relu_dropout

SHAPE = (9, 13, 70)


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng(), from_which_size_torch_is_ours(1):
        torch.manual_seed(3)
        yield


def relu_dropout_in_steps(x, p=0.5, training=True, bias=None):
    return dropout(pytorch.relu(x if bias is None else x + bias), p, training)


def dropout_add_in_steps(x, residual, p=0.5, training=True, bias=None):
    return residual + dropout(x if bias is None else x + bias, p, training)


PAIRS = {"relu_dropout": (relu_dropout, relu_dropout_in_steps, 1), "dropout_add": (dropout_add, dropout_add_in_steps, 2)}


def run(function, tensors, gradient, **keywords):
    """The result and the gradients, from one seed."""
    torch.manual_seed(5)
    leaves = [tensor.detach().clone().requires_grad_() for tensor in tensors]
    bias = {"bias": leaves.pop()} if keywords.pop("has_bias") else {}
    out = function(*leaves, 0.3, **keywords, **bias)
    return [out.detach(), *torch.autograd.grad(out, [*leaves, *bias.values()], gradient)]


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("has_bias", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_as_one_after_another(name, has_bias, dtype):
    ours, in_steps, tensors = PAIRS[name]
    made = [torch.randn(SHAPE).to(dtype) for _ in range(tensors)] + [torch.randn(SHAPE[-1]).to(dtype)] * has_bias
    gradient = torch.randn(SHAPE).to(dtype)
    with kernels_called() as called:
        results = run(ours, made, gradient, has_bias=has_bias)
    assert len(called) == 2
    for one, other in zip(results, run(in_steps, made, gradient, has_bias=has_bias), strict=True):
        if one.shape == SHAPE:
            assert torch.equal(one, other)
        else:  # sums over rows, in another order
            assert torch.allclose(one.float(), other.float(), rtol=0.02 if dtype == torch.bfloat16 else 1e-5, atol=1e-4)


@pytest.mark.parametrize("name", PAIRS)
def test_what_no_kernel_takes_at_once(name):
    ours, in_steps, tensors = PAIRS[name]
    for change in (lambda x: x.transpose(0, 2), lambda x: x[..., ::2], lambda x: x.to(torch.complex64).real, lambda x: x.abs().mT):
        made = [change(torch.randn(SHAPE)) for _ in range(tensors)]
        torch.manual_seed(5)
        out = ours(*made, 0.4)
        torch.manual_seed(5)
        assert torch.equal(out, in_steps(*made, 0.4))
    made = [torch.randn(SHAPE) for _ in range(tensors)]
    for p, training in ((0.0, True), (0.5, False)):
        assert torch.equal(ours(*made, p, training, bias=torch.ones(70)), in_steps(*made, p, training, bias=torch.ones(70)))
    with pytest.raises(ValueError, match="`p` is 2; expected"):
        ours(*made, 2)
    with pytest.raises(RuntimeError, match="size of tensor"):
        ours(*made, 0.5, bias=torch.ones(71))


@pytest.mark.parametrize("name", PAIRS)
def test_gradients_of_both_orders(name):
    ours, _, tensors = PAIRS[name]

    def function(*made):
        torch.manual_seed(11)
        return ours(*made[:-1], 0.4, bias=made[-1])

    made = [torch.randn(4, 6, dtype=torch.float64, requires_grad=True) for _ in range(tensors)]
    made.append(torch.randn(6, dtype=torch.float64, requires_grad=True))
    assert torch.autograd.gradcheck(function, made) and torch.autograd.gradgradcheck(function, made)


def test_nothing_but_bits_is_kept():
    x = torch.randn(1000, requires_grad=True)
    out = relu_dropout(x, 0.5)
    out.sum().backward()
    assert torch.equal(x.grad, torch.where(out > 0, 2.0, 0.0)) and (out[x.detach() < 0] == 0).all()
