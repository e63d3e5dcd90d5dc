"""The backward pass that also sums its result over the rows: the gradient of a bias.

Order of summation. Rows are taken in blocks of a multiple of four (`blocks_of` tells how many); the last block has the rest,
too. In each block a column's values are added from the first row to the last, and then the blocks' sums from the first block to
the last. So the sums are a function of the shape and the values alone: not of the number of threads, and not of serial or
parallel.
"""

import numba
import numpy as np

from .. import interpreted
from ..elementwise import FIRST, apply_part
from ..options import helper, interpreted_as, tiny_helper
from ..simd.memory import (
    call_compiled,
    elements_to_alignment,
    first_lanes,
    load,
    load_bits,
    load_masked,
    round_as,
    store,
    store_masked,
)
from ..simd.vectors import LANES, add_floats, all_lanes

#: Most blocks that rows are shared out in, and fewest rows of a block.
MOST_BLOCKS = 32
FEWEST_ROWS = 16


def blocks_of(rows: int) -> int:
    """Number of blocks of rows that are summed apart."""
    return max(1, min(MOST_BLOCKS, rows // FEWEST_ROWS))


def column_sums(epilogue, write, publish):
    """Make the serial function of this pass, and the one that runs it in parallel.

    It always stores through the caches: rows may lie anywhere.
    """

    def serial(shift, x, bits, operands, out, sums, block_sums):
        """Apply the epilogue, and sum over the rows.

        Parameters
        ----------
        shift, x, bits, operands, out
            As for `stored_bits`; x holds one or more whole rows.
        sums : ndarray, 1-d, as long as a row; float32 for the half formats, else x's dtype
            Written.
        block_sums : ndarray, 2-d, of the same dtype, `blocks_of` rows
            Room for the sums of each block.
        """
        sum_blocks(epilogue, shift, x, bits, operands, out, block_sums, 0, block_sums.shape[0])
        add_up(block_sums, sums)

    return serial, column_sums_in_parallel


def column_sums_in_parallel(serial, shift, x, bits, operands, out, sums, block_sums, threads):
    """Call the serial kernel at the address `serial` on each block of rows, on so many threads, and add the blocks' sums."""
    blocks, columns = block_sums.shape
    shares = min(threads, blocks)
    for share in numba.prange(shares):
        for block in range(np.intp(share) * blocks // shares, (np.intp(share) + 1) * blocks // shares):
            first, last = rows_of_block(block, blocks, x.size // columns)
            begin, end, own_sums = first * columns, last * columns, block_sums[block : block + 1]
            call_compiled(serial, (shift + begin, x[begin:end], bits, operands, out[begin:end], block_sums[block], own_sums))
    add_up(block_sums, sums)


@tiny_helper
def rows_of_block(block, blocks, rows):
    """The first row of a block, and the first behind it: whole fours, and the rest for the last block."""
    first = block * (rows // 4) // blocks * 4
    return first, (block + 1) * (rows // 4) // blocks * 4 if block < blocks - 1 else rows


@interpreted_as(interpreted.sum_blocks)
@helper
def sum_blocks(epilogue, shift, x, bits, operands, out, block_sums, first, last):
    """Apply the epilogue to the blocks from `first` to `last`, and write their sums."""
    blocks, columns = block_sums.shape
    for block in range(first, last):
        sums = block_sums[block]
        sums[:] = 0
        row, stop = rows_of_block(block, blocks, x.size // columns)
        while row + 4 <= stop:
            sum_four_rows(epilogue, shift, x, bits, operands, out, sums, row * columns)
            row += 4
        sum_rows(epilogue, shift, x, bits, operands, out, sums, row * columns, stop * columns)


@helper
def sum_four_rows(epilogue, shift, x, bits, operands, out, sums, start):
    """Apply the epilogue to the four rows from element `start` on, and add them to `sums`, which are loaded and stored once."""
    columns = sums.size
    column = min(elements_to_alignment(out, start), columns)
    sum_four_parts(epilogue, shift, x, bits, operands, out, sums, start, FIRST, column)
    inside = all_lanes()
    while column + 2 * LANES <= columns:  # one vector more, as load_bits reads bits past its own
        i = start + column
        j, k, m = i + columns, i + 2 * columns, i + 3 * columns
        first = epilogue(load(x, i), load_bits(bits, i + shift), i, FIRST, inside, operands)
        second = epilogue(load(x, j), load_bits(bits, j + shift), j, FIRST, inside, operands)
        third = epilogue(load(x, k), load_bits(bits, k + shift), k, FIRST, inside, operands)
        fourth = epilogue(load(x, m), load_bits(bits, m + shift), m, FIRST, inside, operands)
        store(out, i, first)
        store(out, j, second)
        store(out, k, third)
        store(out, m, fourth)
        store(sums, column, sum_of_five(out, load(sums, column), first, second, third, fourth))
        column += LANES
    sum_four_parts(epilogue, shift, x, bits, operands, out, sums, start, column, columns)


@helper
def sum_four_parts(epilogue, shift, x, bits, operands, out, sums, start, begin, end):
    """`sum_four_rows` for the columns from `begin` to `end`, touching no memory but theirs."""
    columns = sums.size
    for column in range(begin, end, LANES):
        i, count = start + column, min(end - column, LANES)
        first = apply_part(epilogue, x, bits, shift, operands, out, i, count)
        second = apply_part(epilogue, x, bits, shift, operands, out, i + columns, count)
        third = apply_part(epilogue, x, bits, shift, operands, out, i + 2 * columns, count)
        fourth = apply_part(epilogue, x, bits, shift, operands, out, i + 3 * columns, count)
        inside = first_lanes(count)
        total = sum_of_five(out, load_masked(sums, column, inside), first, second, third, fourth)
        store_masked(sums, column, total, inside)


@helper
def sum_rows(epilogue, shift, x, bits, operands, out, sums, start, stop):
    """The same for fewer than four rows, the elements from `start` to `stop`."""
    while start < stop:
        for column in range(0, sums.size, LANES):
            count = min(sums.size - column, LANES)
            result = apply_part(epilogue, x, bits, shift, operands, out, start + column, count)
            inside = first_lanes(count)
            store_masked(sums, column, add_floats(load_masked(sums, column, inside), round_as(out, result)), inside)
        start += sums.size


@tiny_helper
def sum_of_five(out, total, first, second, third, fourth):
    """The total of earlier rows and four vectors, added in turn, each rounded to out's dtype."""
    total = add_floats(add_floats(total, round_as(out, first)), round_as(out, second))
    return add_floats(add_floats(total, round_as(out, third)), round_as(out, fourth))


@interpreted_as(interpreted.add_up)
@helper
def add_up(block_sums, sums):
    """Add the sums of all blocks, in their order."""
    blocks, columns = block_sums.shape
    for column in range(0, columns, LANES):
        inside = first_lanes(min(columns - column, LANES))
        total = load_masked(block_sums, column, inside)
        for block in range(1, blocks):
            total = add_floats(total, load_masked(block_sums, block * columns + column, inside))
        store_masked(sums, column, total, inside)
