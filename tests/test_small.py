"""Small arrays are dropped in fewer steps, and get the bits that others get."""

import pickle

import internals
import numpy as np
import pytest
from helpers import LAYOUTS, assert_same, floats, laid_out

import dropout_fast
from dropout_fast import reference

TRAIN = {"p": 0.7, "mode": "train"}

#: Of arrays with 0 to 2,001 elements, the number at which arrays are no longer small, and one less and one more.
SHAPES = [(), (0,), (1,), (63,), (100,), (2001,), (0, 3), (7, 11), (2, 3, 5), *((internals.small() + d,) for d in (-1, 0, 1))]


@pytest.fixture
def rng():
    return np.random.default_rng(20)


def small_and_usual(function):
    """What a function gives, as such and where nothing is small, each from the same state of `np.random`."""
    np.random.seed(3)
    small = function()
    np.random.seed(3)
    with internals.nothing_is_small():
        return small, function()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int64", "complex128"])
def test_engine_numpy_gives_the_reference_s_bits(shape, dtype, rng):
    x, dout = (floats(shape, dtype, rng) if dtype[0] == "f" else np.ones(shape, dtype) for _ in range(2))
    for p in (0.7, 1.0, 1 / 3, 5e-324):
        param = {"p": p, "mode": "train"}
        results = []
        for dropout in (dropout_fast, reference):
            np.random.seed(1)
            with np.errstate(all="ignore"):
                out, cache = dropout.dropout_forward(x, param)
                dx = dropout.dropout_backward(dout, cache)
            results.append((out, np.asarray(dx), np.asarray(cache[1]), np.random.random()))
        (out, dx, mask, draw), (out_theirs, dx_theirs, mask_theirs, draw_theirs) = results
        assert_same(np.asarray(out), np.asarray(out_theirs))
        assert_same(mask, mask_theirs)
        assert draw == draw_theirs
        if dtype != "int64":
            with np.errstate(all="ignore"):
                dx_theirs = dx_theirs.astype(dtype)
        assert_same(dx, dx_theirs)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize(
    "key", [{"seed": 1}, {"seed": 2**64 - 1, "step": 2**63, "offset": 515}, {"seed": 5, "keep_prob": 0.0}], ids=str
)
def test_engine_fast_gives_the_bits_of_other_arrays(shape, dtype, key, rng):
    x, dout = floats(shape, dtype, rng), floats(shape, dtype, rng)

    def forward_and_backward():
        out, mask = dropout_fast.dropout(x, **key)
        return out, mask.apply(dout), np.asarray(mask), mask.nbytes

    for small, usual in zip(*small_and_usual(forward_and_backward), strict=True):
        assert_same(np.asarray(small), np.asarray(usual))


