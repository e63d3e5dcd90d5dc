"""Several threads share one MT19937 stream: jumps ahead agree with brute force, and the bits with NumPy's."""

import multiprocessing
import os

import internals
import numpy as np
import pytest
from helpers import assert_same, floats, run_program
from internals import BLOCKS_PER_JUMP, DRAWS_PER_BLOCK
from stride_cases import compare_random_cases

import dropout_fast
from dropout_fast import reference

DEGREE = 19937


def blocks_of(seed, count):
    """The generator's words before tempering, from the second block on: the recurrence does not hold for the first word of all."""
    generator, blocks = np.random.MT19937(seed), []
    generator.random_raw(1)
    for _ in range(count):
        generator.random_raw(624)
        blocks.append(generator.state["state"]["key"])
    return np.concatenate(blocks)


@pytest.mark.parametrize("exponent", [0, 1, 623, 19936, 19937, 19938, 25000, 40000])
def test_a_power_of_t_is_a_jump(exponent):
    polynomial = internals.power_of_t(exponent)
    assert polynomial.bit_length() <= DEGREE
    words = blocks_of(exponent, 66)
    total = np.zeros(624, np.uint32)
    for i in range(DEGREE):
        if polynomial >> i & 1:
            total ^= words[i : i + 624]
    assert_same(total, words[exponent : exponent + 624])


@pytest.mark.parametrize("exponent", [0, 1, 19936, 19937, 10**6])
def test_a_power_divided_by_a_block_is_the_power_a_block_before(exponent):
    assert internals.divided_by_block(internals.power_of_t(exponent + 624)) == internals.power_of_t(exponent)


@pytest.mark.parametrize("size", [1, 312, 100_000, 2**20, 2**24 + 1, 10**10])
@pytest.mark.parametrize("threads", [1, 2, 3, 8, 128])
def test_shares_are_whole_words_of_bits_and_cover_the_array(size, threads):
    first, stride, others = internals.shares(size, threads)
    assert first % 8 == stride % 8 == 0 and first == stride + BLOCKS_PER_JUMP and stride >= BLOCKS_PER_JUMP / 2
    assert 0 <= others < threads
    blocks = -(-size // DRAWS_PER_BLOCK)
    assert first + others * stride >= blocks > (first + (others - 1) * stride if others else 0)


@pytest.mark.parametrize("others", [0, 1, 16, 17, 40])
def test_jumps_to_every_stride(others):
    first, stride, block = 5, 3, internals.power_of_t(624)
    jumps = internals.jumps(first, stride, others)
    for other in range(others):
        power = jumps[other % 16]
        if other >= 16:
            power = internals.product(power, jumps[15 + other // 16])
            power = internals.product(power, block)  # each jump is a block short
        assert power == internals.power_of_t(624 * (first + other * stride - 1))


@pytest.mark.parametrize("count", [100, pytest.param(100_000, marks=pytest.mark.long)])
def test_random_cases_on_any_number_of_threads(count):
    assert compare_random_cases(count, 0) == ["nontemporal", "parallel", "serial"]


@pytest.mark.parametrize("threads", [17, 40])
def test_threads_that_jump_twice(threads):
    assert "serial" not in compare_random_cases(5, 4, threads)


@pytest.mark.parametrize("count", [30, pytest.param(5_000, marks=pytest.mark.long)])
def test_random_cases_with_more_threads_than_cores(count):
    assert run_program("random_shares", count, 8, timeout=3600, NUMBA_NUM_THREADS="8") == "nontemporal parallel\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning", "ignore:os.fork.*JAX:RuntimeWarning")
@pytest.mark.parametrize("count", [30, pytest.param(5_000, marks=pytest.mark.long)])
def test_random_cases_in_a_forked_child(count):
    assert "serial" not in compare_random_cases(5, 2, threads=2)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(compare_random_cases, (count, 3)) == ["serial"]


@pytest.mark.parametrize("blocks", [40, 4 * 416])  # the first word of block 416 depends on the first word of all
def test_a_lower_half_of_the_first_word_that_no_recurrence_knows(blocks):
    """After `set_state` with position 0 the first word is drawn whole, though the recurrence ignores its lower 31 bits."""
    rng = np.random.default_rng(0)
    x = floats((blocks * DRAWS_PER_BLOCK,), np.float32, rng)
    for _ in range(10):
        state = ("MT19937", rng.integers(0, 2**32, 624, np.uint32), 0, 0, 0.0)
        after = []
        for dropout in (dropout_fast, reference):
            np.random.set_state(state)
            with (
                internals.force_parallel(),
                internals.never_nontemporal(),
                internals.blocks_per_jump(0),
                internals.threads(4),
                internals.kernels_called() as called,
                np.errstate(all="ignore"),
            ):
                out = dropout.dropout_forward(x, {"p": 0.4, "mode": "train"})[0]
            assert called == (["parallel"] if dropout is dropout_fast else [])
            after.append(out.tobytes() + np.random.rand(700).tobytes())
        assert after[0] == after[1]
