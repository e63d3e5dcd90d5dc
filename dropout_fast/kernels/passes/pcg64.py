"""The drawing passes of PCG64 and PCG64DXSM: draw sixteen keep bits at a time, and apply an epilogue while they are in registers.

Each thread takes a stretch of whole words of bits, and jumps to its first draw. The bits do not depend on the number of threads.
"""

import numba
import numpy as np

from ..elementwise import apply_group_by_registers, apply_rest_by_registers, apply_vector_by_register
from ..factory import make_kernel
from ..options import helper
from ..rng.mt19937_keep_bits import store_group_bits
from ..rng.pcg64 import FILLED, PCG64, PCG64DXSM, STATE_WORDS, Generator, comparison_of, keep, lanes_at, state_at
from ..shares import bounds, chunks_of
from ..simd.memory import address_of, call_compiled, elements_to_alignment, stack_array
from ..simd.vectors import GROUP, LANES, to_bits, word_of
from .mt19937 import shifted_in


def pcg64(epilogue, write, publish):
    """Make the serial function for PCG64, and the one that runs it in parallel."""
    return _make_serial(PCG64, epilogue, write, publish), pcg64_in_parallel


def pcg64dxsm(epilogue, write, publish):
    """Make the serial function for PCG64DXSM, and the one that runs it in parallel."""
    return _make_serial(PCG64DXSM, epilogue, write, publish), pcg64dxsm_in_parallel


def _make_serial(generator: Generator, epilogue, write, publish):
    draw_and_apply, advance = _make_draw_and_apply(generator), generator.advance

    def serial(state_address, threshold, x, bits, operands, out):
        """Draw keep bits, apply the epilogue, and advance NumPy's state.

        Parameters
        ----------
        state_address : int
            Address of NumPy's ``{{uint128 state, increment} *; int has_uint32; uint32 uinteger}``, whose lock the caller holds.
        threshold : int
            Which draws keep their elements: see `comparison_of`.
        x, out : ndarray, 1-d, C-contiguous, of one dtype
            May be the same array.
        bits : ndarray of uint8
            Written, in words of eight bytes: bit ``i % 8`` of ``bits[i // 8]`` is element i's.
        operands : float
            What the epilogue takes: see `epilogues`.
        """
        words = state_at(state_address)
        state, increment = (words[0], words[1]), (words[2], words[3])
        draw_and_apply(epilogue, write, state, increment, threshold, x, bits, operands, out)
        words[0], words[1] = advance(state, increment, x.size)
        publish()

    return serial


def _make_parallel(generator: Generator, name: str):
    advance = generator.advance

    def parallel(serial, state_address, threshold, x, bits, operands, out, threads):
        """Call the serial kernel at an address on the stretch of each thread, with a state of its own; the last becomes NumPy's."""
        words = state_at(state_address)
        state, increment = (words[0], words[1]), (words[2], words[3])
        shares = min(threads, chunks_of(x.size, 0))
        for share in numba.prange(shares):
            begin, end = bounds(share, shares, x.size, 0)
            own_state = np.empty(1 + STATE_WORDS, np.uint64)
            own_state[0] = address_of(own_state, 1)
            own_state[1], own_state[2] = advance(state, increment, begin)
            own_state[3], own_state[4] = increment
            arguments = (address_of(own_state, 0), threshold, x[begin:end], bits[begin // 8 :], operands, out[begin:end])
            call_compiled(serial, arguments)
            if end == x.size:
                words[0], words[1] = own_state[1], own_state[2]

    parallel.__name__ = name
    return parallel


pcg64_in_parallel = _make_parallel(PCG64, "pcg64_in_parallel")
pcg64dxsm_in_parallel = _make_parallel(PCG64DXSM, "pcg64dxsm_in_parallel")


def _make_draw_and_apply(generator: Generator):
    _, fill, start, next_lanes, output = generator
    draw_group = _make_draw_group(next_lanes, output)

    @helper
    def draw_and_apply(epilogue, write, state, increment, threshold, x, bits, operands, out):
        """Draw bits and apply the epilogue to all of x; `state` is that before the first draw.

        Groups are aligned to the vectors of `out`; the elements before the first have draws of their own. Words of bits are
        aligned to x, so each is made of two groups' bits.
        """
        lows, highs, addends = stack_array(np.uint64, FILLED), stack_array(np.uint64, FILLED), start(increment)
        comparison = comparison_of(threshold)
        fill(state, increment, lows, highs)
        unaligned, end = elements_to_alignment(out, 0), x.size
        kept = keep(output(lanes_at(lows, highs, 0)), comparison)
        apply_vector_by_register(epilogue, x, kept, operands, out, 0, min(unaligned, end))
        previous = np.uint64(to_bits(kept)) << np.uint64(1) << np.uint64(GROUP - 1 - unaligned)
        lanes, done = (lanes_at(lows, highs, unaligned), lanes_at(lows, highs, unaligned + LANES)), np.intp(0)
        while done + unaligned + GROUP <= end:
            group, lanes = draw_group(lanes, addends, comparison)
            word = word_of(group)
            store_group_bits(bits, done, GROUP, shifted_in(previous, word, unaligned))
            apply_group_by_registers(epilogue, write, x, group, operands, out, done + unaligned)
            previous, done = word, done + GROUP
        while done < end:  # once or twice
            group, lanes = draw_group(lanes, addends, comparison)
            word, i = word_of(group), done + unaligned
            store_group_bits(bits, done, min(GROUP, end - done), shifted_in(previous, word, unaligned))
            apply_rest_by_registers(epilogue, x, group, operands, out, i, end - i)
            previous, done = word, done + GROUP

    return draw_and_apply


def _make_draw_group(next_lanes, output):
    @helper
    def draw_group(lanes, addends, comparison):
        """Make the next 64 draws; returns their keep bits as four vectors of booleans, and the lanes of the following draws."""
        near, far = lanes
        first, second = keep(output(near), comparison), keep(output(far), comparison)
        near, far = next_lanes(near, addends), next_lanes(far, addends)
        third, fourth = keep(output(near), comparison), keep(output(far), comparison)
        return (first, second, third, fourth), (next_lanes(near, addends), next_lanes(far, addends))

    return draw_group


def _make_draw_bits(generator: Generator):
    advance, fill, start, next_lanes, output = generator
    draw_group = _make_draw_group(next_lanes, output)

    def draw_bits(state_address, threshold, count, bits):
        """Draw ``count`` keep bits alone, and advance the state; arguments as for the passes."""
        words = state_at(state_address)
        state, increment = (words[0], words[1]), (words[2], words[3])
        lows, highs, addends = stack_array(np.uint64, FILLED), stack_array(np.uint64, FILLED), start(increment)
        comparison = comparison_of(threshold)
        fill(state, increment, lows, highs)
        lanes = lanes_at(lows, highs, 0), lanes_at(lows, highs, LANES)
        for done in range(0, count, GROUP):
            group, lanes = draw_group(lanes, addends, comparison)
            store_group_bits(bits, done, min(GROUP, count - done), word_of(group))
        words[0], words[1] = advance(state, increment, count)

    return draw_bits


draw_bits_of_pcg64 = make_kernel(_make_draw_bits(PCG64), "pcg64_draw_bits")
draw_bits_of_pcg64dxsm = make_kernel(_make_draw_bits(PCG64DXSM), "pcg64dxsm_draw_bits")
