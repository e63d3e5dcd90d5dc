"""`spatial_dropout` and `drop_path` drop what Keras's and PyTorch's calls of the table drop."""

import importlib.util
import os

import numpy as np
import pytest
from helpers import assert_same

from dropout_fast import alpha_dropout, drop_path, dropout, spatial_dropout


@pytest.mark.parametrize("ndim", [2, 3, 4, 5])
@pytest.mark.parametrize("options", [{"seed": 3, "step": 1}, {"seed": 3, "store_mask": False}, {"rng": 7}], ids=str)
def test_they_are_dropout_with_a_noise_shape(ndim, options):
    x = np.random.default_rng(0).standard_normal((8, 7, 6, 5, 4)[:ndim]).astype(np.float32)
    shared = (1,) * (ndim - 2)
    for call, noise_shape in (
        (lambda **options: spatial_dropout(x, **options), (8, 7, *shared)),
        (lambda **options: spatial_dropout(x, channels="last", **options), (8, *shared, x.shape[-1])),
        (lambda **options: drop_path(x, **options), (8, *(1,) * (ndim - 1))),
    ):
        ours, theirs = (
            {**options, **({"rng": np.random.default_rng(options["rng"])} if "rng" in options else {})} for _ in range(2)
        )
        (out, mask), (expected, of_dropout) = call(rate=0.3, **ours), dropout(x, rate=0.3, noise_shape=noise_shape, **theirs)
        assert_same(out, expected)
        assert bool(mask == of_dropout) and mask.noise_shape == of_dropout.noise_shape
        assert_same(mask.apply(x), of_dropout.apply(x))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: spatial_dropout(np.ones(3)), ValueError, r"`x` has shape \(3,\); expected at least 2 axes"),
        (lambda: drop_path(np.float64(3)), ValueError, r"`x` has shape \(\); expected at least 1 axis"),
        (lambda: spatial_dropout(np.ones((3, 4)), channels="channels_last"), ValueError, "`channels` is 'channels_last'; expected"),
        (lambda: spatial_dropout(np.ones((3, 4)), 0.1), TypeError, r"spatial_dropout\(x, ...\) got 0.1 by position"),
        (lambda: drop_path(np.ones((3, 4)), 0.1), TypeError, r"drop_path\(x, ...\) got 0.1 by position"),
        (lambda: drop_path([1, 2]), TypeError, "`x` .* of dtype int64; expected|`x` has dtype int64; expected floats"),
        (lambda: drop_path(np.ones(3), keep_prob=2.0), ValueError, "`keep_prob` is 2.0"),
    ],
)
def test_what_makes_no_sense(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_dropconnect():
    """The example in the module's docstring: the gradients are those of the product by kept weights."""
    rng = np.random.default_rng(0)
    x, weights, dy = rng.standard_normal((20, 30)), rng.standard_normal((30, 40)), rng.standard_normal((20, 40))
    kept_weights, mask = dropout(weights, keep_prob=0.8, seed=1)
    factor = np.asarray(mask)
    assert np.array_equal(kept_weights != 0, factor != 0)
    gradient = mask.apply(x.T @ dy)
    for index in ((0, 0), (3, 5), (29, 39)):
        moved = weights.copy()
        moved[index] += 1e-6
        difference = ((x @ mask.apply(moved) - x @ kept_weights) * dy).sum() / 1e-6
        assert np.isclose(difference, gradient[index], atol=1e-5)


def pattern(array, dropped=0.0):
    """The axes along which an array is dropped together, by the extents of the smallest array that broadcasts to it."""
    is_dropped = np.isclose(array, dropped)
    return tuple(
        1 if np.array_equal(is_dropped, np.broadcast_to(is_dropped.take([0], axis), is_dropped.shape)) else length
        for axis, length in enumerate(is_dropped.shape)
    )


#: x large enough that no two neighbours along an axis of its own agree by chance.
SHAPE = (8, 9, 6, 7)


def test_calls_of_pytorch():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    of_rank = {1: SHAPE[:3], 2: SHAPE, 3: (*SHAPE, 5)}
    for rank, shape in of_rank.items():
        theirs = getattr(torch.nn, f"Dropout{rank}d")(p=0.4)(torch.ones(shape)).numpy()
        ours, _ = spatial_dropout(np.ones(shape, np.float32), rate=0.4, seed=1)
        assert pattern(ours) == pattern(theirs) == (*shape[:2], *(1,) * rank)
        assert np.allclose(np.unique(ours), np.unique(theirs))
    theirs = torch.nn.Dropout1d(p=0.4)(torch.ones(SHAPE[1:3])).numpy()  # without a batch
    ours, _ = dropout(np.ones(SHAPE[1:3]), rate=0.4, seed=1, noise_shape=(None, 1))
    assert pattern(ours) == pattern(theirs) == (9, 1)
    theirs = torch.nn.Dropout(p=0.4)(torch.ones(SHAPE)).numpy()
    assert pattern(dropout(np.ones(SHAPE), rate=0.4, seed=1)[0]) == pattern(theirs) == SHAPE
    for module, options, expected in (
        (torch.nn.AlphaDropout, {}, SHAPE),
        (torch.nn.FeatureAlphaDropout, {"noise_shape": (None, None, 1, 1)}, (8, 9, 1, 1)),
    ):
        x = torch.full(SHAPE, 0.25, requires_grad=True)
        theirs = module(p=0.4)(x)
        theirs.sum().backward()
        ours, mask = alpha_dropout(np.full(SHAPE, 0.25, np.float32), rate=0.4, seed=1, **options)
        assert pattern(ours, ours.min()) == pattern(theirs.detach().numpy(), ours.min()) == expected
        assert np.allclose(np.unique(ours.round(5)), np.unique(theirs.detach().numpy().round(5)), atol=2e-5)
        gradient = mask.apply(np.ones(SHAPE, np.float32))
        assert np.allclose(np.unique(gradient.round(5)), np.unique(x.grad.numpy().round(5)), atol=2e-5)


@pytest.mark.skipif(importlib.util.find_spec("keras") is None, reason="keras is not installed")
def test_calls_of_keras():
    os.environ.setdefault("KERAS_BACKEND", "torch")
    pytest.importorskip("torch")
    keras = pytest.importorskip("keras")
    for rank, shape in ((1, SHAPE[:3]), (2, SHAPE), (3, (*SHAPE, 5))):
        x = np.ones(shape, np.float32)
        theirs = np.asarray(getattr(keras.layers, f"SpatialDropout{rank}D")(0.4, seed=1)(x, training=True))
        ours, _ = spatial_dropout(x, rate=0.4, seed=1, channels="last")
        assert pattern(ours) == pattern(theirs) == (shape[0], *(1,) * rank, shape[-1])
        assert np.allclose(np.unique(ours), np.unique(theirs))
    x = np.ones(SHAPE, np.float32)
    theirs = np.asarray(keras.layers.SpatialDropout2D(0.4, "channels_first", seed=1)(x, training=True))
    assert pattern(spatial_dropout(x, rate=0.4, seed=1)[0]) == pattern(theirs) == (8, 9, 1, 1)
    for noise_shape in ((None, 1, None, 1), (8, 1, 1, 7), (1, 9, 6, 7)):
        theirs = np.asarray(keras.layers.Dropout(0.4, noise_shape=noise_shape, seed=1)(x, training=True))
        assert pattern(dropout(x, rate=0.4, seed=1, noise_shape=noise_shape)[0]) == pattern(theirs)
    x = np.full(SHAPE, 0.25, np.float32)
    theirs = np.asarray(keras.layers.AlphaDropout(0.4, seed=1)(x, training=True))
    ours, _ = alpha_dropout(x, rate=0.4, seed=1)
    assert np.allclose(np.unique(ours.round(5)), np.unique(theirs.round(5)), atol=2e-5)
