"""NumPy's MT19937, the legacy global generator: the keep bits of ``np.random.rand(*shape) < p``, and of other forms."""

import math

import numpy as np

from ..kernels.passes import mt19937
from ..kernels.rng.jump_polynomials import Jumps, jumps_over
from ..kernels.rng.mt19937 import DRAWS_PER_BLOCK
from ..kernels.rng.mt19937_jump import jump_address
from ..kernels.rng.mt19937_keep_bits import draw_bits as draw_bits_by_kernel
from .base import Bits, Stream, draw_under_lock

#: The bit generator, and the parts of a `thresholds.Comparison`.
Mt19937Key = tuple[np.random.MT19937, int, float, bool]

#: A stride's draws are a multiple of the bits in a word, so that no two threads write to one word of bits.
BLOCKS_AT_A_TIME = 8

#: Blocks that a thread draws and scales in the time of one jump: 45 us, where a block takes 0.09 us (2 cores of an AMD EPYC
#: virtual machine).
BLOCKS_PER_JUMP = 480

#: Strides are rounded up to this many binary places, so that fewer polynomials are needed: those of a new stride take 6 to
#: 13 ms on two threads, 50 to 60 on sixteen, once a process.
PLACES = 5

_empty, _UINT8 = np.empty, np.dtype(np.uint8)  # looked up once: 0.1 us a call


def arguments(key: Mt19937Key) -> tuple[int, int]:
    """Address of the generator's state, and the threshold."""
    return key[0].ctypes.state_address, key[1]


def empty_bits(key: Mt19937Key | None, size: int) -> Bits:
    """An array for that many bits, in words of 64, which the kernels write as a whole; of any key."""
    return _empty((size + 63) // 64 * 8 or 8, _UINT8)


def draw_bits(key: Mt19937Key, shape: tuple[int, ...]) -> Bits:
    """Draw the keep bits alone; NumPy's state is then what ``np.random.rand(*shape)`` would leave."""
    size = math.prod(shape)
    bits = empty_bits(key, size)
    draw_under_lock(key[0], draw_bits_by_kernel, *arguments(key), size, bits)
    return bits


def shares(size: int, threads: int) -> tuple[int, int, Jumps, int]:
    """Share the draws of an array out among threads.

    Returns
    -------
    first, stride : int
        Draws that the first thread makes, and that each other makes: whole blocks.
    jumps : ndarray of uint16
        The jumps of the other threads: see `jump_polynomials.jumps_over`.
    jump_address : int
        The function that jumps; 0 where there are no other threads.
    """
    first, stride, others = shares_in_blocks(size, threads)
    address = jump_address() if others else 0
    return first * DRAWS_PER_BLOCK, stride * DRAWS_PER_BLOCK, jumps_over(first, stride, others), address


def shares_in_blocks(size: int, threads: int) -> tuple[int, int, int]:
    """Blocks that the first thread draws and that each other draws, and the number of others.

    The first thread draws more, because it does not jump. A thread is left out if its share would take less than half the
    time of a jump: it would gain little, and a jump takes 335 KB.
    """
    blocks = -(-size // DRAWS_PER_BLOCK)
    stride = _rounded_up(max(1, BLOCKS_PER_JUMP // 2, -(-(blocks - BLOCKS_PER_JUMP) // threads)))
    first = stride + BLOCKS_PER_JUMP
    return first, stride, max(0, -(-(blocks - first) // stride))


def _rounded_up(blocks: int) -> int:
    unit = max(BLOCKS_AT_A_TIME, 1 << blocks.bit_length() >> PLACES)
    return -(-blocks // unit) * unit


MT19937 = Stream(
    name="mt19937",
    is_repeatable=False,
    draw_bits=draw_bits,
    drawing_pass=mt19937.mt19937,
    positive_pass=mt19937.mt19937_positive,
    arguments=arguments,
    shares=shares,
    empty_bits=empty_bits,
    locks_generator=True,
)
