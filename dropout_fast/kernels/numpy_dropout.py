"""Engine numpy in one pass: draw some keep bits, and scale their elements while bits and words are in the cache.

One thread draws the stream as it comes. Several threads draw one stride of it each, to whose first word they jump; the
bits are the same.
"""

import numba
import numpy as np

from .compiling import helper, kernel_by_dtype, tiny_helper
from .masked_scale import GROUP, multiply, multiply_in_float64, scale_group, scale_part, scale_range
from .memory import elements_to_alignment, fence, store, stream
from .mt19937 import (
    BLOCKS,
    WORDS_A_DRAW,
    N,
    allocate_blocks,
    compare_exactly,
    compare_vector,
    copy_block,
    next_draws,
    save_state,
    state_at,
)
from .mt19937_jump import jump
from .vectors import LANES


@kernel_by_dtype("float32", "float64")
def numpy_dropout_serial(state_address, x, bits, threshold, scale, out):
    """Draw keep bits as `draw_bits` does, and multiply as `multiply_serial` does.

    Parameters
    ----------
    state_address, bits, threshold
        As for `draw_bits`.
    x, scale, out
        As for `multiply_serial`; x is not empty.
    """
    state = state_at(state_address)
    dropout_stride(multiply, store, state, start_of(state), x, bits, threshold, scale, out, 0, x.size)


@kernel_by_dtype("float32")
def numpy_dropout_in_float64_serial(state_address, x, bits, threshold, scale, out):
    """`numpy_dropout_serial` for a float32 x and a scale that is no float32 number."""
    state = state_at(state_address)
    dropout_stride(multiply_in_float64, store, state, start_of(state), x, bits, threshold, scale, out, 0, x.size)


@kernel_by_dtype("float32", "float64", parallel=True)
def numpy_dropout_parallel(state_address, x, bits, threshold, scale, out, stride, jumps):
    """`numpy_dropout_serial` on several threads.

    Parameters
    ----------
    state_address, x, bits, threshold, scale, out
        As for `numpy_dropout_serial`.
    stride : int
        Elements that a thread takes, a multiple of 312.
    jumps : ndarray of uint16, shape (n, 16, m)
        The terms that `jump` takes, for jumps over 1, 2, 4, ... strides.
    """
    state = state_at(state_address)
    start = start_of(state)
    for part in numba.prange((x.size + stride - 1) // stride):
        dropout_part(multiply, store, state, start, x, bits, threshold, scale, out, part, stride, jumps)


@kernel_by_dtype("float32", "float64", parallel=True)
def numpy_dropout_streaming(state_address, x, bits, threshold, scale, out, stride, jumps):
    """`numpy_dropout_parallel` for an `out` that no cache holds."""
    state = state_at(state_address)
    start = start_of(state)
    for part in numba.prange((x.size + stride - 1) // stride):
        dropout_part(multiply, stream, state, start, x, bits, threshold, scale, out, part, stride, jumps)
        fence()


@kernel_by_dtype("float32", parallel=True)
def numpy_dropout_in_float64_parallel(state_address, x, bits, threshold, scale, out, stride, jumps):
    """`numpy_dropout_in_float64_serial` on several threads."""
    state = state_at(state_address)
    start = start_of(state)
    for part in numba.prange((x.size + stride - 1) // stride):
        dropout_part(multiply_in_float64, store, state, start, x, bits, threshold, scale, out, part, stride, jumps)


@kernel_by_dtype("float32", parallel=True)
def numpy_dropout_in_float64_streaming(state_address, x, bits, threshold, scale, out, stride, jumps):
    """`numpy_dropout_in_float64_parallel` for an `out` that no cache holds."""
    state = state_at(state_address)
    start = start_of(state)
    for part in numba.prange((x.size + stride - 1) // stride):
        dropout_part(multiply_in_float64, stream, state, start, x, bits, threshold, scale, out, part, stride, jumps)
        fence()


@tiny_helper
def start_of(state):
    """The state's block at the front of a buffer for the blocks that follow, and the position among its words."""
    words = allocate_blocks(BLOCKS + 1)
    copy_block(state, 0, words, 0)
    return words, np.intp(state[N])


@helper
def dropout_part(product, write, state, start, x, bits, threshold, scale, out, part, stride, jumps):
    """`dropout_stride` for the stride of that number, to whose block it jumps over powers of two of strides."""
    first, position = start
    words = allocate_blocks(BLOCKS + 1)
    copy_block(first, 0, words, 0)
    for power in range(jumps.shape[0]):
        if np.intp(part) >> power & 1:
            jump(words, jumps[power])
    begin = np.intp(part) * stride
    end = min(x.size, begin + stride)
    dropout_stride(product, write, state, (words, position), x, bits, threshold, scale, out, begin, end)


@helper
def dropout_stride(product, write, state, start, x, bits, threshold, scale, out, begin, end):
    """Draw and scale the elements from `begin` to `end`; the last stride leaves NumPy's state where the stream has come to.

    `start` is a buffer with the block before the first word, or with it, at the front, and the word's position.
    """
    words, position = start
    place = (position, N)
    aligned = min(end, begin + elements_to_alignment(out, begin))
    done = scaled = begin
    while done < end:
        if scaled < aligned <= done:
            scale_part(product, x, bits, 0, scale, out, begin, aligned - begin)
            scaled = aligned
        place, draws = next_draws(words, place, end - done)
        ready = done if scaled == aligned else scaled
        scaled = compare_and_scale(words, place[0], draws, threshold, bits, done // 8, product, write, x, scale, out, scaled, ready)
        place = (place[0] + WORDS_A_DRAW * draws, place[1])
        done += draws
    scale_range(product, write, x, bits, 0, scale, out, scaled, end)
    if end == x.size:
        save_state(words, place, state)


@helper
def compare_and_scale(words, position, draws, threshold, bits, octet, product, write, x, scale, out, scaled, ready):
    """`compare`, and meanwhile scale elements from `scaled` on, whose bits are there up to `ready`.

    Their memory is under way while the generator computes. Returns how far they are scaled.
    """
    ties = np.uint16(draws % LANES)
    for draw in range(0, draws // LANES * LANES, LANES):
        if draw % GROUP == 0 and scaled + GROUP <= ready:
            scale_group(product, write, x, bits, 0, scale, out, scaled)
            scaled += GROUP
        ties |= compare_vector(words, position + WORDS_A_DRAW * draw, threshold, bits, octet + draw // 8)
    if ties != 0:
        compare_exactly(words, position, draws, threshold, bits, octet)
    return scaled
