"""Bad input is refused with an error that names it, before anything is drawn or written."""

import numpy as np
import pytest
from helpers import state

import dropout_fast
from dropout_fast import reference

GOOD = {"p": 0.5, "mode": "train", "seed": 3}


def read_only(array):
    array.flags.writeable = False
    return array


def check_forward(x, dropout_param, error, message, out=None):
    before = state(), repr(x), repr(out)
    with pytest.raises(error, match=message):
        dropout_fast.dropout_forward(x, dropout_param, out=out)
    assert (state(), repr(x), repr(out)) == before


@pytest.mark.parametrize("p", [0, 0.0, -0.1, 1.0000001, 2, float("nan"), float("inf"), np.float32(0), np.array(1.5)], ids=repr)
def test_p_outside_its_range(p):
    check_forward(np.ones(3), GOOD | {"p": p}, ValueError, r"`dropout_param\['p'\]` is .*; expected a number in \(0, 1\]")


@pytest.mark.parametrize("p", [True, False, np.True_, "0.5", None, 0.5j, [0.5], np.array([0.5]), b"1"], ids=repr)
def test_p_that_is_no_number(p):
    check_forward(np.ones(3), GOOD | {"p": p}, TypeError, r"`dropout_param\['p'\]` is .*; expected a number in \(0, 1\]")


@pytest.mark.parametrize("key", ["p", "mode"])
def test_missing_keys(key):
    without = {name: value for name, value in GOOD.items() if name != key}
    check_forward(np.ones(3), without, ValueError, rf"`dropout_param` has no '{key}', only \[.*'seed'")


@pytest.mark.parametrize("key", ["mode", "engine", "scale_at"])
@pytest.mark.parametrize("value", ["Train", "", None, 1, ["train"], np.array(["train", "test"])], ids=repr)
def test_unknown_words(key, value):
    check_forward(np.ones(3), GOOD | {key: value}, ValueError, rf"`dropout_param\['{key}'\]` is .*; expected '")


@pytest.mark.parametrize("dropout_param", [None, 0.5, [("p", 0.5)], "train"], ids=repr)
def test_dropout_param_that_is_no_mapping(dropout_param):
    check_forward(np.ones(3), dropout_param, TypeError, "`dropout_param` has type .*; expected a dict")


@pytest.mark.parametrize("seed", [-1, 2**32, "one", 1.5, [-1]], ids=repr)
def test_seeds_that_numpy_refuses(seed):
    check_forward(np.ones(3), GOOD | {"seed": seed}, (ValueError, TypeError), r"`dropout_param\['seed'\]` is .*np.random.seed")


@pytest.mark.parametrize(
    "x",
    ["text", None, {1: 2}, np.array(["a"]), np.array([None]), np.zeros(2, "M8[s]"), object()],
    ids=lambda x: str(getattr(x, "dtype", type(x).__name__)),
)
def test_x_without_numbers(x):
    check_forward(x, GOOD, TypeError, "`x` .*; expected an array of numbers")


def test_ragged_x():
    check_forward([[1.0], [1.0, 2.0]], GOOD, ValueError, "`x` of type list is not convertible to an array")


@pytest.mark.parametrize("mode", ["train", "test"])
def test_out_that_cannot_be_used(mode):
    x = np.arange(12.0).reshape(3, 4)
    dropout_param = GOOD | {"mode": mode}
    buffer = np.zeros(40)
    for out, error, message in (
        ([[0.0] * 4] * 3, TypeError, "`out` has type list; expected a numpy.ndarray"),
        (np.empty((4, 3)), ValueError, r"`out` has shape \(4, 3\); expected \(3, 4\), the shape of `x`"),
        (np.zeros((3, 4), np.float32), ValueError, "`out` has dtype float32; expected float64"),
        (read_only(np.zeros((3, 4))), ValueError, "`out` is read-only"),
        (np.lib.stride_tricks.as_strided(buffer, (3, 4), (8, 8)), ValueError, "several elements share memory"),
    ):
        check_forward(x, dropout_param, error, message, out)
    for x, out in ((buffer[:12], buffer[1:13]), (buffer[:12], buffer[11::-1]), (buffer[:12], buffer[:24:2])):
        check_forward(x, dropout_param, ValueError, "`out` overlaps `x` in memory", out)


def test_out_beside_x_in_one_buffer_is_fine():
    buffer = np.ones(24)
    expected = dropout_fast.dropout_forward(np.ones(12), GOOD)[0].tolist()
    for x, out in ((buffer[:12], buffer[12:]), (buffer[::2], buffer[1::2]), (buffer[:12], buffer[:12])):
        buffer[:] = 1
        assert dropout_fast.dropout_forward(x, GOOD, out=out)[0].tolist() == expected


@pytest.fixture
def cache():
    return dropout_fast.dropout_forward(np.ones((3, 4)), GOOD)[1]


def check_backward(dout, cache, error, message, out=None):
    before = repr(dout), repr(out)
    with pytest.raises(error, match=message):
        dropout_fast.dropout_backward(dout, cache, out=out)
    assert (repr(dout), repr(out)) == before


