"""How threads share an array: each takes a stretch of whole chunks of the counter stream."""

import numpy as np
from numba import types
from numba.extending import overload

from .bernoulli import CHUNK
from .options import tiny_helper
from .periodic import remainder


@tiny_helper
def bounds(share, shares, size, offset):
    """Absolute indices where a share starts and stops: between chunks, so that no two threads need the same chunk.

    Each thread takes one share. With several, the kernels alone took 2 to 6 % longer at 1 Mi, because each share begins with
    two blocks that are drawn while nothing is scaled. Kernels take the number of threads as an argument, because Numba
    cannot cache a kernel that asks for it.
    """
    chunks, first = chunks_of(size, offset), offset // CHUNK
    start = (first + np.intp(share) * chunks // shares) * CHUNK
    stop = (first + (np.intp(share) + 1) * chunks // shares) * CHUNK
    return max(offset, start), min(offset + size, stop)


@tiny_helper
def chunks_of(size, offset):
    """Number of chunks that hold an element of an array whose first element has absolute index `offset`."""
    return (offset + size + CHUNK - 1) // CHUNK - offset // CHUNK


def operands_of_share(operands, begin, end):
    """What the epilogue takes for the elements from `begin` to `end`."""
    raise NotImplementedError("for compiled functions")


@overload(operands_of_share, inline="always")
def _operands_of_share(operands, begin, end):
    def from_begin(operands, begin, end):
        scale, bias, period, reciprocal, residual = operands
        first = remainder(begin, period, reciprocal)
        return scale, bias[first:], period, reciprocal, residual[begin:end]

    return from_begin if isinstance(operands, types.BaseTuple) else lambda operands, begin, end: operands
