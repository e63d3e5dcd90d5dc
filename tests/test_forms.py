"""Every form of NumPy dropout: the same result, mask, gradient and generator state as the NumPy code's, bit for bit."""

import copy
import dataclasses
import pickle

import internals
import numpy as np
import pytest
from generators import KINDS, OWNERS, compare, make, pcg64_that_draws, positions, run_lines, state_of
from helpers import assert_same, examples, floats, shapes
from hypothesis import given
from hypothesis import strategies as st

from dropout_fast import Dropout, dropout, dropout_forward, forms, reference
from dropout_fast.forms import NumpyForm

pytestmark = pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")

X = np.arange(1.0, 2001.0, dtype=np.float32).reshape(40, 50)

MASK_DTYPES = [None, np.bool_, np.int64, np.float64, np.float32, np.float16, np.uint8]

some_forms = st.one_of(
    st.sampled_from(list(forms.NAMED.values())),
    st.builds(
        NumpyForm,
        draw=st.just("random"),
        keep=st.sampled_from(["<", "<=", ">", ">="]),
        scale=st.sampled_from(["mask", "divide", "multiply", None]),
        mask_dtype=st.sampled_from(MASK_DTYPES),
    ),
    st.builds(
        NumpyForm,
        draw=st.sampled_from(["binomial", "choice"]),
        scale=st.sampled_from(["mask", "divide", "multiply", None]),
        mask_dtype=st.sampled_from(MASK_DTYPES),
    ),
)

#: Of keeping as "p", or of dropping as "rate". Those of 53 bits can equal a draw.
probabilities = st.one_of(
    st.sampled_from([0.5, 0.8, 0.9, 0.1, 0.25, 1 / 3, 2.0**-53, 1 - 2.0**-53]),
    st.floats(0, 1, exclude_min=True, exclude_max=True),
    st.integers(1, 2**53 - 1).map(lambda numerator: numerator / 2**53),
)


def compare_one(form, owner, kind, position, shape, dtype, given, value, launch, content):
    x = floats(shape, dtype, np.random.default_rng(content))
    with internals.force_parallel() if launch == "parallel" else internals.force_serial():
        compare(x, value, lambda: make(owner, kind, position), form=form, given=given)


cases = given(
    form=some_forms,
    owner=st.sampled_from(OWNERS),
    kind=st.sampled_from(KINDS),
    position=positions,
    shape=shapes.filter(lambda shape: shape),
    dtype=st.sampled_from([np.float32, np.float64]),
    given=st.sampled_from(["keep_prob", "rate"]),
    value=probabilities,
    launch=st.sampled_from(["serial", "parallel"]),
    content=st.integers(0, 9),
)


@cases
def test_random_cases(**case):
    compare_one(**case)


@pytest.mark.long
@cases
@examples(20_000)
def test_random_cases_at_length(**case):
    compare_one(**case)


@pytest.mark.parametrize("form", [*forms.NAMED.values(), NumpyForm(scale="multiply", mask_dtype=np.float32)], ids=str)
@pytest.mark.parametrize("dtype", [np.float16, np.complex64, ">f4", np.longdouble])
def test_other_dtypes(form, dtype):
    x = floats((30, 40), np.float32, np.random.default_rng(0), "normal").astype(dtype)
    compare(x, 0.3, lambda: make("Generator", "PCG64", (5, 1)), form=form, given="rate")


@examples(400)
@given(
    keep=st.sampled_from(["<", "<=", ">", ">="]),
    kind=st.sampled_from(KINDS),
    position=positions,
    size=st.integers(0, 300) | st.sampled_from([40_000]),
    value=st.sampled_from([0.3, 0.5, float(np.float32(0.3)), 0.7, 2.0**-24, 2.0**-25]) | probabilities,
)
def test_draws_of_float32(keep, kind, position, size, value):
    """PCG64 draws two from each output, and one may wait: at odd positions, and after odd numbers of draws."""
    form = NumpyForm(draw="random_float32", keep=keep)
    compare(np.ones(size, np.float32), value, lambda: make("Generator", kind, position), form=form, given="rate")


def test_a_draw_of_float32_at_the_limit():
    for numerator in (0, 1, 2**23, 2**24 - 1):
        for keep in ("<", "<=", ">", ">="):
            for half in (0, 32):
                rng = pcg64_that_draws(numerator << 8 << half)
                for value in (numerator / 2**24, (numerator + 1) / 2**24):
                    if 0 < value < 1:
                        form = NumpyForm(draw="random_float32", keep=keep)
                        compare(np.ones(2), value, lambda rng=rng: copy.deepcopy(rng), form=form, given="rate")


@pytest.mark.parametrize("name", forms.NAMED)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.75])
def test_the_lines_in_the_docstrings(name, dtype, rate):
    form, x = forms.NAMED[name], X.astype(dtype)
    assert getattr(forms, name) is form
    np.random.seed(2)
    made = run_lines(form, x, rate)
    np.random.seed(2)
    out, mask = dropout(x, rate=rate, rng=np.random, form=form)
    assert_same(out, made["out"].astype(dtype))
    if name == "CHAINER":
        made["mask"] = made["mask"] != 0
    assert_same(np.asarray(mask), made["mask"])


