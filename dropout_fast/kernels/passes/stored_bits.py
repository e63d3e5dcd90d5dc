"""The pass that applies an epilogue by keep bits in memory: every backward."""

import numba

from ..elementwise import apply_range
from ..shares import bounds, chunks_of
from ..simd.memory import call_compiled


def stored_bits(epilogue, write, publish):
    """Make the serial function of this pass, and the one that runs it in parallel."""

    def serial(shift, x, bits, operands, out):
        """Apply the epilogue.

        Parameters
        ----------
        shift : int
            Position of the first element's keep bit.
        x, out : ndarray, 1-d, C-contiguous, of one dtype
            May be the same array. float16 comes as its bits in int16, bfloat16 as its bits in uint16.
        bits : ndarray of uint8, four bytes or more
            Keep bit of element i at bit ``i + shift``, counted from the lowest of ``bits[0]``.
        operands : float
            What kept elements are multiplied by.
        """
        apply_range(epilogue, write, x, bits, shift, operands, out, 0, x.size)
        publish()

    return serial, stored_bits_in_parallel


def stored_bits_in_parallel(serial, shift, x, bits, operands, out, threads):
    """Call the serial kernel at the address `serial` on the stretch of each of so many threads."""
    shares = min(threads, chunks_of(x.size, 0))
    for share in numba.prange(shares):
        begin, end = bounds(share, shares, x.size, 0)
        call_compiled(serial, (shift + begin, x[begin:end], bits, operands, out[begin:end]))
