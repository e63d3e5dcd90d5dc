"""Masks whose elements share bits: drawn for the noise shape only, and otherwise the mask that NumPy broadcasts, bit for bit."""

import copy
import math
import pickle

import internals
import ml_dtypes
import numpy as np
import pytest
from generators import KINDS, OWNERS, compare, make, positions, state_of
from helpers import assert_same, examples, floats, laid_out
from hypothesis import given
from hypothesis import strategies as st

from asv_bench.measuring.memory import peak_bytes
from dropout_fast import Dropout, KeepMask, dropout, dropout_add, dropout_backward, dropout_forward, forms, reference, relu_dropout

pytestmark = pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")

SHAPES = st.one_of(
    st.lists(st.integers(0, 9), min_size=1, max_size=5).map(tuple),
    st.tuples(st.integers(1, 70), st.integers(1, 300)),
    st.sampled_from([(40_000, 3), (3, 40_000), (5, 16, 300), (2, 9000, 2), (4, 4, 4096), (70, 64, 8), (100_000,)]),
)


@st.composite
def shapes_with_noise(draw):
    """A shape, and a noise shape for it: along each axis 1, its length or None; or fewer axes."""
    shape = draw(SHAPES)
    noise_shape = tuple(draw(st.sampled_from([1, length, None])) for length in shape)
    return shape, noise_shape[draw(st.integers(0, 1)) :]


def drawn_shape(shape, noise_shape):
    return reference.noise_shape({"noise_shape": noise_shape}, shape)


def kept(mask):
    return np.array(np.asarray(mask) != 0)


def in_parallel(parallel):
    return internals.force_parallel() if parallel else internals.force_serial()


def check_engine_numpy(case, form, owner, kind, position, dtype, value, parallel, content):
    shape, noise_shape = case
    with in_parallel(parallel):
        x = floats(shape, dtype, np.random.default_rng(content))
        compare(x, value, lambda: make(owner, kind, position), form=form, noise_shape=noise_shape, given="rate")


def of_numpy(some_forms, dtypes, parallel, values):
    return given(
        case=shapes_with_noise(),
        form=st.sampled_from(some_forms),
        owner=st.sampled_from(OWNERS),
        kind=st.sampled_from(KINDS),
        position=positions,
        dtype=st.sampled_from(dtypes),
        value=values,
        parallel=st.sampled_from(parallel),
        content=st.integers(0, 9),
    )


@examples(150)
@of_numpy([None], [np.float32, np.float64], [False], st.sampled_from([0.3, 0.9, 0.1]))
def test_engine_numpy_is_numpy(**case):
    check_engine_numpy(**case)


@pytest.mark.long
@examples(10_000)
@of_numpy(
    [None, *forms.NAMED.values()],
    [np.float16, np.float32, np.float64, np.complex64],
    [False, True],
    st.floats(0, 1, exclude_min=True, exclude_max=True) | st.sampled_from([0.5, 0.75]),
)
def test_engine_numpy_is_numpy_at_length(**case):
    check_engine_numpy(**case)


def check_engine_fast(case, dtype, keep_prob, key, parallel, content):
    shape, noise_shape = case
    rng = np.random.default_rng(content)
    x, dout = (np.array(rng.standard_normal(shape)).astype(dtype) for _ in range(2))
    drawn = kept(dropout(np.ones(drawn_shape(shape, noise_shape)), keep_prob=keep_prob, **key)[1])
    of_each = KeepMask.from_array(np.broadcast_to(drawn, shape), keep_prob=keep_prob)
    with in_parallel(parallel):
        for store_mask in (True, False):
            out, mask = dropout(x, keep_prob=keep_prob, noise_shape=noise_shape, store_mask=store_mask, **key)
            assert_same(out, of_each.apply(x))
            assert_same(mask.apply(dout), of_each.apply(dout))
            in_place = dout.copy()
            assert mask.apply(in_place, out=in_place) is in_place
            assert_same(in_place, of_each.apply(dout))
            assert np.array_equal(np.asarray(mask), np.asarray(of_each)) and bool(mask == of_each)
    assert mask.nbytes == 0


def of_fast(dtypes, parallel):
    return given(
        case=shapes_with_noise(),
        dtype=st.sampled_from(dtypes),
        keep_prob=st.sampled_from([0.5, 0.9, 1 / 3, 1.0]),
        key=st.fixed_dictionaries({"seed": st.integers(0, 2**64 - 1), "step": st.integers(0, 9), "offset": st.integers(0, 40_000)}),
        parallel=st.sampled_from(parallel),
        content=st.integers(0, 9),
    )


