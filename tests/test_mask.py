"""`KeepMask` does all that the float array of the NumPy code does."""

import copy
import pickle

import numpy as np
import pytest
from helpers import assert_same
from internals import ARRAY_METHODS
from numba import config

import dropout_fast
from asv_bench.measuring.memory import peak_bytes
from dropout_fast import KeepMask, dropout, reference


@pytest.fixture(params=[(), (0,), (1,), (3, 5), (4, 100, 7)], ids=str)
def pair(request):
    """The mask of one forward: ours and the NumPy code's."""
    dropout_param = {"p": 0.3, "mode": "train", "seed": 6}
    x = np.ones(request.param)
    ours = dropout_fast.dropout_forward(x, dropout_param)[1][1]
    theirs = reference.dropout_forward(x, dropout_param)[1][1]
    return ours, theirs


def test_it_is_the_reference_s_array(pair):
    ours, theirs = pair
    assert isinstance(ours, KeepMask)
    assert_same(np.asarray(ours), np.asarray(theirs))
    assert_same(np.asarray(ours, np.float32), np.asarray(theirs, np.float32))
    array = np.asarray(theirs)
    assert (ours.shape, ours.dtype, ours.ndim, ours.size) == (array.shape, array.dtype, array.ndim, array.size)


def test_arithmetic_and_comparisons(pair):
    ours, theirs = pair
    dout = np.random.default_rng(1).standard_normal(ours.shape)
    for compute in (
        lambda m: dout * m,
        lambda m: m * dout,
        lambda m: m * 2 + 1,
        lambda m: m > 0,
        lambda m: m == 0,
        lambda m: m != np.asarray(m),
        lambda m: -m,
        lambda m: np.add.reduce(np.atleast_1d(m)),
        lambda m: np.multiply(dout, m, out=np.empty(dout.shape)),
        np.mean,
        np.sum,
        np.count_nonzero,
        np.sqrt,
    ):
        with np.errstate(all="ignore"):
            if ours.size or compute is not np.mean:
                assert np.asarray(compute(ours)).tobytes() == np.asarray(compute(theirs)).tobytes()


def test_in_place_multiplication_of_an_array(pair):
    ours, theirs = pair
    dout = np.full(ours.shape, 3.0)
    dout *= ours
    assert dout.tobytes() == (np.full(ours.shape, 3.0) * theirs).tobytes()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickled_and_copied_caches(pair, protocol):
    ours, _ = pair
    for twin in (pickle.loads(pickle.dumps(ours, protocol)), copy.copy(ours), copy.deepcopy(ours)):
        assert isinstance(twin, KeepMask) and repr(twin) == repr(ours)
        assert_same(np.asarray(twin), np.asarray(ours))
    cache = {"p": 0.3, "mode": "train"}, ours
    dout = np.ones(ours.shape)
    restored = pickle.loads(pickle.dumps(cache, protocol))
    assert dropout_fast.dropout_backward(dout, restored).tobytes() == dropout_fast.dropout_backward(dout, cache).tobytes()


def test_indexing_iterating_and_methods():
    dropout_param = {"p": 0.5, "mode": "train", "seed": 1}
    ours = dropout_fast.dropout_forward(np.ones((6, 4)), dropout_param)[1][1]
    theirs = reference.dropout_forward(np.ones((6, 4)), dropout_param)[1][1]
    assert len(ours) == 6
    assert ours[2].tolist() == theirs[2].tolist() and ours[2, 3] == theirs[2, 3]
    assert [row.tolist() for row in ours] == theirs.tolist() == ours.tolist()
    assert ours.mean() == theirs.mean() and ours.T.tolist() == theirs.T.tolist()
    assert ours.astype(bool).tolist() == theirs.astype(bool).tolist()
    assert 2.0 in ours and 3.0 not in ours


def test_it_cannot_be_written_to_in_silence():
    mask = dropout_fast.dropout_forward(np.ones(10), {"p": 0.5, "mode": "train", "seed": 1})[1][1]
    before = mask.tolist()
    with pytest.raises(TypeError):
        mask[0] = 1
    with pytest.raises(TypeError):
        mask *= 2
    with pytest.raises(TypeError):
        np.add(1.0, 1.0, out=mask)
    with pytest.raises(TypeError):
        np.add.at(mask, 0, 1.0)
    with pytest.raises(AttributeError, match="fill"):
        mask.fill(0)
    assert mask.tolist() == before


def test_edges_of_the_array_protocol():
    mask = dropout_fast.dropout_forward(np.ones(3), {"p": 1.0, "mode": "train"})[1][1]
    with pytest.raises(ValueError, match="without a copy"):
        np.array(mask, copy=False)
    assert not hasattr(mask, "_nothing") and not hasattr(mask, "nothing")
    with pytest.raises(ValueError, match="ambiguous"):
        bool(mask)
    scalar = dropout_fast.dropout_forward(np.ones(()), {"p": 1.0, "mode": "train"})[1][1]
    assert bool(scalar)
    with pytest.raises(TypeError, match="len"):
        len(scalar)


