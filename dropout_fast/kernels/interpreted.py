"""The kernels' loops in NumPy, for ``NUMBA_DISABLE_JIT=1``: the same values, on all chunks at once, slowly."""

import numpy as np

from .bernoulli import BLOCK, BLOCK_BYTES, BLOCKS_PER_CHUNK, CHUNK, NONE_SET, SURE_WORDS, compare_one_bit, threshold_of
from .notes import note_positive
from .rng.xoshiro import start_lanes
from .simd.interpreted_half import rounded, widened
from .simd.vectors import UINT64_LANES, above_zero


def draw_and_apply(epilogue, write, copy, note, seed, step, offset, keep_prob, x, bits, operands, out, start, stop):
    """As the function of the same name in ``passes.counter``."""
    first = start // BLOCK
    drawn = _draw_blocks(seed, step, first, (stop + BLOCK - 1) // BLOCK, keep_prob)
    shift = offset - first * BLOCK
    results = apply_range(epilogue, write, x, drawn, shift, operands, out, start - offset, stop - offset)
    if note is note_positive:
        positive = np.zeros(8 * drawn.size, np.bool_)
        positive[start - first * BLOCK :][: stop - start] = above_zero(results)
        drawn = np.packbits(positive, bitorder="little")
    if bits.size:
        place = (first - offset // BLOCK) * BLOCK_BYTES
        bits[place : place + drawn.size] = drawn


def apply_range(epilogue, write, x, bits, shift, operands, out, start, stop):
    """As the function of the same name in ``elementwise``; returns the results before they are rounded to x's dtype."""
    kept = np.unpackbits(bits, count=stop + shift, bitorder="little")[start + shift :].view(np.bool_)
    with np.errstate(all="ignore"):
        results = epilogue(widened(x[start:stop]), kept, start, 0, np.ones(stop - start, np.bool_), operands)
        out[start:stop] = rounded(results, x.dtype)
    return results


def apply_runs(epilogue, write, levels, first, x, bits, shift, operands, out):
    """As the function of the same name in ``passes.broadcast_bits``."""
    kept = np.unpackbits(bits, bitorder="little")[shift + positions_of(levels, np.arange(first, first + x.size))]
    apply_range(epilogue, write, x, np.packbits(kept, bitorder="little"), 0, operands, out, 0, x.size)


def positions_of(levels, elements):
    """The positions of the elements' bits: see `bit_runs`."""
    positions = np.zeros_like(elements)
    for extent, stride in levels.tolist():
        positions += elements % extent * stride
        elements = elements // extent
    return positions


def sum_blocks(epilogue, shift, x, bits, operands, out, block_sums, first, last):
    """As the function of the same name in ``passes.column_sums``."""
    blocks, columns = block_sums.shape
    fours = x.size // columns // 4
    for block in range(first, last):
        start = block * fours // blocks * 4 * columns
        stop = x.size if block == blocks - 1 else (block + 1) * fours // blocks * 4 * columns
        apply_range(epilogue, None, x, bits, shift, operands, out, start, stop)
        block_sums[block] = 0
        for row in widened(out[start:stop]).reshape(-1, columns):
            block_sums[block] += row


def add_up(block_sums, sums):
    """As the function of the same name in ``passes.column_sums``."""
    sums[:] = block_sums[0]
    for of_block in block_sums[1:]:
        sums += of_block


def draw_bits(seed, step, offset, keep_prob, bits):
    """As the function of the same name in ``passes.counter``."""
    first = offset // BLOCK
    bits[:] = _draw_blocks(seed, step, first, first + bits.size // BLOCK_BYTES, keep_prob)


def draw_bits_of_region(seed, step, origin, keep_prob, levels, first, size, bits):
    """As ``_draw_bits`` of ``passes.region``."""
    positions = origin + positions_of(levels, np.arange(first, first + size))
    kept = np.empty(size, np.bool_)
    for chunk in np.unique(positions // CHUNK).tolist():
        inside = positions // CHUNK == chunk
        blocks = _draw_blocks(seed, step, chunk * BLOCKS_PER_CHUNK, (chunk + 1) * BLOCKS_PER_CHUNK, keep_prob)
        kept[inside] = np.unpackbits(blocks, bitorder="little")[positions[inside] % CHUNK]
    packed = np.packbits(kept, bitorder="little")
    bits[: packed.size] = packed


def _draw_blocks(seed, step, first, stop, keep_prob):
    """Draw the keep bits of the blocks from `first` to `stop`, 64 bytes each."""
    threshold, inverted = threshold_of(keep_prob)
    chunks = np.arange(first // BLOCKS_PER_CHUNK, (stop + BLOCKS_PER_CHUNK - 1) // BLOCKS_PER_CHUNK, dtype=np.uint64)[:, np.newaxis]
    words = np.empty((len(chunks), BLOCKS_PER_CHUNK, UINT64_LANES), "<u8")
    with np.errstate(over="ignore"):  # 64 bits, as in the kernels
        state = start_lanes(np.uint64(int(seed) % 2**64), np.uint64(int(step) % 2**64), chunks)
        for block in range(BLOCKS_PER_CHUNK):
            kept, state = _draw_block(state, threshold)
            words[:, block] = kept ^ inverted
    skipped = first - first // BLOCKS_PER_CHUNK * BLOCKS_PER_CHUNK
    return words.reshape(-1, UINT64_LANES)[skipped:][: stop - first].reshape(-1).view(np.uint8)


def _draw_block(state, threshold):
    """Draw one block of each chunk; a chunk's generator advances only while one of its own elements is undecided."""
    kept = np.full_like(state[0], NONE_SET)
    comparison = (state, threshold, kept, ~kept)
    for _ in range(SURE_WORDS):
        comparison = compare_one_bit(comparison)
    state, threshold, kept, undecided = comparison
    whole = (*state, kept, undecided)
    while threshold != NONE_SET and undecided.any():
        open_chunks = undecided.any(axis=1)
        *_, kept_of_part, undecided_of_part = moved = compare_one_bit(
            (tuple(lanes[open_chunks] for lanes in state), threshold, kept[open_chunks], undecided[open_chunks])
        )
        threshold = moved[1]
        for lanes, part in zip(whole, (*moved[0], kept_of_part, undecided_of_part), strict=True):
            lanes[open_chunks] = part
    return kept, state