@pytest.mark.parametrize("shape", [(4, 3), (12,), (), (3, 1), (2, 3, 4)], ids=str)
def test_dout_of_another_shape(cache, shape):
    for held in (cache, reference.dropout_forward(np.ones((3, 4)), GOOD)[1]):
        check_backward(np.ones(shape), held, ValueError, r"`dout` has shape .*; expected \(3, 4\), the shape of the forward's x")


def test_dout_without_numbers(cache):
    check_backward(np.full((3, 4), "a"), cache, TypeError, "`dout` has dtype <U1; expected an array of numbers")


@pytest.mark.parametrize("held", [None, (), (GOOD,), (GOOD, None, 1), ("train", None), GOOD, 3, np.ones((2, 3))], ids=repr)
def test_cache_of_another_form(held):
    check_backward(np.ones((3, 4)), held, TypeError, r"`cache` is .*; expected \(dropout_param, mask\) from dropout_forward")


def test_cache_whose_mask_and_mode_disagree(cache):
    check_backward(np.ones((3, 4)), (GOOD, None), ValueError, "`cache` holds the mask None in mode 'train'")
    check_backward(np.ones((3, 4)), (GOOD, "mask"), TypeError, "`cache` holds the mask a str in mode 'train'")
    check_backward(np.ones((3, 4)), ({"p": 0.5}, cache[1]), ValueError, "`dropout_param` has no 'mode'")
    check_backward(np.ones((3, 4)), ({"mode": "on"}, cache[1]), ValueError, r"`dropout_param\['mode'\]` is 'on'")


def test_out_of_the_backward(cache):
    dout = np.ones((3, 4), np.float32)
    check_backward(dout, cache, ValueError, "`out` has dtype float16; expected float32 or float64", np.zeros((3, 4), np.float16))
    check_backward(dout, cache, ValueError, "`out` has shape", np.zeros((3, 5), np.float32))
    check_backward(dout, (GOOD | {"mode": "test"}, None), ValueError, "`out` has dtype float64; expected float32", np.zeros((3, 4)))


def check_dropout(error, message, x=None, out=None, **arguments):
    x = np.ones(3) if x is None else x
    before = state(), repr(x), repr(out)
    with pytest.raises(error, match=message):
        dropout_fast.dropout(x, **arguments, out=out)
    assert (state(), repr(x), repr(out)) == before


@pytest.mark.parametrize("name", ["keep_prob", "rate"])
@pytest.mark.parametrize("value", [-0.1, 1.0000001, 2, float("nan"), float("inf"), np.float32(-1), np.array(1.5)], ids=repr)
def test_a_probability_outside_its_range(name, value):
    meaning = {"keep_prob": "keeping", "rate": "dropping"}[name]
    check_dropout(ValueError, rf"`{name}` is .*; expected a number in \[0, 1\], the probability of {meaning}", **{name: value})


def test_both_probabilities_or_one_by_position():
    check_dropout(TypeError, "`keep_prob` is 0.5 and `rate` is 0.1; expected one of the two", keep_prob=0.5, rate=0.1)
    before = state()
    with pytest.raises(TypeError, match=r"dropout\(x, ...\) got 0.9 by position; expected keywords: keep_prob=.* rate="):
        dropout_fast.dropout(np.ones(3), 0.9)
    assert state() == before


@pytest.mark.parametrize("name", ["keep_prob", "rate"])
@pytest.mark.parametrize("value", [True, np.False_, "0.5", 0.5j, [0.5], np.array([0.5])], ids=repr)
def test_a_probability_that_is_no_number(name, value):
    check_dropout(TypeError, rf"`{name}` is .*; expected a number in \[0, 1\]", **{name: value})


NO_GENERATORS = [3, "np.random", np.random.default_rng, np.random.rand, np.random.PCG64(1), object(), True, [1]]


@pytest.mark.parametrize("rng", NO_GENERATORS, ids=lambda rng: type(rng).__name__)
def test_generators_that_are_none(rng):
    message = "` is .*; expected np.random, a numpy.random.Generator or a numpy.random.RandomState. Use np.random.default_rng"
    check_dropout(TypeError, "`rng" + message, rng=rng)
    for mode in ("train", "test"):
        check_forward(np.ones(3), {"p": 0.5, "mode": mode, "rng": rng}, TypeError, r"`dropout_param\['rng'\]" + message)
    with pytest.raises(TypeError, match="`rng" + message):
        dropout_fast.Dropout(rng=rng)


