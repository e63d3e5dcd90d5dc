"""Masks of tensors: what is multiplied by, drawn by the kernels into the tensors' own memory.

A mask is drawn from a seed, and drawn again for the backward: nothing is kept between them but the seed. Elements are counted in
the order in which they lie in memory, so layouts such as channels_last take no copy.
"""

import threading
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from .. import _launch
from .._dispatch import NO_BITS, VIEWS, kernels_for
from ..kernels.epilogues import scale_or_zero
from ..kernels.passes.counter import counter
from ..kernels.passes.stored_bits import stored_bits
from ..streams.base import Bits, threads_alone
from ._usual import NAMES

#: As what NumPy sees the half formats, by way of an integer of PyTorch's.
_VIEWS = {dtype: np.dtype(VIEWS[name]) for dtype, name in NAMES.items() if name in VIEWS}


class _Seeds(threading.local):
    """A tensor of one integer for each thread, and its memory as an array: what is drawn into one is read from the other."""

    def __init__(self) -> None:
        with torch.inference_mode(False):
            number = torch.empty((), dtype=torch.int64, device="cpu")
        self.draw, self.read = number.random_, number.numpy().item


_seeds = _Seeds()


def draw_seed() -> int:
    """63 bits from PyTorch's generator of the CPU (1.2 us; a new tensor would take 7)."""
    _seeds.draw()
    return _seeds.read()


class Redrawn(NamedTuple):
    """A mask that is drawn from a seed whenever it is needed."""

    seed: int
    keep_prob: float

    def multiply(self, x: Tensor, out: Tensor) -> None:
        """Write the product with x, where x and `out` are usual tensors of one dtype and one dense layout, or the same."""
        flat, flat_out = both_flat(x, out)
        self.multiply_flat(NAMES[x.dtype], flat, flat_out)

    def multiply_flat(self, dtype: str, flat: npt.NDArray[Any], flat_out: npt.NDArray[Any]) -> None:
        """The same for arrays as the kernels take them."""
        keep_prob = self.keep_prob
        arguments = (self.seed, 0, 0, keep_prob, flat, NO_BITS, 1.0 / keep_prob, flat_out)
        run(kernels_for(counter, scale_or_zero, dtype), arguments, flat, flat_out is flat)


class Stored(NamedTuple):
    """A mask of which a bit for each element is stored."""

    bits: Bits
    keep_prob: float

    def multiply(self, x: Tensor, out: Tensor) -> None:
        """As `Redrawn.multiply`."""
        flat, flat_out = both_flat(x, out)
        self.multiply_flat(NAMES[x.dtype], flat, flat_out)

    def multiply_flat(self, dtype: str, flat: npt.NDArray[Any], flat_out: npt.NDArray[Any]) -> None:
        """As `Redrawn.multiply_flat`."""
        arguments = (0, flat, self.bits, 1.0 / self.keep_prob, flat_out)
        run(kernels_for(stored_bits, scale_or_zero, dtype), arguments, flat, flat_out is flat)


Mask = Redrawn | Stored


def run(kernels: Any, arguments: tuple[Any, ...], flat: npt.NDArray[Any], in_place: bool) -> None:
    """Call a kernel on no more threads than PyTorch would."""
    _launch.run(kernels, arguments, threads_alone, flat, in_place, torch.get_num_threads())


def both_flat(x: Tensor, out: Tensor) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """`flat_view` of x and of `out`, once where they are the same."""
    flat = flat_view(x)
    return flat, flat if out is x else flat_view(out)


def flat_view(tensor: Tensor) -> npt.NDArray[Any]:
    """The memory of a dense tensor as the kernels take it: one-dimensional, in the order of its addresses."""
    view = _VIEWS.get(tensor.dtype)
    if tensor.requires_grad:
        tensor = tensor.detach()
    if not tensor.is_contiguous():
        tensor = tensor.as_strided((tensor.numel(),), (1,))
    if view is None:
        array: npt.NDArray[Any] = tensor.numpy()
    else:
        array = tensor.view(torch.int16).numpy().view(view)
    return array if array.ndim == 1 else array.ravel()


def values(mask: Mask, like: Tensor, strides: tuple[int, ...]) -> Tensor:
    """The mask as a tensor: what the kernels multiply by, in float32 for the half formats.

    Made without any operation of PyTorch's that a transform could see, because it is for tensors that are not usual.
    """
    dtype = "float64" if like.dtype == torch.float64 else "float32"
    flat = np.ones(like.numel(), dtype)
    mask.multiply_flat(dtype, flat, flat)
    return torch.from_numpy(flat).as_strided(like.shape, strides)
