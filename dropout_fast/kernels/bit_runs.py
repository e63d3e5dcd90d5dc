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

from .options import helper, tiny_helper
from .simd.memory import load_byte, load_uint64, store_uint64

#: Bits of a word.
WORD = 64

NONE_SET, ONE = np.uint64(0), np.uint64(1)


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
        One word longer than the bits.
    start, stop : int
    """
    length, extent, step = levels[0, 0], levels[1, 0], levels[1, 1]
    run = start // length
    index, taken, position = run % extent, start - run * length, shift + position_of(levels, run)
    run -= index
    left, written, pending = stop - start, 0, NONE_SET
    while left > 0:
        count = min(length - taken, left)
        if levels[0, 1] == 0:
            pending = append_one_bit(bits, position, count, target, written, pending)
        else:
            if step == 0 and taken == 0 and 2 * length <= WORD:
                count = min(WORD // length, extent - index) * length
                count = count if count <= left else min(length, left)
                index += (count - 1) // length
                word = repeated(word_at(bits, position), length)
                pending = append(word, count, target, written, pending)
            else:
                pending = append_bits(bits, position + taken, count, target, written, pending)
        written, left = written + count, left - count
        taken, index, position = 0, index + 1, position + step
        if index == extent:
            run += extent
            index, position = 0, shift + position_of(levels, run)
    store_uint64(target, written // WORD * 8, pending)


@helper
def append_bits(bits, position, count, target, written, pending):
    """Append that many bits from `position` on; returns the last word, of which not all bits may be there."""
    left = count
    while left > 0:
        taken = min(WORD, left)
        pending = append(word_at(bits, position), taken, target, written, pending)
        position, written, left = position + taken, written + taken, left - taken
    return pending


@helper
def append_one_bit(bits, position, count, target, written, pending):
    """Append the bit at `position` that many times; returns what `append_bits` returns."""
    word = NONE_SET - (np.uint64(load_byte(bits, position // 8)) >> np.uint64(position % 8) & ONE)
    place, last = written // WORD, (written + count) // WORD
    pending = joined(pending, word, written)
    store_uint64(target, place * 8, pending)
    if place < last:
        pending = word
        place += 1
        while place < last:
            store_uint64(target, place * 8, word)
            place += 1
    return pending


@tiny_helper
def append(word, count, target, written, pending):
    """Append the lower `count` bits, 1 to 64, of a word; returns the last word."""
    pending = joined(pending, word, written)
    store_uint64(target, written // WORD * 8, pending)
    if written % WORD + count >= WORD:
        pending = word >> ONE >> np.uint64(WORD - 1 - written % WORD)
    return pending


@tiny_helper
def joined(pending, word, written):
    """The bits of `pending` below position `written` of their word, and from there on those of `word`."""
    used = np.uint64(written % WORD)
    return pending & (ONE << used) - ONE | word << used


@tiny_helper
def repeated(word, length):
    """The lower bits of a word again and again, as often as a word holds them; what follows has no meaning."""
    filled, count = word & (ONE << np.uint64(length)) - ONE, length
    while count < WORD:
        filled |= filled << np.uint64(count)
        count += count
    return filled


@tiny_helper
def word_at(bits, position):
    """The 64 bits from `position` on; those past the end of `bits`, which has eight bytes or more, have no meaning."""
    byte = min(position // 8, bits.size - 8)
    skipped = np.uint64(position - 8 * byte)
    following = np.uint64(load_byte(bits, min(byte + 8, bits.size - 1)))
    return load_uint64(bits, byte) >> skipped | following << ONE << np.uint64(WORD - 1) - skipped