def test_what_a_generator_excludes():
    rng = np.random.default_rng(0)
    before = repr(rng.bit_generator.state)
    for given in ({"seed": 3}, {"step": 4}, {"offset": 5}, {"store_mask": False}, {"seed": 3, "offset": np.array([1, 2])}):
        shown = ", ".join(f"`{name}` is {value!r}" for name, value in given.items()).replace("(", r"\(").replace(")", r"\)")
        shown = shown.replace("[", r"\[").replace("]", r"\]")
        for generator in (rng, np.random):
            check_dropout(TypeError, shown + ", and `rng` is given; expected one or the other", rng=generator, **given)
    for given in ({"seed": 3}, {"layer": "hidden"}, {"store_mask": False}):
        ((name, value),) = given.items()
        with pytest.raises(TypeError, match=f"`{name}` is {value!r}, and `rng` is given; expected one or the other"):
            dropout_fast.Dropout(rng=rng, **given)
    for given in ({"seed": 3}, {"seed": None}, {"step": 0}, {"engine": "fast"}):
        ((name, value),) = given.items()
        message = rf"`dropout_param\['{name}'\]` is {value!r}, and `dropout_param\['rng'\]` is given; expected one or the other"
        check_forward(np.ones(3), {"p": 0.5, "mode": "train", "rng": rng} | given, TypeError, message)
    assert repr(rng.bit_generator.state) == before


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"keep_prob": 0}, r"`keep_prob` is 0.0; expected a number in \(0, 1\] where `rng` is given"),
        ({"keep_prob": 0.0}, r"`keep_prob` is 0.0; expected a number in \(0, 1\] where `rng` is given"),
        ({"rate": 1}, r"`rate` is 1; expected a number in \[0, 1\) where `rng` is given"),
        ({"keep_prob": 1.5}, r"`keep_prob` is 1.5; expected a number in \[0, 1\]"),
    ],
    ids=str,
)
def test_a_generator_keeps_some(given, message):
    rng = np.random.default_rng(0)
    before = repr(rng.bit_generator.state)
    check_dropout(ValueError, message, rng=rng, **given)
    with pytest.raises(ValueError, match=message):
        dropout_fast.Dropout(rng=rng, **given)
    with pytest.raises(TypeError, match=r"dropout\(x, ...\) got 0.9 by position"):
        dropout_fast.dropout(np.ones(3), 0.9, rng=rng)
    check_dropout(TypeError, "`x` has dtype int64; expected floats", x=np.arange(3), rng=rng)
    check_dropout(ValueError, "`out` has shape", rng=rng, out=np.ones(4))
    assert repr(rng.bit_generator.state) == before


@pytest.mark.parametrize("name", ["seed", "step", "offset"])
def test_counters_that_are_none(name):
    bits = 62 if name == "offset" else 64
    for value in (-1, 2**bits, 2**70, np.int64(-5)):
        check_dropout(ValueError, rf"`{name}` is {int(value)}; expected an integer from 0 to 2\*\*{bits} - 1", **{name: value})
    for value in (0.0, 1.5, "1", [1], np.array([1, 2]), np.float64(3), None)[: 6 if name == "seed" else 7]:
        check_dropout(TypeError, rf"`{name}` has type {type(value).__name__}; expected an integer", **{name: value})
    for value in (True, np.False_):
        check_dropout(TypeError, f"`{name}` is .*; expected an integer", **{name: value})


@pytest.mark.parametrize(
    "x", ["text", None, np.array(["a"]), np.array([None]), np.zeros(2, "M8[s]"), np.zeros(2, "f8,i4")], ids=repr
)
def test_x_of_dropout_without_numbers(x):
    with pytest.raises(TypeError, match=r"`x` .*; expected an array of numbers"):
        dropout_fast.dropout(x)


@pytest.mark.parametrize("x", [3, [1, 2], np.arange(4), np.ones(2, np.bool_), np.ones(2, np.uint8)], ids=repr)
def test_x_of_dropout_without_floats(x):
    check_dropout(TypeError, r"`x` has dtype \w+; expected floats. Use x.astype\(np.float32\)", x=x)


def test_out_of_dropout():
    x = np.arange(12.0).reshape(3, 4)
    buffer = np.zeros(40)
    for out, error, message in (
        ([[0.0] * 4] * 3, TypeError, "`out` has type list; expected a numpy.ndarray"),
        (np.empty((4, 3)), ValueError, r"`out` has shape \(4, 3\); expected \(3, 4\), the shape of `x`"),
        (np.zeros((3, 4), np.float32), ValueError, "`out` has dtype float32; expected float64"),
        (read_only(np.zeros((3, 4))), ValueError, "`out` is read-only"),
        (np.lib.stride_tricks.as_strided(buffer, (3, 4), (8, 8)), ValueError, "several elements share memory"),
    ):
        check_dropout(error, message, x=x, out=out)
    check_dropout(ValueError, "`out` overlaps `x` in memory", x=buffer[:12], out=buffer[1:13])
    frozen = read_only(np.ones(3))
    check_dropout(ValueError, "`out` is read-only", x=frozen, out=frozen)


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5, "one", [1, 2]], ids=repr)
def test_seeds_that_engine_fast_refuses(seed):
    check_forward(np.ones(3), GOOD | {"engine": "fast", "seed": seed}, (ValueError, TypeError), r"`dropout_param\['seed'\]` ")
