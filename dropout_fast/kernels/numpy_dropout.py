"""Engine numpy in one pass: draw some keep bits, and scale their elements while bits and words are in the cache.

One thread draws the stream as it comes. Several threads draw one stride of it each, to whose first word they jump; the
bits are the same.
"""

import numba
import numpy as np

from .compiling import helper, kernel_by_dtype, tiny_helper
from .masked_scale import multiply, multiply_in_float64, scale_part
from .memory import elements_to_alignment, fence, on_the_stack, store, stream
from .mt19937 import WORDS, WORDS_A_DRAW, N, copy_block, save_state, start_rings, state_at
from .mt19937_jump import ONE_JUMP, jump
from .numpy_draws import draw_group, put_bits, word_of
from .register_scale import scale_rest, scale_vectors
from .vectors import GROUP


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
    dropout_stride(multiply, store, state, (state, np.intp(state[N])), x, bits, threshold, scale, out, 0, x.size)


@kernel_by_dtype("float32")
def numpy_dropout_in_float64_serial(state_address, x, bits, threshold, scale, out):
    """`numpy_dropout_serial` for a float32 x and a scale that is no float32 number."""
    state = state_at(state_address)
    dropout_stride(multiply_in_float64, store, state, (state, np.intp(state[N])), x, bits, threshold, scale, out, 0, x.size)


@kernel_by_dtype("float32", "float64", parallel=True)
def numpy_dropout_parallel(state_address, x, bits, threshold, scale, out, first, stride, jumps):
    """`numpy_dropout_serial` on several threads.

    Parameters
    ----------
    state_address, x, bits, threshold, scale, out
        As for `numpy_dropout_serial`.
    first, stride : int
        Elements that the first thread takes, and that each other takes: multiples of 312 and of 64.
    jumps : ndarray of uint16, shape (n, 27, 32, 5)
        Digits that `jump` takes, to the strides of the sixteen threads after the first, and then over 16, 32, ... strides.
    """
    state = state_at(state_address)
    start = start_of(state)
    for part in numba.prange(parts_of(x.size, first, stride)):
        dropout_part(multiply, store, state, start, x, bits, threshold, scale, out, part, first, stride, jumps)


@kernel_by_dtype("float32", "float64", parallel=True)
def numpy_dropout_streaming(state_address, x, bits, threshold, scale, out, first, stride, jumps):
    """`numpy_dropout_parallel` for an `out` that no cache holds."""
    state = state_at(state_address)
    start = start_of(state)
    for part in numba.prange(parts_of(x.size, first, stride)):
        dropout_part(multiply, stream, state, start, x, bits, threshold, scale, out, part, first, stride, jumps)
        fence()


@kernel_by_dtype("float32", parallel=True)
def numpy_dropout_in_float64_parallel(state_address, x, bits, threshold, scale, out, first, stride, jumps):
    """`numpy_dropout_in_float64_serial` on several threads."""
    state = state_at(state_address)
    start = start_of(state)
    for part in numba.prange(parts_of(x.size, first, stride)):
        dropout_part(multiply_in_float64, store, state, start, x, bits, threshold, scale, out, part, first, stride, jumps)


@kernel_by_dtype("float32", parallel=True)
def numpy_dropout_in_float64_streaming(state_address, x, bits, threshold, scale, out, first, stride, jumps):
    """`numpy_dropout_in_float64_parallel` for an `out` that no cache holds."""
    state = state_at(state_address)
    start = start_of(state)
    for part in numba.prange(parts_of(x.size, first, stride)):
        dropout_part(multiply_in_float64, stream, state, start, x, bits, threshold, scale, out, part, first, stride, jumps)
        fence()


@tiny_helper
def parts_of(size, first, stride):
    """How many threads have elements."""
    return 1 + (max(0, size - first) + stride - 1) // stride


@tiny_helper
def start_of(state):
    """A copy of the state's block, as it changes when the last stride is drawn, and the position among its words."""
    block = np.empty(N, np.uint32)
    copy_block(state, block)
    return block, np.intp(state[N])


@helper
def dropout_part(product, write, state, start, x, bits, threshold, scale, out, part, first, stride, jumps):
    """`dropout_stride` for the thread of that number, after a jump or two to its block."""
    block, position = np.empty(N, np.uint32), start[1]
    copy_block(start[0], block)
    begin, end = np.intp(0), min(x.size, first)
    if part > 0:
        other = np.intp(part) - 1
        low, high = other % ONE_JUMP, other // ONE_JUMP
        for i in range(1 + min(high, 1)):  # a loop, so that the jump is compiled once: 1 s less
            jump(block, jumps[low if i == 0 else ONE_JUMP - 1 + high])
        begin = first + other * stride
        end = min(x.size, begin + stride)
    dropout_stride(product, write, state, (block, position), x, bits, threshold, scale, out, begin, end)


@helper
def dropout_stride(product, write, state, start, x, bits, threshold, scale, out, begin, end):
    """Draw and scale the elements from `begin`, a multiple of 64, to `end`; the last stride leaves NumPy's state behind.

    `start` is the block before the first word, or with it, and the word's position. Groups lie as the vectors of `out` do:
    bits are scaled by in the registers in which they are drawn. Of the first group only the last few draws, if any, are of this
    stride; the others are of words that mean nothing, and are shifted out.
    """
    block, position = start
    rings = on_the_stack(np.uint32, WORDS)
    unaligned = elements_to_alignment(out, begin)
    aligned, front = start_rings(rings, block, position + WORDS_A_DRAW * unaligned)
    place, before = (aligned - GROUP, front), np.uint64(0)
    for done in range(begin - GROUP, end, GROUP):
        lanes, place = draw_group(rings, place, threshold)
        word = word_of(lanes)
        if done >= begin:
            put_bits(bits, done, min(GROUP, end - done), shifted_in(before, word, unaligned))
            i = done + unaligned
            if i + GROUP <= end:
                scale_vectors(product, write, x, lanes, scale, out, i)
            else:
                scale_rest(product, x, lanes, scale, out, i, end - i)
        before = word
    scale_part(product, x, bits, 0, scale, out, begin, min(unaligned, end - begin))
    if end == x.size:
        save_state(rings, aligned - unaligned, place[1], end - begin, state)


@tiny_helper
def shifted_in(before, word, count):
    """The upper `count` bits of one word of 64, less than 64, and the lower ones of the next."""
    return before >> np.uint64(1) >> np.uint64(GROUP - 1 - count) | word << np.uint64(count)
