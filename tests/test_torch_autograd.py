"""Gradients of `dropout_fast.torch.dropout`, of every order, and what else PyTorch does with an operation."""

import functools

import pytest

torch = pytest.importorskip("torch")

from internals import from_which_size_torch_is_ours
from torch.autograd import gradcheck, gradgradcheck
from torch.nn import functional as pytorch

from dropout_fast.torch import Dropout, dropout

LAYOUTS = {
    "contiguous": lambda x: x,
    "channels_last": lambda x: x.contiguous(memory_format=torch.channels_last),
    "every second": lambda x: x.repeat_interleave(2, -1)[..., ::2],
}


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng(), from_which_size_torch_is_ours(1):
        torch.manual_seed(3)
        yield


def with_one_mask(function):
    """The function, drawing the same at each call: otherwise no derivative is what differences say."""

    @functools.wraps(function)
    def call(*arguments):
        torch.manual_seed(11)
        return function(*arguments)

    return call


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("in_place", [False, True])
def test_gradcheck(layout, in_place):
    x = LAYOUTS[layout](torch.randn(2, 3, 2, 3, dtype=torch.float64)).detach().requires_grad_()
    function = with_one_mask(lambda x: dropout(x * 1.0 if in_place else x, 0.4, inplace=in_place))
    assert gradcheck(function, x, check_batched_grad=True)
    assert gradgradcheck(function, x, check_batched_grad=True)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # PyTorch's own, of its own
def test_gradients_by_forward_mode():
    x = torch.randn(30, dtype=torch.float64, requires_grad=True)
    assert gradcheck(with_one_mask(lambda x: dropout(x, 0.4)), x, check_forward_ad=True, check_backward_ad=False)


def test_second_gradient():
    x = torch.randn(500, requires_grad=True)
    out = dropout(x, 0.5).pow(3)
    (dx,) = torch.autograd.grad(out.sum(), x, create_graph=True)
    (ddx,) = torch.autograd.grad(dx.sum(), x)
    assert torch.allclose(ddx, torch.where(out == 0, 0.0, 6 * x * 8))


def test_gradients_of_several_at_once():
    x = torch.randn(500, requires_grad=True)
    out = dropout(x, 0.5)
    (rows,) = torch.autograd.grad(out, x, torch.eye(500), is_grads_batched=True)
    assert torch.equal(rows, torch.diag(torch.where(out == 0, 0.0, 2.0)))


def test_half_formats_where_a_transform_sees_the_gradient():
    x = torch.randn(500, dtype=torch.bfloat16).requires_grad_()
    out = dropout(x, 0.3)
    gradients = torch.randn(4, 500).to(torch.bfloat16)
    (rows,) = torch.autograd.grad(out, x, gradients, is_grads_batched=True, retain_graph=True)
    for row, gradient in zip(rows, gradients, strict=True):
        assert torch.equal(row, torch.autograd.grad(out, x, gradient, retain_graph=True)[0])


def test_an_unused_result_has_no_gradient():
    x = torch.randn(500, requires_grad=True)
    dropped = dropout(x, 0.5)
    torch.autograd.backward([(x * 2).sum()])
    assert torch.equal(x.grad, torch.full_like(x, 2)) and dropped.grad_fn is not None


def test_modes_without_gradients():
    x = torch.randn(500, requires_grad=True)
    with torch.no_grad():
        assert not dropout(x, 0.5).requires_grad
    with torch.inference_mode():
        out = dropout(x, 0.5)
        assert out.is_inference() and 150 < (out == 0).sum() < 350
        assert dropout(out, 0.5, inplace=True) is out
    assert dropout(out, 0.5).requires_grad is False
    with pytest.raises(RuntimeError, match="inference tensor"):
        dropout(out, 0.5, inplace=True)


def test_a_parameter():
    parameter = torch.nn.Parameter(torch.ones(500))
    out = dropout(parameter, 0.5)
    out.sum().backward()
    assert type(out) is torch.Tensor and torch.equal(parameter.grad, out.detach())


def test_deterministic_algorithms():
    torch.use_deterministic_algorithms(True)
    try:
        x = torch.ones(500, requires_grad=True)
        out = dropout(x, 0.5)
        out.sum().backward()
    finally:
        torch.use_deterministic_algorithms(False)
    assert torch.equal(x.grad, out.detach())


def test_autocast():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = dropout(torch.ones(40, 30) @ torch.ones(30, 20), 0.5)
    assert out.dtype == torch.bfloat16 and set(out.unique().tolist()) == {0.0, 60.0}


def test_a_device_chosen_for_new_tensors():
    torch.set_default_device("cpu")
    try:
        torch.manual_seed(3)
        out = dropout(torch.ones(500), 0.5)
    finally:
        torch.set_default_device(None)
    torch.manual_seed(3)
    assert torch.equal(out, dropout(torch.ones(500), 0.5))


@pytest.mark.parametrize("randomness", ["different", "same", "error"])
def test_vmap(randomness):
    def draw(function):
        torch.manual_seed(3)
        return torch.func.vmap(lambda x: function(x, 0.5), randomness=randomness)(torch.ones(4, 500))

    if randomness == "error":
        with pytest.raises(RuntimeError, match="randomness"):
            draw(dropout)
    else:
        ours = draw(dropout)
        assert torch.equal(ours, draw(pytorch.dropout)) and torch.equal(ours[0], ours[1]) == (randomness == "same")


def test_vmap_where_the_tensor_itself_has_no_axis():
    x = torch.ones(500)
    out = torch.func.vmap(lambda y: dropout(x, 0.5) * y, randomness="different")(torch.ones(3))
    assert not torch.equal(out[0], out[1])


def test_torch_func():
    model = torch.nn.Sequential(torch.nn.Linear(20, 30), Dropout(0.5), torch.nn.Linear(30, 1))
    parameters, x = dict(model.named_parameters()), torch.randn(8, 20)

    def loss(parameters):
        return torch.func.functional_call(model, parameters, (x,)).square().mean()

    gradients = torch.func.grad(with_one_mask(loss))(parameters)
    with_one_mask(loss)(parameters).backward()
    assert parameters.keys() == gradients.keys() and all(gradient.any() for gradient in gradients.values())
    functional = {name: value.detach() * 2 for name, value in parameters.items()}
    assert not torch.equal(torch.func.functional_call(model, functional, (x,)), model(x))


def test_saved_tensors_are_none():
    saved = []
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: saved.append(tensor) or tensor, lambda tensor: tensor):
        dropout(torch.ones(500, requires_grad=True), 0.5)
    assert saved == []


def test_a_graph_outlives_its_tensors():
    x = torch.ones(500, requires_grad=True)
    losses = [dropout(x, 0.5).sum() for _ in range(3)]
    sum(losses).backward()
    assert set(x.grad.unique().tolist()) <= {0.0, 2.0, 4.0, 6.0}
