"""`dropout`: values, masks, seeds, layouts and dtypes. (test_streams_counter.py checks the keep bits themselves.)"""

import copy
import pickle
import random

import ml_dtypes
import numpy as np
import pytest
from helpers import LAYOUTS, floats, laid_out, state

import dropout_fast
from asv_bench.measuring.memory import peak_bytes
from dropout_fast import KeepMask, dropout

pytestmark = pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")

DTYPES = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]


def expected_of(x, mask):
    """Multiply kept elements by 1 / keep_prob, in float32 for float16 and bfloat16; the others become +0."""
    working = np.float64 if x.dtype.itemsize == 8 else np.float32
    product = (x.astype(working) * working(1 / mask.keep_prob)).astype(x.dtype)
    return np.where(np.asarray(mask) > 0, product, np.zeros((), x.dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("keep_prob", [0.1, 0.5, 0.9, 1.0])
def test_values(dtype, keep_prob):
    x = np.linspace(-3, 3, 5000).astype(dtype).reshape(50, 100)
    x.flat[::7] = np.nan
    x.flat[1::7] = np.inf
    x.flat[2::7] = -0.0
    out, mask = dropout(x, keep_prob=keep_prob, seed=4)
    assert type(out) is np.ndarray and out.dtype == x.dtype and out.shape == x.shape and not np.shares_memory(out, x)
    np.testing.assert_array_equal(out.astype(np.float64), expected_of(x, mask).astype(np.float64))
    dropped = out[np.asarray(mask) == 0].astype(np.float32)
    assert not dropped.any() and not np.signbit(dropped).any()  # NaN, inf and -0.0 too become +0
    assert (mask.apply(x).tobytes(), mask.dtype) == (out.tobytes(), np.float64)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize("keep_prob", [1.0, 0.9, 0.5, 0.3, 1e-3])
def test_every_half_number(dtype, keep_prob):
    x = np.arange(2**16, dtype=np.uint16).view(dtype)
    out, mask = dropout(x, keep_prob=keep_prob, seed=1)
    expected = expected_of(x, mask)
    is_nan = np.isnan(expected.astype(np.float32))
    assert np.array_equal(np.isnan(out.astype(np.float32)), is_nan)
    assert np.array_equal(out.view(np.uint16)[~is_nan], expected.view(np.uint16)[~is_nan])


def test_drop_all_and_keep_all():
    x = np.array([np.nan, np.inf, -1.0, 2.0])
    out, mask = dropout(x, keep_prob=0.0)
    assert out.tobytes() == bytes(32) and np.asarray(mask).tolist() == [0.0] * 4 and mask.keep_fraction() == 0
    out, mask = dropout(x, keep_prob=1)
    assert out.tobytes() == x.tobytes() and np.asarray(mask).tolist() == [1.0] * 4 and mask.keep_fraction() == 1


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1,), (7, 11, 13)], ids=str)
def test_shapes(shape):
    out, mask = dropout(np.ones(shape, np.float32), seed=5)
    assert out.shape == mask.shape == np.asarray(mask).shape == shape
    assert np.array_equal(out, np.asarray(mask))
    assert np.isnan(mask.keep_fraction()) if out.size == 0 else mask.keep_fraction() == np.count_nonzero(out) / out.size


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_layouts_of_x_and_out(layout, dtype):
    x = laid_out(floats((30, 50), dtype, np.random.default_rng(1), "normal"), layout)
    expected, mask = dropout(np.array(x, dtype, order="C"), keep_prob=0.3, seed=9)
    for store_mask in (True, False):
        out, same = dropout(x, keep_prob=0.3, seed=9, store_mask=store_mask)
        assert np.array_equal(out, expected) and same == mask and out.dtype == x.dtype
        assert np.array_equal(same.apply(x), expected)
        target = np.empty_like(x)
        assert dropout(x, keep_prob=0.3, seed=9, out=target, store_mask=store_mask)[0] is target
        assert np.array_equal(target, expected)
    if x.flags.writeable:
        assert dropout(x, keep_prob=0.3, seed=9, out=x)[0] is x
        assert np.array_equal(x, expected)


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128, np.longdouble])
def test_dtypes_that_numpy_multiplies(dtype):
    x = np.arange(1, 301).astype(dtype)
    x[::5] = np.nan
    out, mask = dropout(x, keep_prob=0.3, seed=2)
    kept = np.asarray(mask) > 0
    assert mask == dropout(np.ones(300), keep_prob=0.3, seed=2)[1]
    assert out.dtype == dtype and not out[~kept].any()
    np.testing.assert_allclose(out[kept], x[kept] / 0.3, rtol=1e-6)
    target = np.empty_like(x)
    assert dropout(x, keep_prob=0.3, seed=2, out=target)[0] is target and np.array_equal(target, out, equal_nan=True)