def test_one_bit_an_element():
    x = np.ones((1024, 1024), np.float32)
    dropout_param = {"p": 0.5, "mode": "train"}
    mask = dropout_fast.dropout_forward(x, dropout_param)[1][1]
    assert mask.nbytes * 64 == reference.dropout_forward(x, dropout_param)[1][1].nbytes
    assert len(pickle.dumps(mask)) < x.size / 8 + 1000


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_peak_memory_is_out_and_one_bit_an_element(dtype):
    x = np.ones(2**20, dtype)
    dropout_param = {"p": 0.7, "mode": "train"}
    # Python objects, and 335 KiB for each thread that jumps ahead in the stream.
    constant = 32_000 + 370_000 * config.NUMBA_NUM_THREADS
    peak = peak_bytes(lambda: dropout_fast.dropout_forward(x, dropout_param))
    assert peak < x.nbytes + x.size / 8 + constant
    peak = peak_bytes(lambda: dropout_fast.dropout_forward(x, dropout_param, out=x))
    assert peak < x.size / 8 + constant


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.int16])
def test_apply_is_the_backward(dtype):
    x = np.arange(200).astype(dtype)
    cache = dropout_fast.dropout_forward(x, {"p": 0.3, "mode": "train", "seed": 8})[1]
    assert_same(cache[1].apply(x), dropout_fast.dropout_backward(x, cache))
    assert_same(cache[1].apply(x.tolist()), dropout_fast.dropout_backward(np.asarray(x.tolist()), cache))
    target = np.empty(200)
    assert cache[1].apply(x, out=target) is target
    assert target.tolist() == (x * np.asarray(cache[1])).tolist()


def test_apply_checks_its_arguments():
    mask = dropout_fast.dropout_forward(np.ones(4), {"p": 0.5, "mode": "train"})[1][1]
    with pytest.raises(ValueError, match=r"`a` has shape \(5,\); expected \(4,\)"):
        mask.apply(np.ones(5))
    with pytest.raises(TypeError, match="`a` has dtype object"):
        mask.apply(np.array([None] * 4))
    with pytest.raises(ValueError, match="`out` has dtype float32; expected float64"):
        mask.apply(np.ones(4), out=np.ones(4, np.float32))


@pytest.mark.parametrize("shape", [(), (1,), (3, 0), (33,), (7, 11, 13)], ids=str)
def test_a_mask_of_ones_own(shape):
    rng = np.random.default_rng(0)
    keep = rng.random(shape) < 0.7
    mask = KeepMask.from_array(keep, keep_prob=0.7)
    assert mask.shape == shape and (mask.seed, mask.step, mask.offset) == (None, None, None)
    for dtype in (np.float16, np.float32, np.float64, np.int32):
        a = np.asarray(rng.integers(-50, 50, shape)).astype(dtype)
        working = np.float32 if dtype == np.float16 else np.float64 if dtype == np.int32 else dtype
        product = (a.astype(working) * working(1 / 0.7)).astype(np.float64 if dtype == np.int32 else dtype)
        assert np.array_equal(mask.apply(a), np.where(keep, product, 0))
    assert np.array_equal(np.asarray(mask), keep / 0.7)
    assert pickle.loads(pickle.dumps(mask)) == mask == KeepMask.from_array(keep.tolist() if keep.size else keep, keep_prob=0.7)


@pytest.mark.parametrize(
    ("keep", "keep_prob", "error", "message"),
    [
        (np.ones(3), 0.5, TypeError, "`keep` has dtype float64; expected bool. Use keep != 0"),
        ([[True], [True, False]], 0.5, ValueError, "`keep` of type list is not convertible"),
        ([True], 0, ValueError, r"`keep_prob` is 0; expected a number in \(0, 1\]"),
        ([True], "1", TypeError, "`keep_prob` is '1'"),
    ],
)
def test_masks_of_ones_own_that_make_no_sense(keep, keep_prob, error, message):
    with pytest.raises(error, match=message):
        KeepMask.from_array(keep, keep_prob=keep_prob)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("scale_at", ["train", "test"])
def test_products_of_engine_fast_are_those_of_apply(dtype, scale_at):
    x = np.linspace(-3, 3, 600).astype(dtype).reshape(20, 30)
    x.flat[::7] = np.nan
    param = {"p": 0.3, "mode": "train", "engine": "fast", "seed": 1, "scale_at": scale_at}
    mask = dropout_fast.dropout_forward(x, param)[1][1]
    for product in (x * mask, mask * x, np.multiply(x, mask, out=np.empty_like(x))):
        assert product.tobytes() == mask.apply(x).tobytes() and product.dtype == dtype
    in_place = x.copy()
    in_place *= mask
    assert in_place.tobytes() == mask.apply(x).tobytes()
    row = x[0]
    assert (np.nan_to_num(row) * mask).dtype == dtype
    np.testing.assert_allclose(np.nan_to_num(row) * mask, np.nan_to_num(row) * np.asarray(mask), rtol=1e-3)
    assert (mask * 2.0).dtype == np.float64 if scale_at == "train" else True
    assert (mask * mask).tolist() == (np.asarray(mask) * np.asarray(mask)).tolist()


def test_a_look_at_a_mask_does_not_unpack_it():
    mask = dropout(np.ones(2**16, np.float32), seed=1)[1]

    def look():
        return mask.ndim, mask.shape, mask.size, mask.dtype, mask.nbytes, hasattr(mask, "mean"), hasattr(mask, "sort"), repr(mask)

    assert look()[0] == 1 and look()[5:7] == (True, False)
    assert peak_bytes(look) < 10_000
    with pytest.raises(AttributeError):
        mask.no_such_name  # noqa: B018


ARGUMENTS = {
    "astype": (np.float32,),
    "dot": (np.ones(4),),
    "item": (3,),
    "reshape": ((4, 6),),
    "repeat": (2,),
    "swapaxes": (0, 1),
    "take": (2,),
}


def test_every_method_of_the_list_is_the_array_s():
    mask = dropout(np.ones((6, 4)), seed=1)[1]
    array = np.asarray(mask)
    for name in ARRAY_METHODS:
        ours, theirs = (getattr(item, name)(*ARGUMENTS.get(name, ())) for item in (mask, array))
        assert np.array_equal(ours, theirs), name
    assert np.array_equal(mask.T, array.T)
