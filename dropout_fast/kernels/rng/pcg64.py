"""PCG64 and PCG64DXSM by vectors: sixteen draws a vector, in the order in which NumPy makes them.

Both are the recurrence ``state = state * multiplier + increment`` modulo 2**128 and a function of the state that gives 64 bits
(M. O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms for Random Number Generation",
Harvey Mudd College HMC-CS-2014-0905, 2014). PCG64 draws from the state after a step, by XSL-RR. PCG64DXSM has a multiplier of
64 bits and draws from the state before a step, by DXSM.

n steps at once are such a recurrence too: the multiplier is ``multiplier**n``, and the increment is multiplied by
``1 + multiplier + ... + multiplier**(n - 1)``. So the lanes of two vectors hold consecutive states and advance 32 steps at a time,
and any state is reached in less than a microsecond.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np

from ..options import helper, tiny_helper
from ..simd.memory import load_wide, pointer_to_uint64
from ..simd.vectors import LANES, multiply_halves, multiply_words, rotate_right_each, signed_at_most
from ..simd.wide import multiply_add

MULTIPLIER = 0x2360ED051FC65DA44385DF649FCCF645
CHEAP_MULTIPLIER = 0xDA942042E4DD58B5  # of PCG64DXSM, for the recurrence and for its output function

#: A draw is the upper 53 bits of the output, over 2**53.
UNUSED_BITS = np.uint64(11)

#: Words of NumPy's ``{uint128 state; uint128 increment}``.
STATE_WORDS = 4

#: Steps that lanes advance at a time. The multipliers for 32 steps let `next_lanes` sum two products without a carry, which those
#: for 16 do not: three vector operations less of 25. Two vectors that do not wait for each other hide the latencies too.
LEAP = 2 * LANES

#: States that `fill` computes one by one: those of two vectors, for any of the first sixteen draws to start with.
FILLED = LEAP + LANES

#: What outputs are combined with where draws are compared as they are, and where turned over: with the upper bit turned over,
#: unsigned numbers have the order of signed ones, which x86 compares in one instruction.
SIGN, ALL_BUT_SIGN = np.uint64(2**63), np.uint64(2**63 - 1)

HALF = np.uint64(32)
LOWER_HALF = np.uint64(2**32 - 1)
ZERO, ONE = (np.uint64(0), np.uint64(0)), (np.uint64(1), np.uint64(0))


class Generator(NamedTuple):
    """The functions of one generator, compiled into their callers.

    Attributes
    ----------
    advance : (state, increment, steps) -> state
        Make that many steps; each argument but the last is a pair of uint64.
    fill : (state, increment, lows, highs)
        Write the states of the next `FILLED` draws, as lower and upper halves.
    start : (increment) -> addends
        What `next_lanes` adds.
    next_lanes : (lanes, addends) -> lanes
        Make `LEAP` steps in each of sixteen lanes. Lanes are two vectors of uint64: lower and upper halves.
    output : (lanes) -> vector of uint64
        The 64 random bits of each lane.
    """

    advance: Any
    fill: Any
    start: Any
    next_lanes: Any
    output: Any


@tiny_helper
def state_at(address):
    """NumPy's state as an array of four words: lower and upper half of the state, and of the increment."""
    return numba.carray(pointer_to_uint64(numba.carray(pointer_to_uint64(address), 1)[0]), STATE_WORDS)


@tiny_helper
def lanes_at(lows, highs, first):
    """Sixteen states from index `first` on, as lanes."""
    return load_wide(lows, first, LANES), load_wide(highs, first, LANES)


@tiny_helper
def comparison_of(threshold):
    """The greatest output that keeps its element, and what outputs are combined with before, to be compared as signed numbers.

    A draw is the upper 53 bits of an output. The threshold is that of `mt19937_keep_bits.comparison_of`, but not 0, nor the
    complement of 0: some draw must keep its element.
    """
    if threshold < 0:
        return (np.uint64(~threshold) << UNUSED_BITS) - np.uint64(1) ^ SIGN, ALL_BUT_SIGN
    return (np.uint64(threshold) << UNUSED_BITS) - np.uint64(1) ^ SIGN, SIGN


@tiny_helper
def keep(output, comparison):
    """Which draws are kept."""
    greatest, turned = comparison
    return signed_at_most(output ^ turned, greatest)


def make_generator(multiplier: int, output: Callable[..., Any], *, draws_before_step: bool) -> Generator:
    """Make the functions for a multiplier and a function of the state."""
    once = halves_of(multiplier)
    leap, leap_of_increment = map(halves_of, powers(multiplier, LEAP))
    low, high = leap
    lower, upper = low & LOWER_HALF, low >> HALF
    assert int(lower) + int(upper) + 2 <= 2**32  # the sum for `second` is less than 2**64

    @helper
    def advance(state, increment, steps):
        factor, addend = once, increment
        while steps > 0:  # by 1, 2, 4, ... steps
            if steps & 1:
                state = multiply_add(state, factor, addend)
            addend = multiply_add(addend, factor, addend)
            factor = multiply_add(factor, factor, ZERO)
            steps >>= 1
        return state

    @helper
    def fill(state, increment, lows, highs):
        for lane in range(FILLED):
            following = multiply_add(state, once, increment)
            lows[lane], highs[lane] = state if draws_before_step else following
            state = following

    @tiny_helper
    def start(increment):
        total = multiply_add(increment, leap_of_increment, ZERO)
        return total[0] & LOWER_HALF, total[0] >> HALF, total[1]

    @helper
    def next_lanes(lanes, addends):
        # The schoolbook product, in digits of 32 bits.
        lows, highs = lanes
        uppers = lows >> HALF
        first = multiply_halves(lows, lower) + addends[0]
        second = multiply_halves(lows, upper) + multiply_halves(uppers, lower) + (first >> HALF) + addends[1]
        third = multiply_halves(uppers, upper) + (second >> HALF) + addends[2]
        return second << HALF | first & LOWER_HALF, third + multiply_words(highs, low) + multiply_words(lows, high)

    return Generator(advance, fill, start, next_lanes, output)


def powers(multiplier: int, steps: int) -> tuple[int, int]:
    """``multiplier**steps``, and the sum of the lower powers, modulo 2**128."""
    power = pow(multiplier, steps, (multiplier - 1) << 128)
    return power % 2**128, (power - 1) // (multiplier - 1) % 2**128


def halves_of(number: int) -> tuple[np.uint64, np.uint64]:
    """The lower and the upper 64 bits of an integer of 128."""
    return np.uint64(number % 2**64), np.uint64(number >> 64)


@helper
def _xsl_rr(lanes):
    """Both halves together, rotated by the upper six bits."""
    lows, highs = lanes
    return rotate_right_each(highs ^ lows, highs >> np.uint64(58))


@helper
def _dxsm(lanes):
    """Double xorshift, multiply."""
    lows, highs = lanes
    words = multiply_words(highs ^ (highs >> HALF), np.uint64(CHEAP_MULTIPLIER))
    return multiply_words(words ^ (words >> np.uint64(48)), lows | np.uint64(1))


PCG64 = make_generator(MULTIPLIER, _xsl_rr, draws_before_step=False)
PCG64DXSM = make_generator(CHEAP_MULTIPLIER, _dxsm, draws_before_step=True)