def test_subclasses_stay_what_they_are(tmp_path):
    plain = np.arange(1.0, 13.0).reshape(3, 4)
    expected, _ = dropout(plain, keep_prob=0.5, seed=2)
    hidden = dropout(np.ma.masked_greater(plain, 8), keep_prob=0.5, seed=2)[0]
    assert isinstance(hidden, np.ma.MaskedArray) and hidden.mask.tolist() == (plain > 8).tolist()
    assert hidden.compressed().tolist() == expected[plain <= 8].tolist()
    mapped = np.memmap(tmp_path / "x", np.float64, "w+", shape=(3, 4))
    mapped[:] = plain
    assert np.array_equal(dropout(mapped, keep_prob=0.5, seed=2)[0], expected)


def test_numbers_and_lists():
    out, mask = dropout(3.0, keep_prob=1.0)
    assert out.shape == () and out == 3.0 and np.asarray(mask).shape == ()
    out, _ = dropout([[1.0, 2.0]], keep_prob=1.0)
    assert out.tolist() == [[1.0, 2.0]] and out.dtype == np.float64


def test_without_a_seed_each_call_takes_another_and_remembers_it():
    x = np.ones(1000)
    before, of_random = state(), random.getstate()
    first, mask = dropout(x)
    second, _ = dropout(x)
    assert (state(), random.getstate()) == (before, of_random)
    assert not np.array_equal(first, second)  # equal by chance: once in 2**1000
    assert dropout(x, seed=mask.seed)[0].tobytes() == first.tobytes()
    assert (mask.step, mask.offset) == (0, 0)


def test_arguments_may_be_of_numpys_types():
    expected, _ = dropout(np.ones(100), keep_prob=0.5, seed=3, step=4, offset=5)
    numbers = {"seed": np.uint64(3), "step": np.int32(4), "offset": np.array(5)}
    for keep_prob in (np.float32(0.5), np.float64(0.5), np.array(0.5)):
        out, mask = dropout(np.ones(100), keep_prob=keep_prob, **numbers)
        assert out.tobytes() == expected.tobytes()
        assert [type(value) for value in (mask.keep_prob, mask.seed, mask.step, mask.offset)] == [float, int, int, int]


def test_out_that_was_x():
    x = np.arange(40_000.0, dtype=np.float32)
    expected, mask = dropout(x, keep_prob=0.7, seed=6)
    for view in (x, x.reshape(200, 200)):
        again = view.copy()
        out, _ = dropout(again, keep_prob=0.7, seed=6, out=again[:])  # the same memory, but another object
        assert np.shares_memory(out, again) and again.tobytes() == expected.tobytes()
    dout = x.copy()
    assert mask.apply(dout, out=dout) is dout and dout.tobytes() == expected.tobytes()


@pytest.mark.parametrize("store_mask", [True, False])
def test_masks_are_equal_where_they_keep_the_same(store_mask):
    x = np.ones((4, 250))
    mask = dropout(x, keep_prob=0.5, seed=1, store_mask=store_mask)[1]
    assert (mask == dropout(x, keep_prob=0.5, seed=1)[1]) is np.True_ and (
        mask != dropout(x, keep_prob=0.5, seed=1)[1]
    ) is np.False_
    for other in (
        dropout(x, keep_prob=0.5, seed=2)[1],
        dropout(x.ravel(), keep_prob=0.5, seed=1)[1],
        dropout(x, keep_prob=0.25, seed=1)[1],
        dropout_fast.dropout_forward(x, {"p": 0.5, "mode": "train"})[1][1],
    ):
        assert mask != other and not mask == other
    assert np.array_equal(mask == 2.0, np.asarray(mask) == 2.0)  # a comparison with anything but a mask is elementwise
    with pytest.raises(TypeError, match="unhashable"):
        hash(mask)


@pytest.mark.parametrize("store_mask", [True, False])
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_and_copies(store_mask, protocol):
    x = np.ones((40, 250), np.float32)
    out, mask = dropout(x, keep_prob=0.9, seed=2**63 + 5, step=7, offset=99, store_mask=store_mask)
    for twin in (pickle.loads(pickle.dumps(mask, protocol)), copy.copy(mask), copy.deepcopy(mask)):
        assert isinstance(twin, KeepMask) and twin == mask and repr(twin) == repr(mask)
        assert twin.apply(x).tobytes() == out.tobytes()
    assert len(pickle.dumps(mask, 5)) < (x.size / 8 if store_mask else 0) + 400


