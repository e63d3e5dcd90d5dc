"""Runs of keep bits: the bits of elements that follow each other, put together from other places.

An array whose mask is shared along some axes, or that is a block of a larger array, is a sequence of runs of one length. A run
takes one bit again and again, or bits that follow each other. *Levels* say which, as an array of int64 with two rows or more,
innermost first. Each row is an extent and a stride in bits: row 0 holds the length of a run and 0 (one bit) or 1, and the others
where the run's first bit lies.
"""

import functools
import math

import numpy as np
import numpy.typing as npt

from .bernoulli import ALL_SET, NONE_SET, ONE
from .options import helper, tiny_helper
from .simd.memory import load_byte, load_uint64, store_uint64, store_uint64s
from .simd.vectors import splat_uint64

#: Bits of a word, and bytes of eight words.
WORD, VECTOR_BYTES = 64, 64


@functools.lru_cache(maxsize=256)
def levels_of(lengths: tuple[int, ...], strides: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """The levels of an array with these lengths, whose bits lie that many places apart along each axis."""
    levels: list[list[int]] = []
    for length, stride in zip(reversed(lengths), reversed(strides), strict=True):
        if length == 1:
            continue
        if levels and stride == levels[-1][0] * levels[-1][1]:
            levels[-1][0] *= length
        else:
            levels.append([length, stride])
    if not levels or levels[0][1] > 1:
        levels.insert(0, [1, 1])
    if len(levels) == 1:
        levels.append([1, 0])
    return np.array(levels, np.int64)


@functools.lru_cache(maxsize=256)
def bit_strides(noise_shape: tuple[int, ...]) -> tuple[int, ...]:
    """How many places apart the bits of a noise shape lie along each axis, in C order; 0 along axes of length 1."""
    strides = [math.prod(noise_shape[axis + 1 :]) for axis in range(len(noise_shape))]
    return tuple(stride if length != 1 else 0 for length, stride in zip(noise_shape, strides, strict=True))


@tiny_helper
def position_of(levels, run):
    """Position of a run's first bit."""
    position, left = 0, run
    for level in range(1, levels.shape[0]):
        extent = levels[level, 0]
        position += left % extent * levels[level, 1]
        left = left // extent
    return position


@helper
def period_at(levels, i):
    """After how many elements the bits from element `i` on are the same again, and up to where; 0 where they are not."""
    length, extent = levels[0, 0], levels[1, 0]
    run = i // length
    if levels[0, 1] == 0:
        return 1, (run + 1) * length
    if levels[1, 1] == 0:
        return length, (run // extent + 1) * extent * length
    return 0, i


@helper
def expand_bits(levels, bits, shift, target, start, stop):
    """Write the bits of elements `start` to `stop` to `target`, from its first bit on, in whole words.

    Parameters
    ----------
    levels : ndarray of int64, 2-d
        See above.
    bits : ndarray of uint8, eight bytes or more
        Position 0 of the levels is bit `shift` of it.
    target : ndarray of uint8
        Eight words longer than the bits.
    start, stop : int
    """
    length, extent, step = levels[0, 0], levels[1, 0], levels[1, 1]
    run = start // length
    index, taken, position = run % extent, start - run * length, shift + position_of(levels, run)
    run -= index
    size, written, pending = stop - start, np.intp(0), NONE_SET
    while written < size:
        count, rows = min(length - taken, size - written), 1
        if count == length and length <= WORD:  # many short runs at a time
            rows = min(extent - index, (size - written) // length)
            if levels[0, 1] == 0:
                pending = append_short_bits(bits, position, step, rows, length, target, written, pending)
            elif step == 0:
                pending = append_again(word_at(bits, position), rows, length, target, written, pending)
            else:
                pending = append_rows(bits, position, step, rows, length, target, written, pending)
        elif levels[0, 1] == 0:
            pending = append_long_bit(bits, position, count, target, written, pending)
        else:
            pending = append_bits(bits, position + taken, count, target, written, pending)
        written, taken, index, position = written + rows * count, 0, index + rows, position + rows * step
        if index == extent:
            run += extent
            index, position = 0, shift + position_of(levels, run)
    store_uint64(target, written // WORD * 8, pending)


@helper
def append_bits(bits, position, count, target, written, pending):
    """Append that many bits from `position` on; returns the word that is not full yet, whose further bits are 0."""
    if count <= WORD:
        return append(word_at(bits, position) & lowest(count), count, target, written, pending)
    fitting, last = WORD - written % WORD, (written + count) // WORD
    append(word_at(bits, position) & lowest(fitting), fitting, target, written, pending)
    position, place = position + fitting, written // WORD + 1
    inside = min(last, place + (bits.size - 8 - position // 8) // 8)
    skipped = np.uint64(position % 8)
    while place < inside:  # whole words, of which the next word is there too
        word = load_uint64(bits, position // 8) >> skipped | load_uint64(bits, position // 8 + 8) << ONE << np.uint64(63) - skipped
        store_uint64(target, place * 8, word)
        place, position = place + 1, position + WORD
    while place < last:
        store_uint64(target, place * 8, word_at(bits, position))
        place, position = place + 1, position + WORD
    return word_at(bits, position) & (ONE << np.uint64((written + count) % WORD)) - ONE


@helper
def append_rows(bits, position, stride, rows, length, target, written, pending):
    """Append the bits of some rows, each of 64 bits or fewer; returns what `append_bits` returns."""
    for _ in range(rows):
        pending = append(word_at(bits, position) & lowest(length), length, target, written, pending)
        position, written = position + stride, written + length
    return pending


@helper
def append_long_rows(bits, position, stride, rows, length, target, written, pending):
    """The same for rows of any length."""
    for _ in range(rows):
        pending = append_bits(bits, position, length, target, written, pending)
        position, written = position + stride, written + length
    return pending


@helper
def append_again(word, rows, length, target, written, pending):
    """Append the lowest `length` bits of a word again and again, in as many rows; returns what `append_bits` returns."""
    fitting = WORD // length
    word = repeated(word, length) & lowest(fitting * length)
    for _ in range(rows // fitting):
        pending = append(word, fitting * length, target, written, pending)
        written += fitting * length
    left = rows % fitting * length
    return append(word & lowest(left), left, target, written, pending) if left else pending


@helper
def append_short_bits(bits, position, stride, rows, length, target, written, pending):
    """Append one bit of each row, `length` times, 64 or fewer; returns what `append_bits` returns."""
    for _ in range(rows):
        pending = append(filled(bits, position) & lowest(length), length, target, written, pending)
        position, written = position + stride, written + length
    return pending


@helper
def append_long_bit(bits, position, count, target, written, pending):
    """Append the bit at `position` that many times; returns what `append_bits` returns.

    It writes up to 64 bytes past them: 1,024 elements that share a bit are two vectors, but sixteen words.
    """
    word, last = filled(bits, position), written + count
    if last // WORD == written // WORD:
        return append(word & lowest(count), count, target, written, pending)
    store_uint64(target, written // WORD * 8, pending | word << np.uint64(written % WORD))
    words, byte = splat_uint64(word), (written // WORD + 1) * 8
    while byte < last // WORD * 8:
        store_uint64s(target, byte, words)
        byte += VECTOR_BYTES
    return word & (ONE << np.uint64(last % WORD)) - ONE


@tiny_helper
def filled(bits, position):
    """A word full of one bit."""
    return NONE_SET - (np.uint64(load_byte(bits, position // 8)) >> np.uint64(position % 8) & ONE)


@tiny_helper
def append(word, count, target, written, pending):
    """Append `count` bits, 1 to 64, of a word that has no others; returns what `append_bits` returns."""
    used = np.uint64(written % WORD)
    pending |= word << used
    if written % WORD + count >= WORD:
        store_uint64(target, written // WORD * 8, pending)
        pending = word >> ONE >> np.uint64(WORD - 1) - used
    return pending


@tiny_helper
def lowest(count):
    """A word whose lowest `count` bits are set, 1 to 64."""
    return ALL_SET >> np.uint64(WORD - count)


@tiny_helper
def repeated(word, length):
    """The lower bits of a word again and again, as often as a word holds them; what follows has no meaning."""
    word, count = word & lowest(length), length
    while count < WORD:
        word |= word << np.uint64(count)
        count += count
    return word


@tiny_helper
def word_at(bits, position):
    """The 64 bits from `position` on; those past the end of `bits`, which has eight bytes or more, have no meaning."""
    byte = min(position // 8, bits.size - 8)
    skipped = np.uint64(position - 8 * byte)
    following = np.uint64(load_byte(bits, min(byte + 8, bits.size - 1)))
    return load_uint64(bits, byte) >> skipped | following << ONE << np.uint64(WORD - 1) - skipped
