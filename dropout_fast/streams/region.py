"""The counter stream's bits of a block of a larger array: each element has the bit that it has in the whole array."""

import functools
import math
from typing import NamedTuple, cast

import numpy as np
import numpy.typing as npt

from .. import _launch
from ..kernels.bernoulli import BLOCK, CHUNK
from ..kernels.bit_runs import bit_strides, levels_of
from ..kernels.passes import region
from .base import Bits, Key, Stream, threads_alone
from .counter import COUNTER, arguments
from .mt19937 import empty_bits


class Region(NamedTuple):
    """A block of a larger array.

    Attributes
    ----------
    shape : tuple of int
        Of the larger array.
    bounds : tuple of (int, int)
        Where the block starts and stops along each axis.
    noise_shape : tuple of int or None
        Of what is drawn for the larger array, where elements share bits: along each axis 1 or its length.
    """

    shape: tuple[int, ...]
    bounds: tuple[tuple[int, int], ...]
    noise_shape: tuple[int, ...] | None

    def block_shape(self) -> tuple[int, ...]:
        """Shape of the block."""
        return tuple(stop - start for start, stop in self.bounds)

    def drawn_shape(self) -> tuple[int, ...]:
        """Shape of what is drawn for the block."""
        lengths = self.block_shape()
        if self.noise_shape is None:
            return lengths
        return tuple(1 if drawn == 1 else length for drawn, length in zip(self.noise_shape, lengths, strict=True))


#: Seed, step, 0 in the place of the offset, keep_prob, region.
RegionKey = tuple[int, int, int, float, Region]


def draw_bits(key: RegionKey, shape: tuple[int, ...]) -> Bits:
    """Draw the keep bits alone; `shape` is that of what is drawn."""
    size = math.prod(shape)
    bits = empty_bits(None, size)
    if size:
        place = _place(key[4])
        seed, step, _, keep_prob = arguments(key[:4])
        drawn = (seed, step, place.origin, keep_prob, place.levels, 0, size, bits)
        _launch.run(region.draw_bits, drawn, threads_alone, place, False)
    return bits


class _Place(NamedTuple):
    """Where a region's bits are drawn.

    Attributes
    ----------
    origin : int
        Index of the first element that is drawn.
    levels : ndarray of int64
        Of all: see `kernels.bit_runs`.
    size : int
        How many are drawn.
    nbytes : int
        Of an array whose usual dropout takes about as long: the launcher goes by it.
    """

    origin: int
    levels: npt.NDArray[np.int64]
    size: int
    nbytes: int


#: A row of a region takes about as long, and a block that is drawn or passed over, as so many bytes in the usual dropout.
BYTES_ALIKE = 128


@functools.lru_cache(maxsize=256)
def _place(region: Region) -> _Place:
    drawn_shape, strides = region.drawn_shape(), bit_strides(region.noise_shape or region.shape)
    origin = sum(start * stride for (start, _), stride in zip(region.bounds, strides, strict=True))
    levels, size = levels_of(drawn_shape, strides), math.prod(drawn_shape)
    length, apart = int(levels[0, 0]), int(levels[1, 1])
    rows = size // length
    blocks = rows * (length + min(max(apart - length, 0), CHUNK)) // BLOCK
    return _Place(origin, levels, size, BYTES_ALIKE * (rows + blocks))


REGION = Stream(name="region of the counter stream", is_repeatable=True, draw_bits=draw_bits, locks_generator=False)


def stream_of_key(key: Key) -> Stream:
    """The stream that a mask's key belongs to."""
    return COUNTER if len(key) == 4 else REGION


def region_of_key(key: Key | None) -> Region | None:
    """The region in a mask's key, if there is one."""
    return None if key is None or len(key) == 4 else cast("Region", key[4])
