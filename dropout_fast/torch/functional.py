"""`dropout`: PyTorch's function of that name, by our kernels."""

import torch
from torch import Tensor

from . import _compiled
from ._autograd import is_dense, multiply
from ._masks import Redrawn, draw_seed
from ._usual import is_usual, wants_gradient

#: Elements up to which PyTorch's own function is as fast.
SMALL = 4096


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero each element with probability `p`, the probability of DROPPING, and scale the others by 1 / (1 - p).

    >>> import torch
    >>> from dropout_fast.torch import dropout
    >>> _ = torch.manual_seed(1)
    >>> x = torch.ones(10000, requires_grad=True)
    >>> out = dropout(x, p=0.2)
    >>> out.unique()
    tensor([0.0000, 1.2500], grad_fn=<Unique2Backward0>)
    >>> out.sum().backward()
    >>> bool((x.grad == out).all())
    True

    Parameters
    ----------
    input : Tensor, any shape
        float32, float64, float16 and bfloat16 in the CPU's memory take our kernels.
    p : float, 0 to 1
        Probability of dropping an element.
    training : bool
        False: `input` itself is returned.
    inplace : bool
        True: the result is written to `input`.

    Returns
    -------
    Tensor
        `input` itself where `inplace`, or where nothing is dropped; otherwise a new one, of the layout that
        `torch.nn.functional.dropout` gives.

    Raises
    ------
    ValueError
        `p` is outside [0, 1].
    RuntimeError
        As `torch.nn.functional.dropout`: for a leaf that requires a gradient in place, say.

    Notes
    -----
    A seed of 63 bits for each call comes from PyTorch's generator of the CPU, so `torch.manual_seed`, `torch.random.fork_rng`
    and `torch.utils.checkpoint` have their usual effect. The mask is a function of that seed, of `p`, and of where an element lies
    in memory; threads do not matter. The backward draws it again, so nothing is saved for it. Dropped elements are +0 whatever
    `input` holds; in PyTorch nan * 0 is nan.

    PyTorch's own function is called for tensors of up to 4,096 elements, where it is as fast; for other devices, layouts and
    dtypes; for subclasses of Tensor; and under the transforms of `torch.func`, tracing, and modes. Under `torch.compile` the
    operator ``dropout_fast::dropout`` does the same. Masks of PyTorch's function, and of the operator where a tensor is not
    contiguous, are others.
    """
    # Dynamo takes this branch alone.
    if torch.compiler.is_compiling():
        return _compiled.dropout(input, p, training, inplace)
    if training and isinstance(p, float) and 0.0 < p < 1.0 and is_usual(input) and input.numel() > SMALL:
        if not inplace:
            return multiply(input, Redrawn(draw_seed(), 1.0 - p))
        if not refuses_in_place(input) and is_dense(input):
            return multiply(input, Redrawn(draw_seed(), 1.0 - p), in_place=True)
    return by_pytorch(input, p, training, inplace)


def by_pytorch(input: Tensor, p: float, training: bool, inplace: bool) -> Tensor:
    """PyTorch's own function."""
    check_probability(p)
    found: Tensor = torch.nn.functional.dropout(input, p, training, inplace)
    return found


def check_probability(p: float) -> None:
    """Raise ValueError unless `p` is a probability; what is no number is PyTorch's to judge."""
    if isinstance(p, (int, float)) and not 0.0 <= p <= 1.0:
        raise ValueError(f"`p` is {p}; expected a number in [0, 1], the probability of dropping.")


def refuses_in_place(input: Tensor) -> bool:
    """Whether PyTorch has rules of its own for writing to it: leaves and views that want a gradient, and inference tensors."""
    if input.is_inference():
        return not torch.is_inference_mode_enabled()
    return wants_gradient(input) and (not input.requires_grad or input.is_leaf or input._is_view())
