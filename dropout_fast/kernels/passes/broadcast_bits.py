"""The pass that applies an epilogue by keep bits that elements share: every forward and backward of a mask with a noise shape."""

import numba
import numpy as np

from .. import interpreted
from ..bit_runs import VECTOR_BYTES, expand_bits, period_at
from ..elementwise import apply_group, apply_part
from ..options import helper, interpreted_as
from ..shares import bounds, chunks_of
from ..simd.memory import call_compiled, elements_to_alignment, stack_array, uncounted
from ..simd.vectors import GROUP, LANES

#: Elements whose bits are put together at a time, on the stack.
PIECE = 8192

#: Bytes of that buffer: `expand_bits` writes past them.
BUFFER = PIECE // 8 + VECTOR_BYTES


def broadcast_bits(epilogue, write, publish):
    """Make the serial function of this pass, and the one that runs it in parallel."""

    def serial(shift, first, levels, x, bits, operands, out):
        """Apply the epilogue.

        Parameters
        ----------
        shift : int
            Position of the first keep bit.
        first : int
            Index of ``x[0]`` in the array whose elements share bits.
        levels : ndarray of int64, 2-d
            Which elements share which bits: see `bit_runs`.
        x, out : ndarray, 1-d, C-contiguous, of one dtype
            May be the same array. float16 comes as its bits in int16, bfloat16 as its bits in uint16.
        bits : ndarray of uint8, eight bytes or more
            One keep bit for each element of the noise shape.
        operands : float
            What kept elements are multiplied by.
        """
        apply_runs(epilogue, write, levels, first, x, bits, shift, operands, out)
        publish()

    return serial, broadcast_bits_in_parallel


def broadcast_bits_in_parallel(serial, shift, first, levels, x, bits, operands, out, threads):
    """Call the serial kernel at the address `serial` on the stretch of each of so many threads."""
    shares = min(threads, chunks_of(x.size, 0))
    for share in numba.prange(shares):
        begin, end = bounds(share, shares, x.size, 0)
        call_compiled(serial, (shift, first + begin, levels, x[begin:end], bits, operands, out[begin:end]))


@interpreted_as(interpreted.apply_runs)
@helper
def apply_runs(epilogue, write, levels, first, x, bits, shift, operands, out):
    """Apply the epilogue to all of x, whose bits are first put together in a buffer; `i` counts as the levels do."""
    levels, bits, buffer = uncounted(levels), uncounted(bits), stack_array(np.uint8, BUFFER)
    i = base = limit = valid = first
    stop, period, repeat = first + x.size, 0, 0
    while i < stop:
        if 0 < period and i + GROUP <= valid:
            base += repeat
            limit = min(base + PIECE, valid)
        else:
            base, limit = i, min(i + PIECE, stop)
            expand_bits(levels, bits, shift, buffer, base, limit)
            period, valid = period_at(levels, i)
            valid = min(valid, stop)
            if 2 * period > PIECE or valid <= limit:
                period = 0
            else:
                repeat = (PIECE - GROUP) // period * period
        head = min(elements_to_alignment(out, i - first), limit - i)
        if head > 0:  # masked stores take long even where no lane is written: 5 % of 1 Mi
            apply_part(epilogue, x, buffer, first - base, operands, out, i - first, head)
            i += head
        while i + GROUP <= limit:
            apply_group(epilogue, write, x, buffer, first - base, operands, out, i - first)
            i += GROUP
        while limit == stop and i < stop:
            apply_part(epilogue, x, buffer, first - base, operands, out, i - first, min(stop - i, LANES))
            i += LANES
