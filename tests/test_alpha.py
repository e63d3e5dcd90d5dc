"""`alpha_dropout` is the formula of its authors, keeps mean 0 and variance 1, and its mask is the gradient."""

import copy
import pickle

import numpy as np
import pytest
from helpers import assert_same

import dropout_fast
from dropout_fast import alpha_dropout, dropout
from dropout_fast.alpha import DROPPED, AlphaMask, affine_map


def formula(x, kept, q):
    scale = (q + DROPPED**2 * q * (1 - q)) ** -0.5
    shift = -scale * (1 - q) * DROPPED
    return scale * (x * kept + DROPPED * (1 - kept)) + shift


def test_the_limit_is_that_of_selu():
    """The constants of the paper: lambda 1.0507..., alpha 1.6732..."""
    assert np.isclose(DROPPED, -1.0507009873554804934193349852946 * 1.6732632423543772848170429916717, rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("q", [0.9, 0.5, 0.05, 1.0])
@pytest.mark.parametrize(
    "options", [{}, {"noise_shape": (None, 1)}, {"offset": 77}, {"region": ((99, 100), np.s_[3:43, 20:50])}], ids=str
)
def test_engine_fast_is_the_formula(dtype, q, options):
    x = np.random.default_rng(0).standard_normal((40, 30)).astype(dtype)
    kept = np.asarray(dropout(x, keep_prob=q, seed=3, **options)[1]) != 0
    tolerance = {"rtol": 0, "atol": 20 * np.finfo(dtype).eps}
    for store_mask in (True, False):
        out, mask = alpha_dropout(x, keep_prob=q, seed=3, store_mask=store_mask, **options)
        assert out.dtype == dtype
        np.testing.assert_allclose(out, formula(x, kept, q), **tolerance)
        np.testing.assert_allclose(mask.apply(x), x * kept * affine_map(q)[0], **tolerance)
        np.testing.assert_allclose(np.asarray(mask), kept * affine_map(q)[0], rtol=1e-15)
    in_place = x.copy()
    assert alpha_dropout(in_place, keep_prob=q, seed=3, out=in_place, **options)[0] is in_place
    assert_same(in_place, out)


@pytest.mark.parametrize("kind", ["MT19937", "PCG64", "SFC64"])
def test_a_generator_draws_as_numpy_code_does(kind):
    ours, theirs = (np.random.Generator(getattr(np.random, kind)(4)) for _ in range(2))
    x = np.random.default_rng(0).standard_normal((40, 30))
    out, _ = alpha_dropout(x, rate=0.2, rng=ours)
    np.testing.assert_allclose(out, formula(x, theirs.random(x.shape) < 0.8, 0.8), atol=1e-14)
    assert ours.random() == theirs.random()


def test_mean_and_variance_stay():
    """Five standard deviations of the estimates: the variance of a square is below 10 here."""
    x = np.random.default_rng(0).standard_normal(200_000)
    for q in (0.95, 0.5, 0.2):
        out, _ = alpha_dropout(x, keep_prob=q, seed=1)
        assert abs(out.mean()) < 5 / x.size**0.5 and abs(out.var() - 1) < 5 * (10 / x.size) ** 0.5


def test_the_mask_is_the_gradient():
    x, dout = (np.random.default_rng(k).standard_normal(50) for k in range(2))
    out, mask = alpha_dropout(x, keep_prob=0.7, seed=1)
    again, _ = alpha_dropout(x + 1e-6, keep_prob=0.7, seed=1)
    np.testing.assert_allclose((again - out) * dout / 1e-6, mask.apply(dout), atol=1e-7)


def test_its_mask():
    mask = alpha_dropout(np.ones((4, 5)), keep_prob=0.7, seed=1)[1]
    assert isinstance(mask, AlphaMask) and mask.shape == (4, 5) and mask.nbytes == 64 and mask.keep_prob == 0.7
    assert repr(mask) == "AlphaMask(shape=(4, 5), keep_prob=0.7, nbytes=64)"
    for twin in (pickle.loads(pickle.dumps(mask)), copy.copy(mask)):
        assert twin == mask and np.array_equal(twin.apply(np.ones((4, 5))), mask.apply(np.ones((4, 5))))
    assert mask != alpha_dropout(np.ones((4, 5)), keep_prob=0.7, seed=2)[1]


def test_nan_and_inf_that_are_dropped_in_engine_fast():
    x = np.array([np.nan, np.inf, -np.inf, 1.0] * 8)
    out, mask = alpha_dropout(x, keep_prob=0.5, seed=1)
    scale, shift = affine_map(0.5)
    dropped = np.asarray(mask) == 0
    assert dropped[:4].any() and np.allclose(out[dropped], scale * DROPPED + shift)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"keep_prob": 0.0}, ValueError, r"`keep_prob` is 0.0; expected a number in \(0, 1\]"),
        ({"rate": 1}, ValueError, r"`rate` is 1; expected a number in \[0, 1\)"),
        ({"x": np.ones(3, complex)}, TypeError, "`x` has dtype complex128; expected real floats"),
        ({"x": np.ones(3, int)}, TypeError, "`x` has dtype int64; expected floats"),
        ({"out": np.ones(4)}, ValueError, "`out` has shape"),
        ({"rng": np.random, "store_mask": False}, TypeError, "`store_mask` is False"),
        ({"rng": np.random, "seed": 1}, TypeError, "`seed` is 1"),
    ],
    ids=str,
)
def test_what_makes_no_sense(options, error, message):
    with pytest.raises(error, match=message):
        alpha_dropout(**({"x": np.ones(3)} | options))
    with pytest.raises(TypeError, match=r"alpha_dropout\(x, ...\) got 0.1 by position"):
        dropout_fast.alpha_dropout(np.ones(3), 0.1)
