"""Random arguments of every kind give the right answer, or an error that names the argument at fault and changes nothing.

Each argument is drawn from a list of good ones or of bad ones, so it is known which of the two must come.
"""

import contextlib

import generators
import ml_dtypes
import numpy as np
import pytest
from generators import make, state_of
from helpers import LAYOUTS, examples, laid_out, state
from hypothesis import given
from hypothesis import strategies as st

import dropout_fast
from dropout_fast import reference

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*encountered in:RuntimeWarning", "ignore:the matrix subclass:PendingDeprecationWarning", "ignore:Casting complex"
)

SHAPES = [(), (0,), (1,), (7,), (3, 5), (40, 33), (2, 0, 3), (2, 3, 4, 5)]
FLOATS = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64, np.longdouble, np.complex64, np.complex128]
OTHERS = [np.int8, np.uint8, np.int32, np.int64, np.uint64, np.bool_]
KINDS = [*LAYOUTS, "masked array", "matrix", "subclass", "two strides"]

NO_NUMBERS = [
    "text",
    b"bytes",
    None,
    {1: 2},
    {1.0},
    object(),
    [[1.0], [1.0, 2.0]],
    [None, 1.0],
    (character for character in "ab"),
    np.array(["a", "b"]),
    np.array([None, 1.0]),
    np.array([1.0, 2.0], object),
    np.zeros(2, "M8[s]"),
    np.zeros(2, "m8[s]"),
    np.zeros(2, "V4"),
    np.zeros(3, [("a", "f4"), ("b", "f8")]),
    np.rec.array([(1.0, 2)], dtype="f8,i4"),
    np.ma.masked_array(["a"]),
    np.dtype("f4"),
]
BAD_NUMBERS = [-0.1, 1.5, np.nan, np.inf, True, "0.5", 0.5j, [0.5], np.array([0.5, 0.5]), 10**5000, np.float16("nan")]
BAD_COUNTERS = [-1, 2**64, 10**5000, 1.0, "1", [1], True, np.False_, np.array([1, 2]), np.float64(3), np.int8(-1)]
BAD_OUTS = ["list", "shape", "dtype", "read-only", "overlapping", "one place for many", "two elements in one place"]


class Marked(np.ndarray):
    """A subclass that adds nothing."""


def array_of(kind, shape, dtype, content):
    """Make an array of that kind, with NaN or inf among its floats."""
    rng = np.random.default_rng(content)
    with np.errstate(all="ignore"):
        x = np.asarray(rng.integers(0, 120, shape) - (60 if np.dtype(dtype).kind != "u" else 0)).astype(dtype)
        if x.size and x.dtype.kind in "fcV":
            x.reshape(-1)[rng.integers(0, x.size)] = [np.nan, np.inf, -0.0, 1e-7][content % 4]
    if kind == "masked array":
        return np.ma.masked_array(x, rng.random(shape) < 0.3) if x.dtype.kind != "V" else x
    if kind == "matrix":
        return np.asmatrix(x) if x.ndim == 2 else x
    if kind == "subclass":
        return x.view(Marked)
    if kind == "two strides" and x.ndim == 2:
        return laid_out(np.asfortranarray(x), "strided")
    return laid_out(x, kind if x.dtype.kind != "V" or kind != "byte-swapped" else "c")


@st.composite
def arrays(draw, dtypes):
    kind, shape = draw(st.sampled_from(KINDS)), draw(st.sampled_from(SHAPES))
    return array_of(kind, shape, draw(st.sampled_from(dtypes)), draw(st.integers(0, 99)))


@st.composite
def outs(draw, good):
    """Draw a function that makes an `out` for a given x: one that can be used, or one that cannot."""
    kind, layout = draw(st.sampled_from(BAD_OUTS)), draw(st.sampled_from(["c", "fortran", "strided", "reversed", "unaligned"]))

    def out_for(x):
        if good:
            return x if x.flags.writeable and layout == "c" else laid_out(np.full(x.shape, 7, x.dtype), layout if x.ndim else "c")
        if x.size > 2 and x.flags.writeable and kind == "overlapping":
            return np.flip(x) if type(x) is np.ndarray else []
        buffer = np.full(x.size + 3, 7, x.dtype)
        if x.ndim and x.size > 1 and kind == "one place for many":
            return np.lib.stride_tricks.as_strided(buffer, x.shape, (0,) * x.ndim)
        if x.ndim > 2 and min(x.shape) > 1 and kind == "two elements in one place":  # in an array that is large enough for all
            buffer = np.full(3 * x.size, 7, x.dtype)
            return np.lib.stride_tricks.as_strided(buffer, x.shape, (x.size * x.itemsize, *(x.itemsize,) * (x.ndim - 1)))
        if kind == "read-only":
            return laid_out(np.empty(x.shape, x.dtype), "read-only")
        if kind == "dtype":
            return np.full(x.shape, 7, np.float32 if x.dtype == np.int8 else np.int8)
        return np.full((*x.shape, 2), 7, x.dtype) if kind == "shape" else [0.0] * x.size

    return out_for


