"""Where the masks of `dropout_fast.torch` come from: PyTorch's generator of the CPU, and nothing else."""

import pickle

import pytest

torch = pytest.importorskip("torch")

import internals
from torch.utils.checkpoint import checkpoint

from dropout_fast.torch import Dropout, dropout

X = torch.ones(300_000)


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        yield


def test_a_seed_repeats_a_run_and_calls_differ():
    first = [dropout(X), dropout(X)]
    torch.manual_seed(3)
    again = [dropout(X), dropout(X)]
    assert torch.equal(first[0], again[0]) and torch.equal(first[1], again[1]) and not torch.equal(*first)
    torch.manual_seed(4)
    assert not torch.equal(dropout(X), first[0])


def test_state_of_the_generator():
    state = torch.get_rng_state()
    first = dropout(X)
    assert not torch.equal(torch.get_rng_state(), state)
    torch.set_rng_state(state)
    assert torch.equal(dropout(X), first)
    with torch.random.fork_rng():
        inside = dropout(X)
    assert torch.equal(dropout(X), inside)


def test_threads_do_not_matter():
    results = []
    for name, forced in (("serial", internals.force_serial), ("parallel", internals.force_parallel)):
        torch.manual_seed(3)
        x = torch.ones(2**20 + 5, requires_grad=True)
        with forced(), internals.never_nontemporal(), internals.kernels_called() as called:
            out = dropout(x, 0.3)
            out.backward(torch.ones_like(out))
        assert called == [name, name]
        results.append((out, x.grad))
    assert torch.equal(results[0][0], results[1][0]) and torch.equal(results[0][1], results[1][1])


def test_as_many_threads_as_pytorch_takes():
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        with internals.force_parallel(), internals.kernels_called() as called:
            dropout(torch.ones(2**20))
        assert called == ["serial"]
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpoint_draws_the_same_mask_again(reentrant):
    weight = torch.randn(128, 128)
    gradients = []
    for run in (lambda f, x: f(x), lambda f, x: checkpoint(f, x, use_reentrant=reentrant)):
        torch.manual_seed(3)
        x = torch.linspace(-1, 1, 64 * 128).reshape(64, 128).requires_grad_()
        run(lambda x: dropout(torch.tanh(x @ weight), 0.4), x).square().sum().backward()
        gradients.append(x.grad)
    assert torch.equal(*gradients)


class Masks(torch.utils.data.Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return dropout(torch.ones(20_000))


def test_workers_of_a_data_loader():
    def draw():
        torch.manual_seed(5)
        return list(torch.utils.data.DataLoader(Masks(), num_workers=2, batch_size=None))

    first, again = draw(), draw()
    assert all(map(torch.equal, first, again))
    assert not any(torch.equal(first[i], first[j]) for i in range(4) for j in range(i))


def test_a_pickled_module_draws_as_the_other():
    module = pickle.loads(pickle.dumps(Dropout(0.3)))
    first = module(X)
    torch.manual_seed(3)
    assert torch.equal(Dropout(0.3)(X), first)
