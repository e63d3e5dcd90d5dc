"""Keep bits of ``rng.random(count, dtype=np.float32) < limit`` for PCG64 and PCG64DXSM: two draws of 24 bits from each output.

An output's lower half is drawn first; the upper half waits in NumPy's state for the next draw of 32 bits.
"""

import math

import numba
import numpy as np

from ..factory import make_kernel
from ..options import helper, tiny_helper
from ..simd.memory import pointer_to_uint64, stack_array, store
from ..simd.vectors import GROUP, LANES, to_bits
from .mt19937_keep_bits import store_group_bits
from .next_double import FLOAT32_DRAWS
from .pcg64 import FILLED, PCG64, PCG64DXSM, Generator, lanes_at, state_at

#: From the upper 24 bits of a half to a word of 64.
UNUSED_BITS = np.uint64(40)

HALF = np.uint64(32)


def _make_draw_bits(generator: Generator):
    advance, fill, start, next_lanes, output = generator

    @helper
    def draw_word(lanes, addends, greatest):
        """The next 64 draws, from two vectors of outputs: which are up to the greatest."""
        near, far = lanes
        word = _interleaved(output(near), greatest) | _interleaved(output(far), greatest) << HALF
        return word, (next_lanes(near, addends), next_lanes(far, addends))

    @helper
    def last_output(state, increment, count, lows, highs):
        """The last of `count` outputs from a state; at least one."""
        fill(advance(state, increment, count - 1), increment, lows, highs)
        store(lows, 0, output(lanes_at(lows, highs, 0)))
        return lows[0]

    def draw_bits(state_address, limit, keeps_upper, count, bits):
        """Draw ``count`` keep bits, and advance the state; arguments as for `next_double.draw_bits`."""
        if count == 0:
            return
        words, pending = state_at(state_address), numba.carray(pointer_to_uint64(state_address), 2)
        state, increment = (words[0], words[1]), (words[2], words[3])
        below = np.uint64(min(math.ceil(limit * FLOAT32_DRAWS), FLOAT32_DRAWS))
        greatest = (below << UNUSED_BITS) - np.uint64(1)  # all are up to it where none is below
        turned = np.uint64(0) - np.uint64(keeps_upper != (below == 0))
        lows, highs, addends = stack_array(np.uint64, FILLED), stack_array(np.uint64, FILLED), start(increment)
        fill(state, increment, lows, highs)
        lanes = lanes_at(lows, highs, 0), lanes_at(lows, highs, LANES)
        # NumPy's {pointer; int has_uint32; uint32 uinteger}: the flag is the lower half of the second word.
        waiting = np.intp(pending[1] & np.uint64(1))
        carried = np.uint64(waiting) & np.uint64((pending[1] >> HALF << HALF) <= greatest)
        for done in range(0, count, GROUP):
            word, lanes = draw_word(lanes, addends, greatest)
            store_group_bits(bits, done, min(GROUP, count - done), (word << np.uint64(waiting) | carried) ^ turned)
            carried = word >> np.uint64(GROUP - 1) & np.uint64(waiting)
        drawn = count - waiting
        if drawn == 0:
            pending[1] = pending[1] >> HALF << HALF
        else:
            outputs = (drawn + 1) // 2
            pending[1] = last_output(state, increment, outputs, lows, highs) >> HALF << HALF | np.uint64(drawn % 2)
            words[0], words[1] = advance(state, increment, outputs)

    return draw_bits


@tiny_helper
def _interleaved(outputs, greatest):
    """Of sixteen outputs, which halves are up to the greatest: 32 bits, that of a lower half before that of its upper."""
    return _spread(to_bits(outputs << HALF <= greatest)) | _spread(to_bits(outputs <= greatest)) << np.uint64(1)


@tiny_helper
def _spread(bits):
    """Sixteen bits, each moved to twice its place."""
    word = np.uint64(bits)
    word = (word | word << np.uint64(8)) & np.uint64(0x00FF00FF)
    word = (word | word << np.uint64(4)) & np.uint64(0x0F0F0F0F)
    word = (word | word << np.uint64(2)) & np.uint64(0x33333333)
    return (word | word << np.uint64(1)) & np.uint64(0x55555555)


draw_bits_of_pcg64 = make_kernel(_make_draw_bits(PCG64), "pcg64_float32_draw_bits")
draw_bits_of_pcg64dxsm = make_kernel(_make_draw_bits(PCG64DXSM), "pcg64dxsm_float32_draw_bits")
