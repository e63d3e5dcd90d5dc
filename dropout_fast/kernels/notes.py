"""Notes: what a pass remembers, one bit an element, of the vectors that it writes.

Plain dropout remembers the keep bits as they are drawn, so nothing is noted. Behind a ReLU the backward needs "kept and
positive", which shows in the result: it is above 0. These bits are put together in a word, `pending`, until its 64 are there.
"""

import numpy as np

from .options import helper, tiny_helper
from .simd.memory import store_uint64
from .simd.vectors import GROUP, above_zero, word_of

#: The word before anything is noted.
NONE_PENDING = np.uint64(0)


@tiny_helper
def note_nothing(bits, position, results, count, pending):
    """In the place of `note_positive`, where keep bits are stored as they are drawn."""
    return pending


@helper
def note_positive(bits, position, results, count, pending):
    """Note which of 64 elements are above 0.

    Parameters
    ----------
    bits : ndarray of uint8
    position : int
        Where the first element's bit goes in `bits`.
    results : tuple of four vectors
    count : int
        Only the first so many elements count; fewer than 1: none.
    pending : uint64
        The word that holds the bits before `position`; those from there on are 0.

    Returns
    -------
    uint64
        The word that holds the bits before ``position + count``; so far as it has bits, it is written, too.
    """
    above = above_zero(results[0]), above_zero(results[1]), above_zero(results[2]), above_zero(results[3])
    first = np.uint64(position) % np.uint64(GROUP)
    missing = np.uint64(GROUP) - np.uint64(max(0, count))
    word = word_of(above) & lower_bits(missing)
    whole = pending | word << first
    if count > 0 or first > 0:
        store_uint64(bits, position // GROUP * 8, whole)
    if first < missing:
        return whole
    begun = word >> np.uint64(1) >> (np.uint64(GROUP - 1) - first)
    if count < GROUP and first > missing:  # nothing may follow a part
        store_uint64(bits, position // GROUP * 8 + 8, begun)
    return begun


@tiny_helper
def lower_bits(missing):
    """A word of ones, without so many of its upper bits."""
    half = missing >> np.uint64(1)  # a shift by 64 has no meaning
    return np.uint64(2**64 - 1) >> half >> (missing - half)
