"""Apply an epilogue to a stretch of x, by keep bits in memory or in registers: whole groups of 64 elements, then the rest.

A group's vectors are all loaded before the first is written. A processor tells loads from earlier stores by the lower bits of
their addresses: in turn, 1 Mi elements took 27 % longer where `out` lay 64 bytes behind `x`, modulo 4 KiB, and 1 to 3 %
longer elsewhere.

The functions for groups and parts return the vectors that they wrote, for passes that note bits of them (`notes`).
"""

import numpy as np

from . import interpreted
from .notes import NONE_PENDING, note_nothing
from .options import helper, interpreted_as
from .simd.memory import (
    elements_to_alignment,
    first_lanes,
    load,
    load_bits,
    load_bits_within,
    load_masked,
    store_masked,
)
from .simd.vectors import GROUP, LANES, all_lanes

#: Where in a group its vectors start, and its length. Numba compiles a helper anew for each literal; these are of one type.
FIRST, SECOND, THIRD, FOURTH, WHOLE = (np.intp(lane) for lane in range(0, GROUP + 1, LANES))


@interpreted_as(interpreted.apply_range)
@helper
def apply_range(epilogue, write, x, bits, shift, operands, out, start, stop):
    """Apply the epilogue to the elements from `start` to `stop`; element i's keep bit is bit ``i + shift`` of `bits`.

    Vectors lie where stores straddle no cache line of `out`: 10 % faster at 1 Mi where NumPy allocated `out`, because its
    memory starts 16 bytes into a line.
    """
    if start < stop:
        unaligned = min(elements_to_alignment(out, start), stop - start)
        apply_part(epilogue, x, bits, shift, operands, out, start, unaligned)
        apply_aligned_range(
            epilogue, write, note_nothing, x, bits, shift, operands, out, start + unaligned, stop, bits, FIRST, NONE_PENDING
        )


@helper
def apply_aligned_range(epilogue, write, note, x, bits, shift, operands, out, start, stop, noted, position, pending):
    """As `apply_range` where a vector of `out` starts at `start`; `note` learns what is written (see `notes`).

    Returns the bits that `note` has not written yet.
    """
    i = start
    while i + GROUP + LANES <= stop:  # one vector more, as load_bits reads bits past its own
        results = apply_group(epilogue, write, x, bits, shift, operands, out, i)
        pending = note(noted, i + position, results, WHOLE, pending)
        i += GROUP
    while i < stop:
        count = min(stop - i, LANES)
        result = apply_part(epilogue, x, bits, shift, operands, out, i, count)
        pending = note(noted, i + position, (result, result, result, result), count, pending)
        i += LANES
    return pending


@helper
def apply_group(epilogue, write, x, bits, shift, operands, out, i):
    """Apply the epilogue to 64 elements by bits in memory.

    With all bits loaded before the first vector, by `apply_group_by_registers`, a forward of 48 Ki took 3 % longer.
    """
    inside = all_lanes()
    first = epilogue(load(x, i), load_bits(bits, i + shift), i, FIRST, inside, operands)
    second = epilogue(load(x, i + LANES), load_bits(bits, i + shift + LANES), i, SECOND, inside, operands)
    third = epilogue(load(x, i + 2 * LANES), load_bits(bits, i + shift + 2 * LANES), i, THIRD, inside, operands)
    fourth = epilogue(load(x, i + 3 * LANES), load_bits(bits, i + shift + 3 * LANES), i, FOURTH, inside, operands)
    write(out, i, first)
    write(out, i + LANES, second)
    write(out, i + 2 * LANES, third)
    write(out, i + 3 * LANES, fourth)
    return first, second, third, fourth


@helper
def apply_part(epilogue, x, bits, shift, operands, out, i, count):
    """Apply the epilogue to at most sixteen elements by bits in memory, and touch no memory but theirs."""
    return apply_vector_by_register(epilogue, x, load_bits_within(bits, i + shift), operands, out, i, count)


@helper
def apply_group_by_registers(epilogue, write, x, kept, operands, out, i):
    """Apply the epilogue to 64 elements by four vectors of keep bits."""
    inside = all_lanes()
    first = epilogue(load(x, i), kept[0], i, FIRST, inside, operands)
    second = epilogue(load(x, i + LANES), kept[1], i, SECOND, inside, operands)
    third = epilogue(load(x, i + 2 * LANES), kept[2], i, THIRD, inside, operands)
    fourth = epilogue(load(x, i + 3 * LANES), kept[3], i, FOURTH, inside, operands)
    write(out, i, first)
    write(out, i + LANES, second)
    write(out, i + 2 * LANES, third)
    write(out, i + 3 * LANES, fourth)
    return first, second, third, fourth


@helper
def apply_rest_by_registers(epilogue, x, kept, operands, out, i, count):
    """Apply the epilogue to the first `count` of 64 elements, and touch no memory but theirs."""
    first = apply_vector_by_register(epilogue, x, kept[0], operands, out, i, count)
    second = apply_vector_by_register(epilogue, x, kept[1], operands, out, i + LANES, count - LANES)
    third = apply_vector_by_register(epilogue, x, kept[2], operands, out, i + 2 * LANES, count - 2 * LANES)
    fourth = apply_vector_by_register(epilogue, x, kept[3], operands, out, i + 3 * LANES, count - 3 * LANES)
    return first, second, third, fourth


@helper
def apply_vector_by_register(epilogue, x, kept, operands, out, i, count):
    """Apply the epilogue to the first `count` of sixteen elements; to none where `count` is not positive."""
    inside = first_lanes(count)
    result = epilogue(load_masked(x, i, inside), kept, i, FIRST, inside, operands)
    store_masked(out, i, result, inside)
    return result