DRAWING = [
    *(NumpyForm(keep=keep) for keep in ("<", "<=", ">", ">=")),
    NumpyForm(draw="binomial"),
    NumpyForm(draw="choice"),
]


@pytest.mark.parametrize("form", DRAWING, ids=str)
@pytest.mark.parametrize("given", ["keep_prob", "rate"])
def test_draws_at_the_limit(form, given):
    """States whose next draws are the limit between kept and dropped, and its neighbours: each for itself, and in a row."""
    for value in (0.5, 0.8, 0.9, 0.2, 0.1, 1 / 3, 0.7000000000000001, 3 * 2.0**-53, 1 - 2.0**-53):
        near = internals.draws_near({given: value})
        for draws in ([draw] for draw in near), [near]:
            for given_draws in draws:
                x = np.ones(len(given_draws))
                for owner in (np.random.RandomState, np.random.Generator):
                    compare(x, value, lambda d=given_draws, o=owner: o(internals.generator_that_draws(d)), form=form, given=given)


@pytest.mark.parametrize("form", DRAWING, ids=str)
def test_draws_at_the_limit_of_pcg64(form):
    for value in (0.5, 0.8, 0.1, 1 / 3):
        for draw in internals.draws_near({"rate": value}):
            compare(np.ones(3), value, lambda draw=draw: pcg64_that_draws(draw << 11), form=form, given="rate")


def test_a_binomial_of_another_numpy_is_left_to_numpy():
    """None of 300,000 probabilities has NumPy draw twice; if it did, or compared otherwise, it would draw itself."""
    form = NumpyForm(draw="binomial")
    with internals.binomial_of_another_numpy():
        assert internals.comparison_of(form, 0.8) is None
        compare(X, 0.8, lambda: make("np.random", "MT19937", (1, 1)), form=form)
    assert internals.comparison_of(form, 0.8) is not None
    assert internals.comparison_of(form, 2.0**-60) is None  # NumPy's probability of 0 is 1


