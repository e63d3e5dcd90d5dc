"""One MT19937 stream by several threads: jumps against brute force, and strides against NumPy, bit for bit."""

import multiprocessing
import os
from unittest.mock import patch

import numpy as np
import pytest
from helpers import assert_same, floats, forward_of_both, run_python
from numba import config

import dropout_fast
from dropout_fast import numpy_strides, reference, runtime
from dropout_fast.kernels.mt19937 import DRAWS_A_BLOCK
from dropout_fast.numpy_strides import BLOCKS_A_JUMP, shares

DEGREE = 19937


def blocks_of(seed, count):
    """The generator's words before tempering, from the second block on: the first one's lowest bits are the seed's."""
    generator, blocks = np.random.MT19937(seed), []
    generator.random_raw(1)
    for _ in range(count):
        generator.random_raw(624)
        blocks.append(generator.state["state"]["key"])
    return np.concatenate(blocks)


@pytest.mark.parametrize("exponent", [0, 1, 623, 19936, 19937, 19938, 25000, 40000])
def test_a_power_of_t_is_a_jump(exponent):
    polynomial = numpy_strides._power_of_t(exponent)
    assert polynomial.bit_length() <= DEGREE
    words = blocks_of(exponent, 66)
    total = np.zeros(624, np.uint32)
    for i in range(DEGREE):
        if polynomial >> i & 1:
            total ^= words[i : i + 624]
    assert_same(total, words[exponent : exponent + 624])


@pytest.mark.parametrize("exponent", [0, 1, 19936, 19937, 10**6])
def test_a_power_divided_by_a_block_is_the_power_a_block_before(exponent):
    assert numpy_strides._divided_by_block(numpy_strides._power_of_t(exponent + 624)) == numpy_strides._power_of_t(exponent)


@pytest.mark.parametrize("size", [1, 312, 100_000, 2**20, 2**24 + 1, 10**10])
@pytest.mark.parametrize("threads", [1, 2, 3, 8, 128])
def test_shares_are_whole_words_of_bits_and_cover_the_array(size, threads):
    first, stride, others = shares(size, threads)
    assert first % 8 == stride % 8 == 0 and first == stride + BLOCKS_A_JUMP and stride >= BLOCKS_A_JUMP / 2
    assert 0 <= others < threads
    blocks = -(-size // DRAWS_A_BLOCK)
    assert first + others * stride >= blocks > (first + (others - 1) * stride if others else 0)


@pytest.mark.parametrize("others", [0, 1, 16, 17, 40])
def test_jumps_to_every_stride(others):
    def jumps_to(first, stride, count):
        with patch.object(numpy_strides, "_digits", lambda polynomial: polynomial), patch.object(np, "empty", lambda *_: [0] * 99):
            return numpy_strides._jumps.__wrapped__(first, stride, count)

    first, stride = 5, 3
    jumps, over_a_block = jumps_to(first, stride, others), numpy_strides._multiples(1 << 624)
    for other in range(others):
        power = jumps[other % 16]
        if other >= 16:
            power = numpy_strides._product(power, numpy_strides._multiples(jumps[15 + other // 16]))
            power = numpy_strides._product(power, over_a_block)  # each jump is a block short
        assert power == numpy_strides._power_of_t(624 * (first + other * stride - 1))


def compare_random_cases(count, seed, threads=None):
    """Draw cases whose strides are short, so that a few thousand elements have many; sizes lie around their boundaries."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        strides_in_all = int(rng.integers(1, 9)) if threads is None else threads
        blocks, longer = int(rng.choice([8, 16, 24], p=[0.8, 0.15, 0.05])), int(rng.choice([0, 8]))
        size = DRAWS_A_BLOCK * (longer + blocks * int(rng.integers(0, strides_in_all + 1))) + int(rng.integers(-90, 91))
        x = floats((max(0, size),), rng.choice([np.float32, np.float64]), rng, "normal")
        dropout_param = {"p": float(rng.choice([0.5, 0.25, 0.9, 1 / 3, 1.0, rng.random() or 1.0])), "mode": "train"}
        if rng.random() < 0.5:
            dropout_param["seed"] = int(rng.integers(0, 2**32))
        np.random.seed(int(rng.integers(0, 2**32)))
        with (
            patch.object(runtime, "PARALLEL_FROM", 0),
            patch.object(runtime, "STREAMING_FROM", rng.choice([0, 10**6])),
            patch.object(numpy_strides, "BLOCKS_A_JUMP", longer),
            patch.object(config, "NUMBA_NUM_THREADS", strides_in_all),
        ):
            (out, (_, mask)), (their_out, (_, their_mask)) = forward_of_both(x, dropout_param, int(rng.integers(0, 1500)))
        assert_same(out, their_out)
        assert_same(np.asarray(mask), their_mask)
    return count


CASES = [100, pytest.param(100_000, marks=pytest.mark.long)]


@pytest.mark.parametrize("count", CASES)
def test_random_cases_on_any_number_of_threads(count):
    assert compare_random_cases(count, 0) == count


@pytest.mark.parametrize("threads", [17, 40])
def test_threads_that_jump_twice(threads):
    assert compare_random_cases(5, 4, threads) == 5


@pytest.mark.parametrize("count", [30, pytest.param(5_000, marks=pytest.mark.long)])
def test_random_cases_with_more_threads_than_cores(count):
    program = f"import test_numpy_strides; print(test_numpy_strides.compare_random_cases({count}, 1, threads=8))"
    environment = {"NUMBA_NUM_THREADS": "8", "NUMBA_CACHE_DIR": os.environ["NUMBA_CACHE_DIR"]}
    assert run_python(program, **environment) == f"{count}\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning", "ignore:os.fork.*JAX:RuntimeWarning")
@pytest.mark.parametrize("count", [30, pytest.param(5_000, marks=pytest.mark.long)])
def test_random_cases_in_a_forked_child(count):
    compare_random_cases(1, 2, threads=2)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(compare_random_cases, (count, 3)) == count


@pytest.mark.parametrize("blocks", [40, 4 * 416])  # 416 blocks on, a first word is a sum in which the first word is
def test_a_lower_half_of_the_first_word_that_no_recurrence_knows(blocks):
    """After `set_state` the position may be 0 and the first word anything; its lower bits are given out, and forgotten."""
    rng = np.random.default_rng(0)
    x = floats((blocks * DRAWS_A_BLOCK,), np.float32, rng)
    for _ in range(10):
        state = ("MT19937", rng.integers(0, 2**32, 624, np.uint32), 0, 0, 0.0)
        after = []
        with (
            patch.object(runtime, "PARALLEL_FROM", 0),
            patch.object(numpy_strides, "BLOCKS_A_JUMP", 0),
            patch.object(config, "NUMBA_NUM_THREADS", 4),
        ):
            for dropout in (dropout_fast, reference):
                np.random.set_state(state)
                with np.errstate(all="ignore"):
                    out = dropout.dropout_forward(x, {"p": 0.4, "mode": "train"})[0]
                after.append(out.tobytes() + np.random.rand(700).tobytes())
        assert after[0] == after[1]