@examples(150)
@of_fast([np.float32], [False, True])
def test_engine_fast_is_the_broadcast_mask(**case):
    check_engine_fast(**case)


@pytest.mark.long
@examples(10_000)
@of_fast([np.float16, ml_dtypes.bfloat16, np.float32, np.float64, np.int16, np.complex64], [False, True])
def test_engine_fast_is_the_broadcast_mask_at_length(**case):
    if case["dtype"] != np.int16:
        check_engine_fast(**case)


X = np.random.default_rng(0).standard_normal((6, 5, 4, 3)).astype(np.float32)
NOISE_SHAPE = (6, 1, 4, 1)
KEY = {"keep_prob": 0.5, "seed": 3, "noise_shape": NOISE_SHAPE}


def test_its_memory_is_one_bit_for_each_element_of_the_noise_shape():
    x = np.ones((64, 1024, 64), np.float32)
    mask = dropout(x, rng=np.random.default_rng(0), noise_shape=(64, 1, 64))[1]
    assert mask.nbytes == 64 * 64 / 8
    assert peak_bytes(lambda: dropout(x, seed=1, noise_shape=(64, 1, 64), out=x)[1].apply(x, out=x)) < 32_000
    assert len(pickle.dumps(mask)) < 2000


def test_it_reads_as_a_broadcast_view():
    mask = dropout(X, **KEY)[1]
    array = np.asarray(mask)
    assert array.strides == (32, 0, 8, 0) and not array.flags.writeable
    assert (mask.shape, mask.noise_shape, mask.size, mask.ndim) == (X.shape, NOISE_SHAPE, X.size, 4)
    copied = np.array(mask)
    copied[0] = 7  # a copy may be written to
    assert np.array_equal(mask[0], array[0]) and mask.mean() == array.mean()
    assert mask.keep_fraction() == np.count_nonzero(array) / array.size
    assert "noise_shape=(6, 1, 4, 1)" in repr(mask)
    assert dropout(X, seed=3)[1].noise_shape is None


@pytest.mark.parametrize(
    "options",
    [{"seed": 3}, {"seed": 3, "store_mask": False}, {"rng": np.random.default_rng(1)}],
    ids=["stored", "redrawn", "generator"],
)
def test_pickles_copies_and_comparison(options):
    mask = dropout(X, noise_shape=NOISE_SHAPE, **options)[1]
    for twin in (pickle.loads(pickle.dumps(mask)), copy.deepcopy(mask), copy.copy(mask)):
        assert bool(twin == mask) and repr(twin) == repr(mask) and twin.nbytes == mask.nbytes
        assert_same(twin.apply(X), mask.apply(X))
    of_each = KeepMask.from_array(kept(mask), keep_prob=0.5)
    assert bool(mask == of_each) and bool(mask != dropout(X, seed=3)[1])
    assert bool(dropout(X[:1], noise_shape=(1, 1, 1, 1), seed=1)[1] != dropout(X[:1], seed=1)[1])


def test_all_of_it_may_share_one_bit():
    for noise_shape in ((), (1,), (1, 1, 1, 1)):
        draws = np.random.RandomState(4)
        out, mask = dropout(X, keep_prob=0.3, rng=np.random.RandomState(4), noise_shape=noise_shape)
        assert_same(out, (X * np.broadcast_to((draws.rand(1) < 0.3) / 0.3, X.shape)).astype(np.float32))
        assert mask.nbytes == 8


def test_where_each_has_its_own_bit_it_is_the_usual_mask():
    for noise_shape in ((6, 5, 4, 3), (None, None, None, None)):
        out, mask = dropout(X, keep_prob=0.5, seed=3, noise_shape=noise_shape)
        assert mask.noise_shape is None and bool(mask == dropout(X, seed=3)[1])
        assert_same(out, dropout(X, seed=3)[0])


@pytest.mark.parametrize("layout", ["fortran", "strided", "reversed", "broadcast", "read-only", "unaligned", "byte-swapped"])
def test_arrays_of_any_layout(layout):
    x = laid_out(X, layout)
    expected = dropout(np.ascontiguousarray(x, np.float32), **KEY)[0]
    out, mask = dropout(x, **KEY)
    assert np.array_equal(out, expected) and out.dtype == x.dtype
    assert np.array_equal(mask.apply(x), expected)
    strided = np.zeros((*x.shape, 2), x.dtype)[..., 0]
    dropout(x, **KEY, out=strided)
    assert np.array_equal(strided, expected)


