"""Blocks of a larger array have the bits of the whole, wherever they are cut, in engine fast."""

import itertools
import pickle

import internals
import numpy as np
import pytest
from helpers import assert_same, examples
from hypothesis import given
from hypothesis import strategies as st

from dropout_fast import Dropout, dropout, dropout_add, relu_dropout

#: By rank: no array has more than some chunks of the stream.
WHOLES = st.one_of(
    st.tuples(st.integers(1, 100_000)),
    st.tuples(st.integers(1, 300), st.integers(1, 400)),
    st.tuples(*[st.integers(1, 50)] * 3),
    st.tuples(*[st.integers(1, 16)] * 4),
    st.tuples(*[st.integers(1, 9)] * 5),
)


@st.composite
def tilings(draw):
    """The shape of an array, and cuts along each axis, a few."""
    shape = draw(WHOLES)
    cuts = [sorted({0, length, *draw(st.lists(st.integers(0, length), max_size=2))}) for length in shape]
    return shape, cuts


def check_tiling(tiling, shared, keep_prob, key, dtype, threads):
    """All tiles together are the whole, each drawn alone."""
    shape, cuts = tiling
    noise_shape = [1 if is_shared else length for is_shared, length in zip(shared, shape, strict=False)] if any(shared) else None
    x = np.random.default_rng(key["seed"]).standard_normal(shape).astype(dtype)
    whole, mask = dropout(x, keep_prob=keep_prob, noise_shape=noise_shape, **key)
    keep = np.asarray(mask)
    with internals.force_parallel() if threads == 2 else internals.force_serial():
        for bounds in itertools.product(*(itertools.pairwise(of_axis) for of_axis in cuts)):
            index = tuple(slice(*bound) for bound in bounds)
            block = np.ascontiguousarray(x[index])
            for store_mask in (True, False):
                options = {"noise_shape": noise_shape, "region": (shape, bounds), "store_mask": store_mask}
                out, mask = dropout(block, keep_prob=keep_prob, **options, **key)
                assert_same(out, np.ascontiguousarray(whole[index]))
                assert_same(mask.apply(block), out)
                assert np.array_equal(np.asarray(mask), keep[index])


def cases(dtypes, threads, keep_probs):
    return given(
        tiling=tilings(),
        shared=st.just([False] * 5) | st.lists(st.booleans(), min_size=5, max_size=5),
        keep_prob=keep_probs,
        key=st.fixed_dictionaries({"seed": st.integers(0, 2**64 - 1), "step": st.integers(0, 2**64 - 1)}),
        dtype=st.sampled_from(dtypes),
        threads=st.sampled_from(threads),
    )


@examples(60)
@cases([np.float32], [1, 2], st.sampled_from([0.5, 0.9, 0.25, 1.0, 0.0]))
def test_any_tiling_is_the_whole(**case):
    check_tiling(**case)


@pytest.mark.long
@examples(10_000)
@cases([np.float16, np.float32, np.float64], [1, 2], st.floats(0, 1) | st.sampled_from([0.5, 0.25, 0.75, 2.0**-8, 2.0**-9]))
def test_any_tiling_is_the_whole_at_length(**case):
    check_tiling(**case)


WHOLE = (20, 30, 40)
INDEX = np.s_[3:17, 5:25, 11:33]
X = np.random.default_rng(0).standard_normal((14, 20, 22)).astype(np.float32)


@pytest.mark.parametrize(
    "index",
    [INDEX, list(INDEX), ((3, 17), (5, 25), (11, 33)), [[3, 17], slice(5, 25, 1), (11, np.int64(33))], np.s_[3:-3, -25:25, 11:-7]],
    ids=str,
)
def test_ways_of_saying_where(index):
    expected = dropout(np.ones(WHOLE, np.float32), seed=1)[0][INDEX]
    out, mask = dropout(np.ones(X.shape, np.float32), seed=1, region=(WHOLE, index))
    assert np.array_equal(out, expected)
    assert mask.region == (WHOLE, ((3, 17), (5, 25), (11, 33))) and mask.noise_shape is None
    assert bool(dropout(X, seed=1, region=mask.region)[1] == mask)


def test_axes_that_are_not_named_are_whole():
    whole = dropout(np.ones(WHOLE), seed=1)[0]
    for index in (np.s_[3:17], (np.s_[3:17],), ((3, 17),)):
        assert np.array_equal(dropout(np.ones((14, 30, 40)), seed=1, region=(WHOLE, index))[0], whole[3:17])
    assert np.array_equal(dropout(np.ones(WHOLE), seed=1, region=(WHOLE, ()))[0], whole)
    assert np.array_equal(dropout(np.ones((14, 30, 40)), seed=1, offset=3 * 30 * 40)[0], whole[3:17])


def test_chunks_far_apart():
    """Rows lie in different chunks, and the largest index is near the largest that there is."""
    shape = (2**31, 2**30)
    for row, column in ((0, 0), (5, 32760), (2**31 - 2, 2**30 - 20)):
        region = (shape, ((row, row + 2), (column, column + 20)))
        tile = dropout(np.ones((2, 20)), keep_prob=0.3, seed=1, region=region)[0]
        for k in range(2):
            flat = dropout(np.ones(20), keep_prob=0.3, seed=1, offset=(row + k) * 2**30 + column)[0]
            assert np.array_equal(tile[k], flat)


