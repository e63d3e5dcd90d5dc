"""The pass that applies an epilogue by keep bits that elements share: every forward and backward of a mask with a noise shape."""

import numba
import numpy as np

from .. import interpreted
from ..bit_runs import expand_bits, period_at
from ..elementwise import apply_group, apply_part
from ..options import helper, interpreted_as
from ..shares import bounds, chunks_of
from ..simd.memory import elements_to_alignment, stack_array, uncounted
from ..simd.vectors import GROUP, LANES

#: Elements whose bits are put together at a time, on the stack.
PIECE = 4096

#: Bytes of that buffer: `apply_group` reads bits past those that it needs.
BUFFER = PIECE // 8 + 8


def broadcast_bits(epilogue, write, publish):
    """Make the serial and the parallel function of this pass."""

    def serial(shift, levels, x, bits, operands, out):
        """Apply the epilogue.

        Parameters
        ----------
        shift : int
            Position of the first keep bit.
        levels : ndarray of int64, 2-d
            Which elements share which bits: see `bit_runs`.
        x, out : ndarray, 1-d, C-contiguous, of one dtype
            May be the same array. float16 comes as its bits in int16, bfloat16 as its bits in uint16.
        bits : ndarray of uint8, eight bytes or more
            One keep bit for each element of the noise shape.
        operands : float
            What kept elements are multiplied by.
        """
        apply_runs(epilogue, write, levels, x, bits, shift, operands, out, 0, x.size)

    def parallel(shift, levels, x, bits, operands, out, threads):
        """As `serial`, on that number of threads."""
        shares = min(threads, chunks_of(x.size, 0))
        for share in numba.prange(shares):
            start, stop = bounds(share, shares, x.size, 0)
            apply_runs(epilogue, write, levels, x, bits, shift, operands, out, start, stop)
            publish()

    return serial, parallel


@interpreted_as(interpreted.apply_runs)
@helper
def apply_runs(epilogue, write, levels, x, bits, shift, operands, out, start, stop):
    """Apply the epilogue to the elements from `start` to `stop`, whose bits are first put together in a buffer."""
    levels, bits, buffer = uncounted(levels), uncounted(bits), stack_array(np.uint8, BUFFER)
    i = base = limit = valid = start
    period = 0
    while i < stop:
        if 0 < period and i + GROUP <= valid:
            base += (i - base) // period * period
            limit = min(base + PIECE, valid)
        else:
            base, limit = i, min(i + PIECE, stop)
            expand_bits(levels, bits, shift, buffer, base, limit)
            period, valid = period_at(levels, i)
            valid = min(valid, stop)
            if 2 * period > PIECE or valid <= limit:
                period = 0
        head = min(elements_to_alignment(out, i), limit - i)
        apply_part(epilogue, x, buffer, -base, operands, out, i, head)
        i += head
        while i + GROUP <= limit:
            apply_group(epilogue, write, x, buffer, -base, operands, out, i)
            i += GROUP
        while limit == stop and i < stop:
            apply_part(epilogue, x, buffer, -base, operands, out, i, min(stop - i, LANES))
            i += LANES