def test_sums_over_the_rows():
    for rng in (None, np.random.default_rng(0)):
        mask = dropout(X, keep_prob=0.9, rng=rng, noise_shape=NOISE_SHAPE, **({"seed": 1} if rng is None else {}))[1]
        sums = np.empty(3, np.float32)
        product = mask.apply(X, bias_gradient=sums)
        assert_same(product, mask.apply(X))
        assert np.allclose(sums, product.sum((0, 1, 2)), rtol=1e-5)


@pytest.mark.parametrize("rng", [None, "MT19937", "SFC64"])
def test_fused_functions(rng):
    def options():
        source = {"seed": 3} if rng is None else {"rng": make("Generator", rng, (1, 2))}
        return {"keep_prob": 0.5, "noise_shape": NOISE_SHAPE, **source}

    bias, residual = X[0, 0, 0], X[::-1].copy()
    hidden = np.maximum(X + bias, 0)
    expected, of_dropout = dropout(hidden, **options())
    out, mask = relu_dropout(X, bias, **options())
    assert np.array_equal(out, expected)
    assert np.array_equal(kept(mask), kept(of_dropout) & (hidden > 0))
    assert np.array_equal(mask.apply(X), X * np.float32(2) * kept(mask))
    in_place = X.copy()
    assert relu_dropout(in_place, bias, **options(), out=in_place)[0] is in_place
    assert_same(in_place, out)
    out, mask = dropout_add(X, residual, bias, **options())
    assert_same(out, residual + dropout(X + bias, **options())[0])
    assert bool(mask == of_dropout) and mask.noise_shape == NOISE_SHAPE


@pytest.mark.parametrize("engine", ["numpy", "fast"])
@pytest.mark.parametrize("scale_at", ["train", "test"])
def test_dropout_forward(engine, scale_at):
    param = {"p": 0.3, "mode": "train", "seed": 5, "noise_shape": (None, 1, 4, 1), "engine": engine, "scale_at": scale_at}
    out, cache = dropout_forward(X, param)
    assert cache[1].noise_shape == NOISE_SHAPE
    if engine == "numpy":
        theirs, their_cache = reference.dropout_forward(X, {**param})
        assert_same(out, theirs)
        assert_same(dropout_backward(X, cache), reference.dropout_backward(X, their_cache).astype(np.float32))
        wide = dropout_backward(X, ({**param, "dx_dtype": "float64"}, cache[1]))
        assert_same(wide, reference.dropout_backward(X, their_cache))
    else:
        of_dropout = dropout(X, keep_prob=0.3, seed=5, noise_shape=NOISE_SHAPE)[1]
        assert np.array_equal(kept(cache[1]), kept(of_dropout))
    assert dropout_forward(X, {**param, "mode": "test", "scale_at": "train"})[0] is X


def test_backward_of_a_mask_that_numpy_code_made():
    drawn = np.random.default_rng(0).random(NOISE_SHAPE) < 0.3
    param = {"p": 0.3, "mode": "train", "noise_shape": NOISE_SHAPE}
    for mask in (drawn / 0.3, drawn):
        assert_same(dropout_backward(X, (param, mask)), (X * (drawn / 0.3)).astype(np.float32))
    with pytest.raises(ValueError, match=r"`dout` has shape \(6, 5, 4, 3\); expected \(6, 1, 4, 1\)"):
        dropout_backward(X, ({"p": 0.3, "mode": "train"}, drawn / 0.3))


@pytest.mark.parametrize(
    ("options", "noise_shape"),
    [
        ({"noise_shape": (None, 1, None, 1)}, NOISE_SHAPE),
        ({"axes": (1, 3)}, NOISE_SHAPE),
        ({"axes": [-1, -3]}, NOISE_SHAPE),
        ({"axes": ()}, None),
    ],
    ids=str,
)
def test_layer(options, noise_shape):
    drop = Dropout(keep_prob=0.5, seed=3, **options)
    for step in range(2):
        expected, mask = dropout(X, keep_prob=0.5, seed=3, step=step, noise_shape=noise_shape)
        assert_same(drop(X), expected)
        assert_same(drop.backward(X), mask.apply(X))
    assert pickle.loads(pickle.dumps(drop)).noise_shape == drop.noise_shape and copy.copy(drop).axes == drop.axes
    assert next(iter(options)) in repr(drop)
    rng = np.random.default_rng(1)
    drop = Dropout(rate=0.1, rng=rng, form=forms.NUMPY_ML, **options)
    expected = dropout(X, rate=0.1, rng=np.random.default_rng(1), form=forms.NUMPY_ML, noise_shape=noise_shape)[0]
    assert_same(drop(X), expected)
    with drop.evaluating():
        assert drop(X) is X