@pytest.mark.parametrize("engine", ["numpy", "fast"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("shape", [(100,), (7, 11)], ids=str)
def test_every_layout_and_other_dtypes(engine, dtype, shape, rng):
    param = TRAIN if engine == "numpy" else {**TRAIN, "engine": "fast", "seed": 8}
    arrays = [laid_out(floats(shape, dtype, rng), layout) for layout in LAYOUTS]
    douts = [*arrays, floats(shape, "float64", rng), floats(shape, "float32", rng), np.arange(np.prod(shape)).reshape(shape)]
    for x in arrays:

        def forward_and_backwards(x=x):
            out, cache = dropout_fast.dropout_forward(x, param)
            with np.errstate(all="ignore"):
                return [out, *(dropout_fast.dropout_backward(dout, cache) for dout in douts)]

        for small, usual in zip(*small_and_usual(forward_and_backwards), strict=True):
            assert_same(small, usual)


def test_results_are_arrays_of_their_own(rng):
    x = floats((50,), "float64", rng, "normal")
    for param in (TRAIN, {**TRAIN, "engine": "fast"}):
        out, cache = dropout_fast.dropout_forward(x, param)
        dx = dropout_fast.dropout_backward(x, cache)
        assert out.flags.owndata and dx.flags.owndata
        expected = dx.tobytes()
        assert dropout_fast.dropout_backward(x, cache, out=x) is x
        assert x.tobytes() == expected


@pytest.mark.parametrize("engine", ["numpy", "fast"])
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("shape", [(100,), (7, 11)], ids=str)
def test_every_out(engine, dtype, shape, rng):
    param = TRAIN if engine == "numpy" else {**TRAIN, "engine": "fast", "seed": 8}
    x = floats(shape, dtype, rng, "normal")
    np.random.seed(2)
    expected = dropout_fast.dropout_forward(x, param)[0]
    for layout in ("c", "fortran", "strided", "reversed", "unaligned", "in place"):
        given = x.copy()
        out = given if layout == "in place" else laid_out(np.empty(shape, dtype), layout)
        np.random.seed(2)
        assert dropout_fast.dropout_forward(given, param, out=out)[0] is out
        assert np.array_equal(out, expected)
    x.flags.writeable = False
    with pytest.raises(ValueError, match="`out` is read-only"):
        dropout_fast.dropout_forward(x, param, out=x)


def test_no_warning_where_numpy_would_warn():
    x = np.array([np.inf, 1e308] * 50)
    np.random.seed(0)
    with np.errstate(all="raise"):
        _, cache = dropout_fast.dropout_forward(x, {"p": 0.01, "mode": "train"})
        dx = dropout_fast.dropout_backward(x, cache)
    assert np.isnan(dx).any()


@pytest.mark.parametrize("engine", ["numpy", "fast"])
def test_the_cache_counts_as_it_is_at_the_backward(engine):
    param = {**TRAIN, "engine": engine}
    x = np.ones(10)
    _, cache = dropout_fast.dropout_forward(x, param)
    x32 = np.ones(10, np.float32)
    assert dropout_fast.dropout_backward(x32, cache).dtype == np.float32
    param["dx_dtype"] = "float64"
    assert dropout_fast.dropout_backward(x32, cache).dtype == np.float64
    param["mode"] = "test"
    assert dropout_fast.dropout_backward(x, cache) is x


def test_complaints_are_those_about_other_arrays():
    _, cache = dropout_fast.dropout_forward(np.ones(10), TRAIN)
    with pytest.raises(ValueError, match=r"`dout` has shape \(2, 5\); expected \(10,\)"):
        dropout_fast.dropout_backward(np.ones((2, 5)), cache)
    with pytest.raises(ValueError, match=r"`a` has shape \(11,\)"):
        cache[1].apply(np.ones(11))
    with pytest.raises(TypeError, match="`x` has dtype object"):
        dropout_fast.dropout_forward(np.array([None]), TRAIN)
    with pytest.raises(TypeError, match="`x` has dtype object"):
        dropout_fast.dropout_forward(np.array([None]), {"p": 0.5, "mode": "test"})
    with pytest.raises(ValueError, match="mode"):
        dropout_fast.dropout_forward(np.ones(3), {"p": 0.5, "mode": np.array("train")})


def test_a_pickled_mask_multiplies_as_the_mask_itself():
    x = np.arange(30.0)
    for param in (TRAIN, {**TRAIN, "engine": "fast"}):
        _, (_, mask) = dropout_fast.dropout_forward(x, param)
        restored = pickle.loads(pickle.dumps(mask))
        assert_same(restored.apply(x), mask.apply(x))
        assert (restored == mask, restored.nbytes) == (True, mask.nbytes)


def test_another_generator_in_the_place_of_numpy_s():
    """Each call draws from the generator that `np.random` has then, also after one was given back."""
    x = np.ones(100)
    own = np.random.get_bit_generator()
    others = [np.random.MT19937(1), np.random.PCG64(2), np.random.MT19937(3)]
    results = []
    for dropout in (dropout_fast, reference):
        seeded = [type(other)(seed) for seed, other in enumerate(others)]
        np.random.seed(9)
        drawn = []
        try:
            for bit_generator in (seeded[0], own, seeded[1], seeded[2], own, seeded[0]):
                np.random.set_bit_generator(bit_generator)
                drawn.append(dropout.dropout_forward(x, TRAIN)[0])
        finally:
            np.random.set_bit_generator(own)
        results.append(np.array(drawn))
    assert_same(*results)


def test_many_probabilities():
    """More than plans are kept for."""
    x = np.ones(20)
    for dropout in (dropout_fast.dropout_forward, lambda x, param: dropout_fast.dropout_forward(x, {**param, "engine": "fast"})):
        for p in np.linspace(0.1, 1, 600).tolist():
            out = dropout(x, {"p": p, "mode": "train"})[0]
            assert set(out.tolist()) <= {0.0, 1 / p}