def either(good, bad):
    """Draw a value and whether it is good. Five in six are, so that a bad argument is often the only bad one."""
    goods = [good.map(lambda value: (value, True)) for _ in range(5)]  # Hypothesis would count one object once
    return st.one_of(*goods, bad.map(lambda value: (value, False)))


counters = either(st.integers(0, 2**64 - 1) | st.sampled_from([np.uint64(3), np.array(4), 0]), st.sampled_from(BAD_COUNTERS))
probabilities = st.floats(0, 1, exclude_min=True) | st.sampled_from(
    [1, 0.5, np.float32(0.3), np.array(0.25), np.float16(0.5), 5e-324]
)
keep_probs = either(probabilities, st.sampled_from(BAD_NUMBERS))
some_out = outs(True).map(lambda out: (out, True)) | outs(False).map(lambda out: (out, False))


def bytes_of(thing):
    is_plain = isinstance(thing, np.ndarray) and thing.dtype != object
    return (np.ma.getdata(thing).tobytes(), thing.shape) if is_plain else repr(thing)


@contextlib.contextmanager
def refused_where(faults, *untouched):
    """Check that the block raises an error that names one of these arguments, and that it neither draws nor writes."""
    before = state(), [bytes_of(thing) for thing in untouched]
    with pytest.raises((ValueError, TypeError)) as raised:
        yield
    assert any(f"`{name}" in str(raised.value) for name in faults), (faults, raised.value)
    assert (state(), [bytes_of(thing) for thing in untouched]) == before


def faults_of(**arguments):
    return [name for name, (_, good) in arguments.items() if not good]


def plain(x):
    """Return the values of any kind of array in C order, with 1 where they are masked."""
    return np.array(np.where(np.ma.getmaskarray(x), np.ones((), x.dtype), np.ma.getdata(x)), order="C")


def same_values(ours, theirs):
    with np.errstate(all="ignore"):
        return np.array_equal(plain(ours).astype(np.clongdouble), plain(theirs).astype(np.clongdouble), equal_nan=True)


def by_definition(x, mask):
    """Multiply kept elements by 1 / keep_prob in the working precision; the others become +0."""
    half, wide = x.dtype.itemsize == 2 and x.dtype.kind in "fV", x.dtype.kind in "biuc"
    working = np.float32 if half else np.float64 if wide else x.dtype.type
    scale = np.True_ if mask.dtype == np.bool_ else np.float64(1.0) / mask.keep_prob
    with np.errstate(all="ignore"):
        product = (x * scale if wide else x.astype(working) * working(scale)).astype(x.dtype)
        return np.where(np.asarray(mask) > 0, product, np.zeros((), x.dtype))


@given(
    x=either(arrays(FLOATS), arrays(OTHERS) | st.sampled_from(NO_NUMBERS)),
    keep_prob=keep_probs,
    seed=counters,
    step=counters,
    offset=either(st.integers(0, 2**62 - 1), st.sampled_from([2**62, *BAD_COUNTERS])),
    out=st.none() | some_out,
    store_mask=st.booleans(),
)
def test_dropout(x, keep_prob, seed, step, offset, out, store_mask):
    faults = faults_of(x=x, keep_prob=keep_prob, seed=seed, step=step, offset=offset)
    target = None
    if out is not None and x[1]:
        target, faults = out[0](x[0]), faults + faults_of(out=out)
    options = {"seed": seed[0], "step": step[0], "offset": offset[0], "out": target, "store_mask": store_mask}
    if faults:
        with refused_where(faults, x[0], target):
            dropout_fast.dropout(x[0], keep_prob=keep_prob[0], **options)
        return
    before, raw, values = state(), bytes_of(x[0]), plain(x[0])
    result, mask = dropout_fast.dropout(x[0], keep_prob=keep_prob[0], **options)
    assert (result is target or target is None) and result.dtype.type is x[0].dtype.type
    assert state() == before and (target is x[0] or bytes_of(x[0]) == raw)
    hidden = np.ma.getmaskarray(x[0])
    assert same_values(np.ma.masked_array(np.ma.getdata(result), hidden), np.ma.masked_array(by_definition(values, mask), hidden))
    assert same_values(mask.apply(values), by_definition(values, mask))


