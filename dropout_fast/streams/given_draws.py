"""A generator whose next draws are given: to ask NumPy, or other code, what it makes of a draw at a limit."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

#: As many draws as can be given: those of one block of MT19937.
MOST = 312


def generator_that_draws(draws: Sequence[int]) -> np.random.MT19937:
    """An MT19937 whose next numbers by ``random()`` are these integers below 2**53, divided by it; `MOST` of them at most."""
    words = np.zeros(2 * MOST, np.uint32)
    numbers = np.array(draws, np.uint64)
    words[0 : 2 * len(numbers) : 2] = _untempered((numbers >> np.uint64(26) << np.uint64(5)).astype(np.uint32))
    words[1 : 2 * len(numbers) : 2] = _untempered(((numbers & np.uint64(2**26 - 1)) << np.uint64(6)).astype(np.uint32))
    bit_generator = np.random.MT19937()
    bit_generator.state = {"bit_generator": "MT19937", "state": {"key": words, "pos": 0}}
    return bit_generator


def _untempered(words: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """The words of the state from which the output function makes these: each of its four steps, undone.

    A step combines a word with a part of itself that is moved by some bits. To do the same again and again, from the bits that the
    step left alone, restores the next bits each time.
    """
    words = words ^ words >> np.uint32(18)
    words = words ^ words << np.uint32(15) & np.uint32(0xEFC60000)
    restored = words
    for _ in range(4):
        restored = words ^ restored << np.uint32(7) & np.uint32(0x9D2C5680)
    words = restored
    for _ in range(2):
        restored = words ^ restored >> np.uint32(11)
    return restored
