"""Tensors and moments that are PyTorch's affair: its own function is called, and gives what it gives."""

import threading

import pytest

torch = pytest.importorskip("torch")

from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn import functional as pytorch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from dropout_fast.torch import Dropout, dropout


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        yield


def outcome(function, *arguments, **keywords):
    """What a call gives or raises, from the same seed."""
    torch.manual_seed(3)
    try:
        return function(*arguments, **keywords)
    except Exception as error:
        return type(error), str(error)


def assert_as_pytorch(x, **keywords):
    ours, theirs = outcome(dropout, x, 0.5, **keywords), outcome(pytorch.dropout, x, 0.5, **keywords)
    assert type(ours) is type(theirs)
    if isinstance(ours, torch.Tensor):
        assert ours.layout == theirs.layout and ours.device == theirs.device and ours.dtype == theirs.dtype
        dense = (x.to_dense() if x.is_sparse else x for x in (ours, theirs))
        assert ours.is_meta or torch.equal(*dense)
    else:
        assert ours == theirs


class Subclass(torch.Tensor):
    pass


N = 10_000
OTHERS = {
    "meta": lambda: torch.empty(N, device="meta"),
    "sparse": lambda: torch.ones(100, 100).to_sparse(),
    "csr": lambda: torch.ones(100, 100).to_sparse_csr(),
    "complex": lambda: torch.ones(N, dtype=torch.complex64),
    "integers": lambda: torch.ones(N, dtype=torch.int64),
    "booleans": lambda: torch.ones(N, dtype=torch.bool),
    "float8": lambda: torch.ones(N).to(torch.float8_e4m3fn),
    "subclass": lambda: torch.ones(N).as_subclass(Subclass),
    "negative view": lambda: torch._neg_view(torch.ones(N)),
    "imaginary part": lambda: torch.ones(N, dtype=torch.complex64).conj().imag,
    "zero tensor": lambda: torch._efficientzerotensor(N),
    "nested": lambda: torch.nested.nested_tensor([torch.ones(N), torch.ones(5)], layout=torch.jagged),
    "mkldnn": lambda: torch.ones(N).to_mkldnn(),
    "quantized": lambda: torch.quantize_per_tensor(torch.ones(N), 0.1, 0, torch.qint8),
    "a number": lambda: 1.5,
    "a list": lambda: [1.0],
    "None": lambda: None,
}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.filterwarnings("ignore")
def test_other_tensors(name):
    try:
        x = OTHERS[name]()
    except (RuntimeError, NotImplementedError, AttributeError) as error:
        pytest.skip(f"this build of PyTorch has none: {error}")
    if name in ("nested", "zero tensor", "mkldnn", "quantized"):  # cannot be compared
        ours, theirs = outcome(dropout, x, 0.5), outcome(pytorch.dropout, x, 0.5)
        assert type(ours) is type(theirs) and (not isinstance(ours, tuple) or ours == theirs)
    else:
        assert_as_pytorch(x)


def test_other_arguments():
    x = torch.ones(N)
    for p in ("0.5", None, 0.5j, torch.tensor(0.5)):
        assert type(outcome(dropout, x, p)) is type(outcome(pytorch.dropout, x, p))


def test_expanded_in_place_is_refused():
    x = torch.ones(1).expand(N)
    assert outcome(dropout, x, 0.5, inplace=True) == outcome(pytorch.dropout, x, 0.5, inplace=True)
    assert not x.any() or x.all()


def test_fake_tensors():
    with FakeTensorMode():
        out = dropout(torch.ones(N), 0.5)
    assert isinstance(out, torch._subclasses.FakeTensor)
    fake = FakeTensorMode().from_tensor(torch.ones(N))
    assert isinstance(dropout(fake, 0.5), torch._subclasses.FakeTensor)


def test_modes_see_pytorchs_operations():
    class Functions(TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            seen.append(function)
            return function(*args, **(kwargs or {}))

    class Operators(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            seen.append(function)
            return function(*args, **(kwargs or {}))

    for mode in (Functions, Operators):
        seen = []
        with mode():
            dropout(torch.ones(N), 0.5)
        assert len(seen) > 1 and "dropout_fast" not in str(seen)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tracing():
    traced = torch.jit.trace(lambda x: dropout(x, 0.5), torch.ones(N), check_trace=False)
    assert not torch.equal(traced(torch.ones(N)), traced(torch.ones(N)))
    assert "dropout" in str(traced.graph)
    graph = make_fx(lambda x: dropout(x, 0.5))(torch.ones(N))
    assert "bernoulli" in graph.code
    symbolic = torch.fx.symbolic_trace(torch.nn.Sequential(Dropout(0.5)))
    assert not torch.equal(symbolic(torch.ones(N)), symbolic(torch.ones(N)))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_scripting():
    scripted = torch.jit.script(torch.nn.Sequential(torch.nn.Linear(3, 3), Dropout(0.5)))
    assert scripted(torch.ones(5, 3)).shape == (5, 3) and "dropout" in str(scripted.inlined_graph)


def test_the_first_import_may_happen_anywhere():
    """What a plain tensor looks like is asked in a thread of its own."""
    import importlib

    from dropout_fast.torch import _usual

    before = _usual._OF_TENSORS, _usual._OF_THREADS
    with torch.inference_mode(), FakeTensorMode():
        assert _usual._usual_keys() == before
    assert importlib.import_module("dropout_fast.torch._usual") is _usual


def test_python_threads():
    results = {}

    def call(number):
        results[number] = [dropout(torch.ones(20_000), 0.5) for _ in range(20)]

    threads = [threading.Thread(target=call, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    masks = [tuple(torch.nonzero(out)[:64, 0].tolist()) for outs in results.values() for out in outs]
    assert len(set(masks)) == 80