@pytest.mark.parametrize("form", [forms.COURSERA, forms.OREILLY, forms.NNFS, forms.CHAINER], ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_the_mask_is_in_somebodys_backward(form, dtype):
    """Code that keeps the mask and goes on in NumPy has the same numbers as before."""
    x, dout = X.astype(dtype), X[::-1].astype(dtype)
    np.random.seed(3)
    theirs = reference.draw_mask(np.random, x.shape, form, 1 - 0.3, 0.3)
    np.random.seed(3)
    _, mask = dropout(x, rate=0.3, rng=np.random, form=form)
    assert_same(dout * mask, dout * theirs)
    assert_same(mask * dout, theirs * dout)
    assert_same(dout * mask / (1 - 0.3), dout * theirs / (1 - 0.3))
    assert mask.dtype == theirs.dtype
    wide = np.empty(x.shape, np.result_type(dout.dtype, theirs.dtype))
    assert_same(mask.apply(dout, out=wide), reference.multiply(dout, theirs, form, 1 - 0.3).astype(wide.dtype))


def test_masks_travel_and_compare():
    masks = []
    for form in (forms.CS231N, forms.COURSERA, forms.COURSERA_BOOL, forms.CHAINER, forms.VANILLA):
        np.random.seed(1)
        masks.append(dropout(X, keep_prob=0.8, rng=np.random, form=form)[1])
    for mask in masks:
        for same in (pickle.loads(pickle.dumps(mask)), copy.deepcopy(mask)):
            assert same == mask and same.apply(X).tobytes() == mask.apply(X).tobytes()
    np.random.seed(1)
    assert dropout(X, keep_prob=0.7999, rng=np.random, form=forms.COURSERA)[1] != masks[1]
    assert masks[1] != masks[3] and masks[0] != masks[1]


@pytest.mark.parametrize("form", [forms.OREILLY, forms.COURSERA, forms.NEEDLE], ids=str)
def test_the_layer(form):
    np.random.seed(4)
    expected = [reference.dropout_forward(X, {"rate": 0.1, "mode": "train", "form": form}) for _ in range(3)]
    np.random.seed(4)
    drop = Dropout(rate=0.1, rng=np.random, form=form)
    for out, _ in expected:
        assert_same(drop(X), out)
    for _, cache in expected[::-1]:
        assert_same(drop.backward(X), reference.dropout_backward(X, cache).astype(np.float32))
    again = Dropout(rng=np.random, form=form)
    again.load_state_dict(drop.state_dict())
    assert again.state_dict() == drop.state_dict() == {"keep_prob": 1 - 0.1, "rate": 0.1, "step": 3}
    np.random.seed(5)
    assert_same(again(X), reference.dropout_forward(X, {"rate": 0.1, "mode": "train", "form": form, "seed": 5})[0])
    assert "form=NumpyForm(" in repr(drop)
    drop.keep_prob = 0.3
    np.random.seed(5)
    assert_same(drop(X), reference.dropout_forward(X, {"p": 0.3, "mode": "train", "form": form, "seed": 5})[0])


@pytest.mark.parametrize("inplace", [False, True])
def test_the_layer_scales_in_evaluation_where_the_form_does_not_in_training(inplace):
    with Dropout(rate=0.1, rng=np.random, form=forms.OREILLY, inplace=inplace).evaluating() as drop:
        x, dout = X.copy(), X.copy()
        assert_same(drop(x), X * (1 - 0.1))
        assert_same(drop.backward(dout), X * (1 - 0.1))
        assert (x is not X and np.array_equal(x, X)) != inplace
    with Dropout(rate=0.1, rng=np.random, form=forms.COURSERA).evaluating() as drop:
        assert drop(X) is X


def test_the_drop_in_in_mode_test():
    for form in forms.NAMED.values():
        dropout_param = {"rate": 0.1, "mode": "test", "form": form}
        assert_same(dropout_forward(X, dropout_param)[0], reference.dropout_forward(X, dropout_param)[0])


def test_rate_in_the_place_of_p():
    for engine, seed in (("numpy", 3), ("fast", 3)):
        by_rate = dropout_forward(X, {"rate": 0.25, "mode": "train", "engine": engine, "seed": seed})[0]
        assert_same(by_rate, dropout_forward(X, {"p": 0.75, "mode": "train", "engine": engine, "seed": seed})[0])


def test_forms_are_values():
    assert NumpyForm(mask_dtype="int64") == NumpyForm(mask_dtype=np.int64) and hash(forms.COURSERA) == hash(
        NumpyForm(scale="divide", mask_dtype=int)
    )
    assert pickle.loads(pickle.dumps(forms.COURSERA)) == forms.COURSERA
    assert dataclasses.replace(forms.COURSERA, mask_dtype=None) == forms.COURSERA_BOOL
    assert "np.random.rand" in forms.DEZERO.__doc__


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"draw": "randn"}, "`draw` is 'randn'; expected 'random' or 'random_float32' or 'binomial' or 'choice'."),
        ({"keep": "=="}, "`keep` is '=='; expected '<' or '<=' or '>' or '>='."),
        ({"scale": "test"}, "`scale` is 'test'; expected 'mask' or 'divide' or 'multiply' or None."),
        ({"draw": "binomial", "keep": ">"}, "`keep` is '>' and `draw` is 'binomial'; expected '<', because nothing is compared."),
        ({"mask_dtype": complex}, "`mask_dtype` is complex128; expected bool, an integer or a floating dtype, or None."),
    ],
)
def test_bad_forms(fields, complaint):
    with pytest.raises(ValueError) as caught:
        NumpyForm(**fields)
    assert str(caught.value) == complaint


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: dropout(X, form=forms.NNFS), "`rng` is None; expected rng=np.random"),
        (lambda: Dropout(form=forms.NNFS), "`rng` is None; expected rng=np.random"),
        (lambda: dropout(X, rng=np.random, form="NNFS"), "`form` is 'NNFS'; expected a dropout_fast.forms.NumpyForm"),
        (
            lambda: dropout(X, rng=np.random, form=NumpyForm(draw="random_float32")),
            "`form` draws by random.dtype=np.float32.; expected a numpy.random.Generator",
        ),
        (
            lambda: dropout_forward(X, {"p": 0.5, "mode": "train", "form": forms.NNFS, "engine": "fast"}),
            r"`dropout_param\['engine'\]` is 'fast', and `dropout_param\['form'\]` is given",
        ),
        (
            lambda: dropout_forward(X, {"p": 0.5, "mode": "train", "form": forms.NNFS, "scale_at": "test"}),
            r"`dropout_param\['scale_at'\]` is 'test', and `dropout_param\['form'\]` is given",
        ),
        (
            lambda: dropout_forward(X, {"p": 0.5, "rate": 0.5, "mode": "train"}),
            r"`dropout_param\['p'\]` is 0.5, `dropout_param\['rate'\]` is 0.5; expected one of the two",
        ),
        (lambda: dropout_forward(X, {"p": 0.5, "mode": "train", "form": 3}), r"`dropout_param\['form'\]` is 3; expected a"),
    ],
)
def test_bad_calls_draw_nothing(call, complaint):
    before = state_of(np.random)
    with pytest.raises(TypeError, match=complaint):
        call()
    assert state_of(np.random) == before


def test_nothing_is_kept():
    with pytest.raises(ValueError, match=r"`rate` is 1.0; expected a number in \[0, 1\)"):
        dropout(X, rate=1.0, rng=np.random, form=forms.NNFS)
    with pytest.raises(ValueError, match=r"`dropout_param\['rate'\]` is 1; expected a number in \[0, 1\)"):
        dropout_forward(X, {"rate": 1, "mode": "train", "form": forms.NNFS})
    compare(X, 1.0, lambda: make("np.random", "MT19937", (1, 1)), form=forms.OREILLY, given="rate")
    compare(X, 0.0, lambda: make("np.random", "MT19937", (1, 1)), form=forms.VANILLA)