def test_pickles_and_comparison():
    for noise_shape in (None, (None, 1, None)):
        mask = dropout(X, seed=1, region=(WHOLE, INDEX), noise_shape=noise_shape)[1]
        twin = pickle.loads(pickle.dumps(mask))
        assert bool(twin == mask) and repr(twin) == repr(mask) and twin.region == mask.region
        assert (mask.seed, mask.step) == (1, 0) and "region=((20, 30, 40), ((3, 17), (5, 25), (11, 33)))" in repr(mask)
        assert bool(mask != dropout(X, seed=1, region=(WHOLE, np.s_[3:17, 5:25, 12:34]), noise_shape=noise_shape)[1])
    assert dropout(X, seed=1)[1].region is None


def test_fused_functions_and_sums():
    x = np.random.default_rng(1).standard_normal(WHOLE).astype(np.float32)
    block, bias = np.ascontiguousarray(x[INDEX]), x[0, 0, 11:33].copy()
    place = {"keep_prob": 0.5, "seed": 1, "region": (WHOLE, INDEX)}
    hidden = np.maximum(block + bias, 0)
    expected, of_dropout = dropout(hidden, **place)
    out, mask = relu_dropout(block, bias, **place)
    assert np.array_equal(out, expected)
    assert np.array_equal(np.asarray(mask) != 0, (np.asarray(of_dropout) != 0) & (hidden > 0))
    out, mask = dropout_add(block, block, bias, **place)
    assert_same(out, block + dropout(block + bias, **place)[0])
    for store_mask in (True, False):
        mask = dropout(block, **place, store_mask=store_mask)[1]
        sums = np.empty(22, np.float32)
        assert np.allclose(mask.apply(block, bias_gradient=sums).sum((0, 1)), sums, rtol=1e-4)


def test_layer():
    drop, whole = (Dropout(keep_prob=0.5, seed=1, axes=(1,)) for _ in range(2))
    for _ in range(2):
        assert np.array_equal(drop(np.ones(X.shape), region=(WHOLE, INDEX)), whole(np.ones(WHOLE))[INDEX])
        assert np.array_equal(drop.backward(np.ones(X.shape)), whole.backward(np.ones(WHOLE))[INDEX])


@pytest.mark.parametrize(
    ("region", "error", "message"),
    [
        (3, TypeError, "`region` is 3; expected a pair"),
        ((WHOLE,), ValueError, "`region` is .*; expected a pair"),
        ((20, INDEX), TypeError, r"`region\[0\]` is 20; expected the shape"),
        (((20, 30, 40.0), INDEX), TypeError, r"`region\[0\]\[2\]` has type float"),
        (((2**31, 2**31, 40), INDEX), ValueError, r"`region\[0\]` is .*; expected a shape of at most 2\*\*62 elements"),
        ((WHOLE, 3), TypeError, r"`region\[1\]` is 3; expected a slice or \(start, stop\)"),
        ((WHOLE, (*INDEX, slice(None))), ValueError, r"`region\[1\]` has 4 entries"),
        ((WHOLE, np.s_[3:17, 5:25, 11:33:2]), ValueError, r"`region\[1\]\[2\]` is slice.*; expected a slice without a step"),
        ((WHOLE, (slice("a"), *INDEX[1:])), TypeError, r"`region\[1\]\[0\]` is slice.*; expected a slice of integers"),
        ((WHOLE, ((3, 17), (5, 25), (33, 11))), ValueError, r"`region\[1\]\[2\]` is \(33, 11\); expected 0 <= start <= stop <= 40"),
        ((WHOLE, ((3, 17), (5, 25), (19, 41))), ValueError, r"`region\[1\]\[2\]` is \(19, 41\); expected 0 <= start <= stop <= 40"),
        ((WHOLE, ((3, 17), (5, 25), (-5, 17))), ValueError, r"`region\[1\]\[2\]` is -5"),
        ((WHOLE, ((3, 17), (5, 25), (17,))), ValueError, r"`region\[1\]\[2\]` is \(17,\); expected a slice or \(start, stop\)"),
        ((WHOLE, ((3, 17), (5, 25), 17)), TypeError, r"`region\[1\]\[2\]` is 17; expected a slice or \(start, stop\)"),
        ((WHOLE, np.s_[3:17, 5:25]), ValueError, r"`region` is a block of shape \(14, 20, 40\); expected \(14, 20, 22\)"),
        ((WHOLE, np.s_[17:3, 5:25, 11:33]), ValueError, r"`region` is a block of shape \(0, 20, 22\)"),
    ],
    ids=str,
)
def test_regions_that_make_no_sense(region, error, message):
    out = X.copy()
    for call in (
        lambda: dropout(X, seed=1, region=region, out=out),
        lambda: relu_dropout(X, seed=1, region=region, out=out),
        lambda: dropout_add(X, X, seed=1, region=region, out=out),
        lambda: Dropout(seed=1)(X, region=region, out=out),
    ):
        with pytest.raises(error, match=message):
            call()
    assert np.array_equal(out, X)


def test_what_cannot_stand_beside_a_region():
    rng = np.random.default_rng(0)
    for options, error, message in (
        ({"rng": rng}, TypeError, "`region` is given, and `rng` too; .*cannot skip"),
        ({"offset": 3}, TypeError, "`offset` is 3, and `region` is given"),
        ({"noise_shape": (14, 1, 22)}, ValueError, r"`noise_shape` is .*; expected a tuple that broadcasts to \(20, 30, 40\)"),
    ):
        with pytest.raises(error, match=message):
            dropout(X, region=(WHOLE, INDEX), **options)
    assert rng.random() == np.random.default_rng(0).random()