@given(
    x=either(arrays(FLOATS), arrays(OTHERS) | st.sampled_from(NO_NUMBERS)),
    keep_prob=keep_probs,
    rng=either(
        st.tuples(st.sampled_from(generators.OWNERS[:2]), st.sampled_from(generators.KINDS)),
        st.sampled_from([3, "np.random", np.random.PCG64]),
    ),
    excluded=either(st.just({}), st.sampled_from([{"seed": 1}, {"step": 2}, {"offset": 3}, {"store_mask": False}])),
    out=st.none() | some_out,
)
@examples(500)
def test_dropout_by_a_generator(x, keep_prob, rng, excluded, out):
    faults = [*faults_of(x=x, keep_prob=keep_prob, rng=rng), *excluded[0]]
    target = None
    if out is not None and x[1]:
        target, faults = out[0](x[0]), faults + faults_of(out=out)
    generator = make(*rng[0], (5, 3)) if rng[1] else rng[0]
    before = state_of(generator) if rng[1] else None
    if faults:
        with refused_where(faults, x[0], target):
            dropout_fast.dropout(x[0], keep_prob=keep_prob[0], rng=generator, out=target, **excluded[0])
        assert not rng[1] or state_of(generator) == before
        return
    raw, values, hidden = bytes_of(x[0]), plain(x[0]), np.ma.getmaskarray(x[0])
    result, mask = dropout_fast.dropout(x[0], keep_prob=keep_prob[0], rng=generator, out=target)
    assert (result is target or target is None) and result.dtype.type is x[0].dtype.type
    assert target is x[0] or bytes_of(x[0]) == raw
    theirs = make(*rng[0], (5, 3))
    expected, cache = reference.dropout_forward(values, {"p": float(keep_prob[0]), "mode": "train", "rng": theirs})
    assert state_of(generator) == state_of(theirs) and same_values(np.asarray(mask), np.asarray(cache[1]))
    assert same_values(np.ma.masked_array(np.ma.getdata(result), hidden), np.ma.masked_array(expected, hidden))


BAD_NOISE_SHAPES = [3, "1", {1}, (1.0,), (True,), (-1,), (2**70,), (50,), (1,) * 9, object(), np.ones((1, 1), int)]
BAD_REGIONS = [
    "whole",
    3,
    ((50,),),
    ((50,), ((0, 50),), 1),
    ((-1,), ((0, 1),)),
    ((50.0,), ((0, 50),)),
    ((50,), ((0, 51),)),
    ((50,), ((3, 2),)),
    ((50,), (np.s_[::2],)),
    ((50,), (7,)),
    ((2**40, 2**40), np.s_[:1, :1]),
    ((50,), ((0, 50), (0, 1))),
    ((50,), np.s_[:50]),
]


@given(
    x=either(arrays(FLOATS), arrays(OTHERS) | st.sampled_from(NO_NUMBERS)),
    keep_prob=keep_probs,
    seed=counters,
    shared=st.lists(st.sampled_from([1, None]), max_size=4),
    noise_shape=either(st.just(None), st.sampled_from(BAD_NOISE_SHAPES)),
    around=st.none() | st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=4, max_size=4),
    region=either(st.just(None), st.sampled_from(BAD_REGIONS)),
    store_mask=st.booleans(),
)
@examples(500)
def test_shared_bits_and_regions(x, keep_prob, seed, shared, noise_shape, around, region, store_mask):
    faults = faults_of(x=x, keep_prob=keep_prob, seed=seed, noise_shape=noise_shape, region=region)
    shape = np.shape(x[0]) if x[1] else ()
    whole, index = shape, (slice(None),) * len(shape)
    options = {"keep_prob": keep_prob[0], "seed": seed[0], "noise_shape": noise_shape[0], "store_mask": store_mask}
    if noise_shape[1] and shared:
        options["noise_shape"] = shared[: len(shape)]
    if not region[1]:
        options["region"] = region[0]
    elif around is not None:
        whole = tuple(before + length + after for length, (before, after) in zip(shape, around, strict=False))
        index = tuple(slice(before, before + length) for length, (before, _) in zip(shape, around, strict=False))
        options["region"] = whole, index
    if faults:
        with refused_where(faults, x[0]):
            dropout_fast.dropout(x[0], **options)
        return
    before, values, hidden = state(), plain(x[0]), np.ma.getmaskarray(x[0])
    result, mask = dropout_fast.dropout(x[0], **options)
    of_whole = dropout_fast.dropout(np.ones(whole), **{**options, "region": None})[1]
    assert state() == before and result.dtype.type is x[0].dtype.type
    assert np.array_equal(np.asarray(mask), np.asarray(of_whole)[index])
    assert same_values(np.ma.masked_array(np.ma.getdata(result), hidden), np.ma.masked_array(by_definition(values, mask), hidden))
    assert same_values(mask.apply(values), by_definition(values, mask))