@pytest.mark.parametrize(
    ("noise_shape", "error", "message"),
    [
        ((6, 2, 4, 1), ValueError, r"`noise_shape` is \(6, 2, 4, 1\); expected a tuple that broadcasts to \(6, 5, 4, 3\)"),
        ((1, 6, 5, 4, 3), ValueError, "`noise_shape` is .*; expected a tuple that broadcasts"),
        ((0, 1, 1, 1), ValueError, "`noise_shape` is .*; expected a tuple that broadcasts"),
        ((-1, 1, 1, 1), ValueError, r"`noise_shape\[0\]` is -1; expected an integer from 0"),
        ((1.0, 1, 1, 1), TypeError, r"`noise_shape\[0\]` has type float; expected an integer"),
        ((True, 1, 1, 1), TypeError, r"`noise_shape\[0\]` is True; expected an integer"),
        (3, TypeError, "`noise_shape` is 3; expected a tuple of integers and None"),
        ("6541", TypeError, "`noise_shape` is '6541'; expected a tuple"),
    ],
    ids=str,
)
def test_noise_shapes_that_make_no_sense(noise_shape, error, message):
    rng = np.random.default_rng(0)
    before, out = state_of(rng), X.copy()
    for call in (
        lambda: dropout(X, rng=rng, noise_shape=noise_shape, out=out),
        lambda: dropout(X, seed=1, noise_shape=noise_shape, out=out),
        lambda: relu_dropout(X, rng=rng, noise_shape=noise_shape, out=out),
        lambda: dropout_add(X, X, rng=rng, noise_shape=noise_shape, out=out),
        lambda: Dropout(rng=rng, noise_shape=noise_shape)(X, out=out),
    ):
        with pytest.raises(error, match=message):
            call()
    message = message.replace("`noise_shape", r"`dropout_param\['noise_shape'\]")
    for mode in ("train", "test"):
        with pytest.raises(error, match=message):
            dropout_forward(X, {"p": 0.5, "mode": mode, "rng": rng, "noise_shape": noise_shape}, out=out)
    assert state_of(rng) == before and np.array_equal(out, X)


def test_other_arguments_beside_it_are_checked_too():
    for options, error, message in (
        ({"rng": np.random.default_rng(0), "seed": 1}, TypeError, "`seed` is 1, and `rng` is given"),
        ({"rng": np.random.default_rng(0), "store_mask": False}, TypeError, "`store_mask` is False, and `rng` is given"),
        ({"keep_prob": 2.0}, ValueError, "`keep_prob` is 2.0"),
        ({"form": forms.DEZERO}, TypeError, "`form` is .*, and `rng` is None"),
        ({"out": X[0]}, ValueError, "`out` has shape"),
        ({"keep_prob": 0, "rng": np.random.default_rng(0)}, ValueError, r"`keep_prob` is 0.0; expected a number in \(0, 1\]"),
    ):
        with pytest.raises(error, match=message):
            dropout(X, noise_shape=NOISE_SHAPE, **options)
    with pytest.raises(TypeError, match=r"dropout\(x, ...\) got 0.5 by position"):
        dropout(X, 0.5, noise_shape=NOISE_SHAPE)
    with pytest.raises(ValueError, match=r"`axes` is \(4,\), and `x` has 4 axes; expected axes of `x`, from -4 to 3"):
        Dropout(axes=(4,))(X)
    with pytest.raises(TypeError, match=r"`noise_shape` is .* and `axes` is .*; expected one of the two"):
        Dropout(axes=(1,), noise_shape=NOISE_SHAPE)
    with pytest.raises(TypeError, match=r"`axes\[0\]` has type str"):
        Dropout(axes=("a",))
    with pytest.raises(ValueError, match="`dropout_param` has the key 'noiseshape'; expected 'noise_shape'"):
        dropout_forward(X, {"p": 0.5, "mode": "train", "noiseshape": NOISE_SHAPE})


def test_offset_counts_elements_of_the_noise_shape():
    whole = dropout(np.ones((8, 3, 5)), seed=1, noise_shape=(8, 1, 5))[0]
    part = dropout(np.ones((6, 3, 5)), seed=1, noise_shape=(6, 1, 5), offset=2 * 5)[0]
    assert np.array_equal(part, whole[2:])
    assert math.isclose(np.count_nonzero(whole) / whole.size, 0.5, abs_tol=0.3)
