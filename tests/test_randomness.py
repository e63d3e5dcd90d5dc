"""Engine fast's bits as random numbers: frequency, runs, pairs near and far, across chunks, seeds and steps.

Seeds are fixed, so the outcome is always the same. With fresh seeds, one keep_prob would raise a false alarm once in a
thousand runs, shared equally among its p-values; `pytest -m long -s tests/test_randomness.py` prints each of them.
raw_bits.py feeds the bits to dieharder.
"""

import internals
import numpy as np
import pytest
from internals import CHUNK
from numba import njit, prange
from scipy import stats

FALSE_ALARMS = 1e-3

KEEP_PROBS = [0.5, 0.1, 1 / 3, 1 - 2.0**-20]


def words_of(keep_prob, size, seed=1, step=0, offset=0):
    """Draw keep bits, 64 in each word."""
    return internals.keep_bits(seed, step, offset, keep_prob, size).view(np.uint64)


def ones_in(words):
    return int(np.bitwise_count(words).sum(dtype=np.int64))


@njit(parallel=True)
def pairs_at(lag, words, changes):
    """Count the pairs `lag` places apart that are both set, or differ if `changes`; returns that, and how many pairs there are."""
    whole, rest = np.int64(lag // 64), np.uint64(lag % 64)
    last = words.size - whole - 1
    total = 0
    for i in prange(last):
        other = words[i + whole] >> rest
        if rest > 0:
            other |= words[i + whole + 1] << (np.uint64(64) - rest)
        both = words[i] ^ other if changes else words[i] & other
        both -= both >> np.uint64(1) & np.uint64(0x5555555555555555)
        both = (both & np.uint64(0x3333333333333333)) + (both >> np.uint64(2) & np.uint64(0x3333333333333333))
        both = both + (both >> np.uint64(4)) & np.uint64(0x0F0F0F0F0F0F0F0F)
        total += np.int64(both * np.uint64(0x0101010101010101) >> np.uint64(56))
    return total, last * 64


def two_sided(z):
    return float(2 * stats.norm.sf(abs(z)))


def of_independent(both, first, second, size, p):
    """p-value of how often two bits of probability p are both set: normal by the exact variance, or Poisson if that is seldom."""
    if size * p * p < 100:
        return float(min(1, 2 * min(stats.poisson.cdf(both, size * p * p), stats.poisson.sf(both - 1, size * p * p))))
    covariance = both - p * (first + second) + size * p * p
    return two_sided(covariance / (p * (1 - p) * np.sqrt(size)))


def of_one_stream(words, p, lags):
    """p-values of frequency, runs, and pairs at each lag."""
    size, ones = words.size * 64, ones_in(words)
    yield "frequency", two_sided((ones - size * p) / np.sqrt(size * p * (1 - p)))
    changes, pairs = pairs_at(1, words, True)
    variance = 4 * p * (1 - p) * (1 - 3 * p * (1 - p))
    yield "runs", two_sided((changes - pairs * 2 * p * (1 - p)) / np.sqrt(pairs * variance))
    for lag in lags:
        both, pairs = pairs_at(lag, words, False)
        skipped = words.size - pairs // 64
        first = ones - ones_in(words[-skipped:])
        head = words[: lag // 64 + 1].copy()
        head[-1] &= np.uint64(2 ** (lag % 64) - 1)
        tail = words[-1:].copy()
        tail[0] &= np.uint64(2**64 - 2 ** (lag % 64))
        yield f"pairs at lag {lag}", of_independent(both, first, ones - ones_in(head) - ones_in(tail), pairs, p)


def of_two_streams(name, left, right, p):
    return name, of_independent(ones_in(left & right), ones_in(left), ones_in(right), left.size * 64, p)


def of_neighbours(draw, p, count):
    """p-values of equal positions under consecutive seeds, under consecutive steps, and with seed and step swapped."""
    for k in range(count):
        here = draw(100 + k, 7)
        yield of_two_streams(f"seeds {100 + k} and {101 + k}", here, draw(101 + k, 7), p)
        yield of_two_streams(f"steps {100 + k} and {101 + k}", draw(7, 100 + k), draw(7, 101 + k), p)
        yield of_two_streams(f"({100 + k}, 7) and (7, {100 + k})", here, draw(7, 100 + k), p)


def of_positions(draw, p, repeats):
    """p-value of the variance, over positions, of how often each is set in many steps."""
    counts = sum(np.unpackbits(draw(5, step).view(np.uint8)).astype(np.int32) for step in range(repeats))
    squares = ((counts - repeats * p) ** 2 / (repeats * p * (1 - p))).sum()
    excess = ((1 - 6 * p * (1 - p)) / (p * (1 - p))) / repeats  # kurtosis of a binomial number: 0 of a normal one
    z = (squares - counts.size) / np.sqrt(counts.size * (2 + excess))
    return f"each position over {repeats} steps", two_sided(z)


@pytest.mark.parametrize("keep_prob", KEEP_PROBS)
@pytest.mark.parametrize(
    ("size", "lags", "neighbours", "repeats"),
    [(2**24, 64, 4, 64), pytest.param(10**9 // 512 * 512, 1024, 64, 4096, marks=pytest.mark.long)],
)
def test_bits_are_random(keep_prob, size, lags, neighbours, repeats):
    rare = min(keep_prob, 1 - keep_prob)  # where nearly all bits are set, those that are not tell more

    def draw(seed, step, size=2**20):
        words = words_of(keep_prob, size, seed, step)
        return ~words if keep_prob > 0.5 else words

    across_chunks = [CHUNK * k for k in (1, 2, 3, 8)]
    results = [*of_one_stream(draw(1, 0, size), rare, [*range(1, lags + 1), *across_chunks])]
    results += of_neighbours(lambda seed, step: draw(seed, step, size // 64), rare, neighbours)
    results.append(of_positions(lambda seed, step: draw(seed, step, 2**16), rare, repeats))
    for name, value in results:
        print(f"keep_prob {keep_prob:.7f}  {name:30} p = {value:.4f}")
    name, least = min(results, key=lambda result: result[1])
    corrected = least * len(results)
    print(f"keep_prob {keep_prob:.7f}: {len(results)} p-values, the least {least:.2g} ({name}), times their number {corrected:.2g}")
    assert corrected > FALSE_ALARMS, (name, least)


@pytest.mark.parametrize("keep_prob", [0.1, 1 / 3])
@pytest.mark.parametrize("size", [2**26, pytest.param(10**10, marks=pytest.mark.long)])
def test_keep_prob(keep_prob, size):
    """Within 5 standard deviations: by chance outside once in 1.7 million runs."""
    piece = 2**26
    pieces = [min(piece, size - first) // 64 * 64 for first in range(0, size, piece)]
    ones = sum(ones_in(words_of(keep_prob, count, seed=2, offset=piece * k)[: count // 64]) for k, count in enumerate(pieces))
    deviations = (ones - sum(pieces) * keep_prob) / np.sqrt(sum(pieces) * keep_prob * (1 - keep_prob))
    print(f"keep_prob {keep_prob:.7f}: {ones} of {sum(pieces)} kept, {deviations:+.2f} standard deviations")
    assert abs(deviations) < 5


def test_these_tests_can_fail():
    """Bits that are slightly too many, alike at lag 3, or the same for two seeds are found."""
    words = words_of(0.5, 2**24)
    echo = words.copy()
    # In one word of 200 a set bit becomes what the third before it was.
    echo[::200] ^= echo[::200] & ((echo[::200] << np.uint64(3)) ^ echo[::200])
    assert dict(of_one_stream(echo, 0.5, [3]))["pairs at lag 3"] < 1e-6
    assert min(value for _, value in of_one_stream(words_of(0.502, 2**24), 0.5, [])) < 1e-6
    assert of_two_streams("", words, words.copy(), 0.5)[1] < 1e-6