@given(
    x=either(arrays([*FLOATS, *OTHERS]), st.sampled_from(NO_NUMBERS)),
    p=keep_probs,
    mode=either(st.sampled_from(["train", "test"]), st.sampled_from(["Train", None, 1, ["train"]])),
    engine=either(st.sampled_from(["numpy", "fast"]), st.sampled_from(["", None, 2])),
    seed=either(st.none() | st.integers(0, 2**32 - 1), st.sampled_from([-1, 2**70, "1", 1.5])),
    scale_at=either(st.sampled_from(["train", "test"]), st.sampled_from(["eval", None])),
    out=st.none() | some_out,
    bad_dout=st.sampled_from(NO_NUMBERS),
)
@examples(500)
def test_the_drop_in(x, p, mode, engine, seed, scale_at, out, bad_dout):
    faults = faults_of(x=x, dropout_param=p) + ["dropout_param"] * (not all(good for _, good in (mode, engine, seed, scale_at)))
    target = None
    if out is not None and x[1]:
        target, faults = out[0](x[0]), faults + faults_of(out=out)
    dropout_param = {"p": p[0], "mode": mode[0], "engine": engine[0], "scale_at": scale_at[0], "seed": seed[0]}
    if seed[0] is None:
        del dropout_param["seed"]
    if faults:
        with refused_where(faults, x[0], target):
            dropout_fast.dropout_forward(x[0], dropout_param, out=target)
        return
    before, raw, values, hidden = np.random.get_state(), bytes_of(x[0]), plain(x[0]), np.ma.getmaskarray(x[0])
    result, (_, mask) = dropout_fast.dropout_forward(x[0], dropout_param, out=target)
    assert (result is target or target is None) and result.dtype.type is x[0].dtype.type
    assert target is x[0] or bytes_of(x[0]) == raw
    after = state()
    np.random.set_state(before)
    gradient = np.full(x[0].shape, 3, np.float32)
    dx = dropout_fast.dropout_backward(gradient, (dropout_param, mask))
    if engine[0] == "numpy" or mode[0] == "test":
        expected, theirs = reference.dropout_forward(values, dropout_param)
        expected_dx = reference.dropout_backward(gradient, theirs)
        assert engine[0] == "fast" or state() == after
    else:
        expected, expected_dx = by_definition(values, mask), by_definition(gradient, mask)
        assert after == state()
    assert same_values(np.ma.masked_array(np.ma.getdata(result), hidden), np.ma.masked_array(expected, hidden))
    assert dx.dtype == np.float32 and dx.tobytes() == np.asarray(expected_dx).astype(np.float32).tobytes()
    with refused_where(["dout"], bad_dout):
        dropout_fast.dropout_backward(bad_dout, (dropout_param, mask))


@given(keep_prob=keep_probs, seed=counters, step=counters, x=either(arrays(FLOATS), st.sampled_from(NO_NUMBERS)))
@examples(300)
def test_the_layer(keep_prob, seed, step, x):
    layer = dropout_fast.Dropout(keep_prob=0.5, seed=1)
    saved = {"keep_prob": keep_prob[0], "seed": seed[0], "step": step[0]}
    faults = faults_of(keep_prob=keep_prob, seed=seed, step=step)
    if faults:
        with refused_where(["state"]):
            layer.load_state_dict(saved)
        assert layer.state_dict() == {"keep_prob": 0.5, "seed": 1, "step": 0}
    else:
        layer.load_state_dict(saved)
    if not x[1]:
        with refused_where(["x"]):
            layer(x[0])
        with refused_where(["backward"]):
            layer.backward(x[0])
        return
    before = layer.step
    out = layer(x[0])
    assert layer.step == before + 1 and len(layer.masks) == 1
    with refused_where(["a"]):
        layer.backward(np.ones((9, 9)))
    again = layer.backward(plain(x[0]))
    hidden = np.ma.getmaskarray(x[0])
    assert same_values(np.ma.masked_array(again, hidden), np.ma.masked_array(np.ma.getdata(out), hidden))
