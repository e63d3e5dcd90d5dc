"""Scaling by keep bits that are in registers still; by bits in memory ``masked_scale`` does it.

One function for both, of which the one loads the bits for the other, took 0.07 s longer to compile before the first dropout.
"""

from .compiling import helper
from .memory import first_lanes, load, load_part, store_part
from .vectors import LANES


@helper
def scale_vectors(product, write, x, lanes, scale, out, i):
    """Scale 64 elements, all of which are loaded before the first is written: see `masked_scale.scale_group`."""
    first = product(load(x, i), lanes[0], scale)
    second = product(load(x, i + LANES), lanes[1], scale)
    third = product(load(x, i + 2 * LANES), lanes[2], scale)
    fourth = product(load(x, i + 3 * LANES), lanes[3], scale)
    write(out, i, first)
    write(out, i + LANES, second)
    write(out, i + 2 * LANES, third)
    write(out, i + 3 * LANES, fourth)


@helper
def scale_rest(product, x, lanes, scale, out, i, count):
    """Scale at most `count` of 64 elements and touch no memory but theirs."""
    scale_lanes(product, x, lanes[0], scale, out, i, count)
    scale_lanes(product, x, lanes[1], scale, out, i + LANES, count - LANES)
    scale_lanes(product, x, lanes[2], scale, out, i + 2 * LANES, count - 2 * LANES)
    scale_lanes(product, x, lanes[3], scale, out, i + 3 * LANES, count - 3 * LANES)


@helper
def scale_lanes(product, x, lanes, scale, out, i, count):
    """`scale_rest` for sixteen elements."""
    if count > 0:
        inside = first_lanes(count)
        store_part(out, i, product(load_part(x, i, inside), lanes, scale), inside)