def test_what_a_mask_shows():
    mask = dropout(np.ones((64, 256)), keep_prob=0.75, seed=3, step=4)[1]
    assert repr(mask) == "KeepMask(shape=(64, 256), keep_prob=0.75, seed=3, step=4, offset=0, nbytes=2048)"
    assert (mask.shape, mask.size, mask.dtype, mask.nbytes) == ((64, 256), 2**14, np.float64, 2048)
    assert np.asarray(mask, np.float32).dtype == np.float32 and set(np.unique(mask)) == {0.0, 1 / 0.75}
    assert mask.keep_fraction() == np.count_nonzero(mask) / mask.size


def test_apply_to_other_dtypes():
    mask = dropout(np.ones(300), keep_prob=0.3, seed=1)[1]
    kept = np.asarray(mask) > 0
    for dtype in (np.int32, np.bool_, np.complex64, np.float16):
        a = np.arange(300).astype(dtype)
        result = mask.apply(a)
        np.testing.assert_allclose(result[kept], a[kept] / 0.3, rtol=1e-3)
        assert not result[~kept].any()
    wide = np.empty(300)
    assert mask.apply(np.arange(300, dtype=np.float32), out=wide) is wide
    assert wide.tobytes() == np.where(kept, np.arange(300) * (1 / 0.3), 0.0).tobytes()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_peak_memory(dtype):
    x = np.ones(2**20, dtype)
    constant = 4000
    assert peak_bytes(lambda: dropout(x, keep_prob=0.7)) < x.nbytes + x.size / 8 + constant
    assert peak_bytes(lambda: dropout(x, keep_prob=0.7, out=x)) < x.size / 8 + constant
    assert peak_bytes(lambda: dropout(x, keep_prob=0.7, out=x, store_mask=False)) < constant
    for store_mask in (True, False):
        mask = dropout(x, keep_prob=0.7, store_mask=store_mask)[1]
        assert peak_bytes(lambda mask=mask: mask.apply(x, out=x)) < constant
    assert dropout(x, keep_prob=0.7)[1].nbytes == x.size / 8


@pytest.mark.parametrize("p", [0.3, 0.5, 1.0])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_drop_in_on_this_engine(p, dtype):
    x = np.linspace(-2, 2, 600).astype(dtype).reshape(20, 30)
    dropout_param = {"p": p, "mode": "train", "engine": "fast", "seed": 12}
    before = state()
    out, cache = dropout_fast.dropout_forward(x, dropout_param)
    expected, mask = dropout(x, keep_prob=p, seed=12)
    assert out.tobytes() == expected.tobytes() and cache[0] is dropout_param and cache[1] == mask
    dout = np.ones_like(x)
    assert dropout_fast.dropout_backward(dout, cache).tobytes() == mask.apply(dout).tobytes()
    target = np.empty_like(x)
    assert dropout_fast.dropout_forward(x, dropout_param, out=target)[0] is target and target.tobytes() == out.tobytes()
    unseeded = {"p": p, "mode": "train", "engine": "fast"}
    fresh = [dropout_fast.dropout_forward(x, param)[1][1] for param in (unseeded, unseeded | {"seed": None})]
    assert fresh[0].seed != fresh[1].seed
    testing = dropout_param | {"mode": "test"}
    assert dropout_fast.dropout_forward(x, testing) == (x, (testing, None))
    assert state() == before


def test_the_drop_in_that_scales_at_test_time():
    x = np.arange(1.0, 31.0)
    dropout_param = {"p": 0.4, "mode": "train", "engine": "fast", "seed": 1, "scale_at": "test"}
    out, (_, mask) = dropout_fast.dropout_forward(x, dropout_param)
    assert mask.dtype == np.bool_ and np.array_equal(out, np.where(np.asarray(mask), x, 0.0))
    assert np.array_equal(mask.apply(x), out)
    out, _ = dropout_fast.dropout_forward(x, dropout_param | {"mode": "test"})
    assert np.array_equal(out, x * 0.4)


def test_the_drop_in_takes_integers_on_this_engine_too():
    x = np.arange(-50, 50)
    out, (_, mask) = dropout_fast.dropout_forward(x, {"p": 0.3, "mode": "train", "engine": "fast", "seed": 1})
    assert out.dtype == x.dtype and np.array_equal(out, (x * np.asarray(mask)).astype(x.dtype))
