"""Ways to do dropout in a step of training, and what stands in its place for comparison: nothing, and copies."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

import dropout_fast
from dropout_fast import reference

from ..copies import copy_in_parallel
from .nets import Net

Array = npt.NDArray[Any]

WITHOUT, NUMPYS, PYTORCH = "without dropout", "NumPy's dropout", "PyTorch's layer"

#: The ways of `in_place_ways`.
WITHOUT_IN_PLACE, FUSED, DROPOUT_ALONE = "without dropout, in place", "fused, in place", "dropout alone, in place"

#: The copies that are yardsticks for a call of dropout.
COPIES = ("copy", "parallel copy")


class Way(NamedTuple):
    """Two functions, called in turn: `forward` gets the hidden layer and `backward` its gradient; each returns its result."""

    forward: Callable[[Array], Any]
    backward: Callable[[Array], Any]


class Results(NamedTuple):
    """For forward and backward, a function that tells from the input where the result goes; None stands for a new array."""

    forward: Callable[[Array], Array | None]
    backward: Callable[[Array], Array | None]


NEW = Results(lambda x: None, lambda dout: None)
IN_PLACE = Results(lambda x: x, lambda dout: dout)


def given(net: Net) -> Results:
    """Make arrays once, for all results of forward and backward."""
    out, dx = _empty(net), _empty(net)
    return Results(lambda x: out, lambda dout: dx)


def all_ways(net: Net, keep_prob: float) -> dict[str, Way]:
    """Make all ways to compare, except those of other libraries."""
    made = {WITHOUT: without(), NUMPYS: numpys(keep_prob)}
    for engine, way in (("engine numpy", drop_in), ("engine fast", fast)):
        for name, results in {engine: NEW, f"{engine}, out=": given(net), f"{engine}, in place": IN_PLACE}.items():
            made[name] = way(dropout_fast, keep_prob, results)
    return made | copies(net)


def has_fused(package: Any) -> bool:
    """Tell whether some commit's ``dropout_fast`` does bias, ReLU and dropout in one call."""
    return hasattr(package, "relu_dropout")


def in_place_ways(package: Any, keep_prob: float, bias: Array, bias_gradient: Array) -> dict[str, Way]:
    """Make the ways of `InPlaceStep`, which do bias and ReLU too. `DROPOUT_ALONE` does neither: it is a yardstick for the calls."""
    return {
        WITHOUT_IN_PLACE: without_in_place(bias, bias_gradient),
        FUSED: fused(package, keep_prob, bias, bias_gradient),
        DROPOUT_ALONE: fast(package, keep_prob, IN_PLACE),
    }


def has_pytorch() -> bool:
    """Tell whether PyTorch is installed."""
    return find_spec("torch") is not None


def beside_pytorch(net: Net, keep_prob: float) -> dict[str, Way]:
    """Make PyTorch's way and those that it is compared with."""
    return {NUMPYS: numpys(keep_prob), PYTORCH: pytorch(keep_prob), **copies(net)}


def without() -> Way:
    """Make the way that does nothing."""
    return Way(lambda x: x, lambda dout: dout)


def numpys(keep_prob: float) -> Way:
    """Make the way of plain NumPy code."""
    dropout_param, cache = {"p": keep_prob, "mode": "train"}, None

    def forward(x: Array) -> Any:
        nonlocal cache
        out, cache = reference.dropout_forward(x, dropout_param)
        return out

    return Way(forward, lambda dout: reference.dropout_backward(dout, cache))  # type: ignore[arg-type]  # forward comes first


def drop_in(package: Any, keep_prob: float, results: Results) -> Way:
    """Make engine numpy's way; `package` is some commit's ``dropout_fast``."""
    dropout_param, cache = {"p": keep_prob, "mode": "train"}, None

    def forward(x: Array) -> Any:
        nonlocal cache
        out, cache = package.dropout_forward(x, dropout_param, out=results.forward(x))
        return out

    return Way(forward, lambda dout: package.dropout_backward(dout, cache, out=results.backward(dout)))


def fast(package: Any, keep_prob: float, results: Results) -> Way:
    """Make engine fast's way; `package` is some commit's ``dropout_fast``."""
    mask: Any = None

    def forward(x: Array) -> Any:
        nonlocal mask
        out, mask = package.dropout(x, keep_prob=keep_prob, seed=0, out=results.forward(x))
        return out

    return Way(forward, lambda dout: mask.apply(dout, out=results.backward(dout)))


def without_in_place(bias: Array, bias_gradient: Array) -> Way:
    """Make the way of bias and ReLU in NumPy, in place."""
    hidden: Any = None

    def forward(product: Array) -> Any:
        nonlocal hidden
        hidden = product
        hidden += bias
        return np.maximum(hidden, 0, out=hidden)

    def backward(dout: Array) -> Array:
        dout *= hidden > 0
        dout.sum(axis=0, out=bias_gradient)
        return dout

    return Way(forward, backward)


def fused(package: Any, keep_prob: float, bias: Array, bias_gradient: Array) -> Way:
    """Make the way of bias, ReLU and dropout in one call; `package` is some commit's ``dropout_fast``."""
    mask: Any = None

    def forward(product: Array) -> Any:
        nonlocal mask
        out, mask = package.relu_dropout(product, bias, keep_prob=keep_prob, seed=0, out=product)
        return out

    return Way(forward, lambda dout: mask.apply(dout, out=dout, bias_gradient=bias_gradient))


def copies(net: Net) -> dict[str, Way]:
    """Make ways that copy the array, on one thread by NumPy and on all threads."""

    def of_numpy(target: Array) -> Callable[[Array], Array]:
        def call(x: Array) -> Array:
            np.copyto(target, x)
            return target

        return call

    def in_parallel(target: Array) -> Callable[[Array], Array]:
        words = _words(target)

        def call(x: Array) -> Array:
            copy_in_parallel(_words(x), words)
            return target

        return call

    makers = zip(COPIES, (of_numpy, in_parallel), strict=True)
    return {name: Way(make(_empty(net)), make(_empty(net))) for name, make in makers}


def pytorch(keep_prob: float) -> Way:
    """Make the way of PyTorch's layer, on the same memory. It has no backward without PyTorch's own record of the forward."""
    import torch

    def forward(x: Array) -> Any:
        return torch.nn.functional.dropout(torch.from_numpy(x), 1.0 - keep_prob).numpy()

    return Way(forward, lambda dout: dout)


def _words(x: Array) -> Array:
    """Look at the memory as the words for which the parallel copy is compiled, whatever the dtype."""
    return x.reshape(-1).view(np.uint32)


def _empty(net: Net) -> Array:
    return np.empty((net.batch, net.hidden), net.dtype)
