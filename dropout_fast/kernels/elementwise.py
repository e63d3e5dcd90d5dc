"""Apply an epilogue to a stretch of x, by keep bits in memory or in registers: whole groups of 64 elements, then the rest.

A group's vectors are all loaded before the first is written. A processor tells loads from earlier stores by the lower bits of
their addresses: in turn, 1 Mi elements took 27 % longer where `out` lay 64 bytes behind `x`, modulo 4 KiB, and 1 to 3 %
longer elsewhere.

Bits in memory and bits in registers have functions of their own. With one function for both, which gets the loaded bits,
the first dropout took 0.07 s longer to compile.
"""

from . import interpreted
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
from .simd.vectors import GROUP, LANES


@interpreted_as(interpreted.apply_range)
@helper
def apply_range(epilogue, write, x, bits, shift, scale, out, start, stop):
    """Apply the epilogue to the elements from `start` to `stop`; element i's keep bit is bit ``i + shift`` of `bits`.

    Vectors lie where stores straddle no cache line of `out`: 10 % faster at 1 Mi where NumPy allocated `out`, because its
    memory starts 16 bytes into a line.
    """
    i = start
    if i < stop:
        unaligned = min(elements_to_alignment(out, i), stop - i)
        apply_part(epilogue, x, bits, shift, scale, out, i, unaligned)
        i += unaligned
    while i + GROUP + LANES <= stop:  # one vector more, as load_bits reads bits past its own
        apply_group(epilogue, write, x, bits, shift, scale, out, i)
        i += GROUP
    while i < stop:
        apply_part(epilogue, x, bits, shift, scale, out, i, min(stop - i, LANES))
        i += LANES


@helper
def apply_group(epilogue, write, x, bits, shift, scale, out, i):
    """Apply the epilogue to 64 elements by bits in memory."""
    first = epilogue(load(x, i), load_bits(bits, i + shift), i, scale)
    second = epilogue(load(x, i + LANES), load_bits(bits, i + shift + LANES), i + LANES, scale)
    third = epilogue(load(x, i + 2 * LANES), load_bits(bits, i + shift + 2 * LANES), i + 2 * LANES, scale)
    fourth = epilogue(load(x, i + 3 * LANES), load_bits(bits, i + shift + 3 * LANES), i + 3 * LANES, scale)
    write(out, i, first)
    write(out, i + LANES, second)
    write(out, i + 2 * LANES, third)
    write(out, i + 3 * LANES, fourth)


@helper
def apply_part(epilogue, x, bits, shift, scale, out, i, count):
    """Apply the epilogue to at most sixteen elements by bits in memory, and touch no memory but theirs."""
    if count > 0:
        inside = first_lanes(count)
        result = epilogue(load_masked(x, i, inside), load_bits_within(bits, i + shift), i, scale)
        store_masked(out, i, result, inside)


@helper
def apply_group_by_registers(epilogue, write, x, kept, scale, out, i):
    """Apply the epilogue to 64 elements by four vectors of keep bits."""
    first = epilogue(load(x, i), kept[0], i, scale)
    second = epilogue(load(x, i + LANES), kept[1], i + LANES, scale)
    third = epilogue(load(x, i + 2 * LANES), kept[2], i + 2 * LANES, scale)
    fourth = epilogue(load(x, i + 3 * LANES), kept[3], i + 3 * LANES, scale)
    write(out, i, first)
    write(out, i + LANES, second)
    write(out, i + 2 * LANES, third)
    write(out, i + 3 * LANES, fourth)


@helper
def apply_rest_by_registers(epilogue, x, kept, scale, out, i, count):
    """Apply the epilogue to the first `count` of 64 elements, and touch no memory but theirs."""
    apply_vector_by_register(epilogue, x, kept[0], scale, out, i, count)
    apply_vector_by_register(epilogue, x, kept[1], scale, out, i + LANES, count - LANES)
    apply_vector_by_register(epilogue, x, kept[2], scale, out, i + 2 * LANES, count - 2 * LANES)
    apply_vector_by_register(epilogue, x, kept[3], scale, out, i + 3 * LANES, count - 3 * LANES)


@helper
def apply_vector_by_register(epilogue, x, kept, scale, out, i, count):
    """Apply the epilogue to the first `count` of sixteen elements; none where `count` is not positive."""
    if count > 0:
        inside = first_lanes(count)
        store_masked(out, i, epilogue(load_masked(x, i, inside), kept, i, scale), inside)
