"""Any generator of NumPy's as `rng`: its own draws, its own state afterwards, with every bit generator under every owner."""

import copy
import itertools
import pickle
import threading

import internals
import ml_dtypes
import numpy as np
import pytest
from generators import KINDS, OWNERS, compare, global_as_it_was, make, positions, state_of
from helpers import LAYOUTS, assert_same, examples, floats, keep_probs, laid_out, shapes
from hypothesis import given
from hypothesis import strategies as st

from dropout_fast import Dropout, dropout, dropout_backward, dropout_forward, forms, reference

pytestmark = pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")

X = np.arange(1.0, 2001.0, dtype=np.float32).reshape(40, 50)


@given(
    owner=st.sampled_from(OWNERS),
    kind=st.sampled_from(KINDS),
    position=positions,
    shape=shapes,
    dtype=st.sampled_from([np.float32, np.float64]),
    p=keep_probs.filter(lambda p: type(p) in (float, int)),
    parallel=st.booleans(),
    content=st.integers(0, 9),
)
def test_forward_and_backward_are_the_numpy_code(owner, kind, position, shape, dtype, p, parallel, content):
    x = floats(shape, dtype, np.random.default_rng(content))
    with internals.force_parallel() if parallel else internals.force_serial():
        compare(x, p, lambda: make(owner, kind, position))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize("dtype", [np.float16, np.complex64, np.complex128, ">f4"])
def test_other_dtypes(owner, kind, dtype):
    x = floats((30, 40), np.float32, np.random.default_rng(0), "normal").astype(dtype)
    compare(x, 0.3, lambda: make(owner, kind, (5, 1)))


@pytest.mark.parametrize("owner", OWNERS)
def test_bfloat16(owner):
    x = floats((500,), np.float32, np.random.default_rng(0), "normal").astype(ml_dtypes.bfloat16)
    out, mask = dropout(x, keep_prob=0.3, rng=make(owner, "PCG64", (5, 1)))
    expected = (x.astype(np.float64) * np.asarray(mask)).astype(ml_dtypes.bfloat16)
    assert_same(out, expected)
    assert_same(np.asarray(mask.apply(x)).astype(ml_dtypes.bfloat16), expected)


@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize(
    "p", [1, 0.5, np.float64(0.3), np.float32(0.3), np.float16(0.3), np.longdouble(0.3), np.array(0.25)], ids=repr
)
@pytest.mark.parametrize("shape", [(), (1,), (60, 70)], ids=str)
@pytest.mark.parametrize("scale_at", ["train", "test"])
def test_keep_probabilities_of_every_type_in_the_drop_in(owner, p, shape, scale_at):
    x = floats(shape, np.float32, np.random.default_rng(1), "normal")
    for kind in ("MT19937", "PCG64", "SFC64"):
        dropout_param = {"p": p, "mode": "train", "scale_at": scale_at}
        rng = make(owner, kind, (4, 3))
        theirs, their_cache = reference.dropout_forward(x, dropout_param | {"rng": rng})
        after = state_of(rng)
        rng = make(owner, kind, (4, 3))
        ours, cache = dropout_forward(x, dropout_param | {"rng": rng})
        assert state_of(rng) == after
        assert_same(np.asarray(ours), np.asarray(theirs))
        assert np.asarray(cache[1]).dtype == np.asarray(their_cache[1]).dtype
        expected = reference.dropout_backward(x, their_cache).astype(x.dtype)
        assert_same(np.asarray(dropout_backward(x, cache)), np.asarray(expected))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", KINDS)
def test_layouts_of_x_and_out(layout, kind):
    x = laid_out(floats((30, 50), np.float32, np.random.default_rng(1), "normal"), layout)
    expected, _ = dropout(np.array(x, np.float32, order="C"), keep_prob=0.3, rng=make("Generator", kind, (9, 1)))
    target = np.empty_like(x)
    for out in (None, target, x if x.flags.writeable else target):
        got, _ = dropout(x, keep_prob=0.3, rng=make("Generator", kind, (9, 1)), out=out)
        assert (got is out or out is None) and np.array_equal(got, expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("owner", OWNERS)
def test_masks_travel(owner, kind):
    _, mask = dropout(X, keep_prob=0.3, rng=make(owner, kind, (1, 1)))
    for same in (pickle.loads(pickle.dumps(mask)), copy.deepcopy(mask)):
        assert same == mask and same.apply(X).tobytes() == mask.apply(X).tobytes()
        assert (same.seed, same.step, same.offset) == (None, None, None)


def test_the_global_generator_is_looked_up_at_the_call():
    drop = Dropout(keep_prob=0.5, rng=np.random)
    for kind in KINDS:
        make("np.random", kind, (3, 0))
        expected = reference.dropout_forward(X, {"p": 0.5, "mode": "train"})[0]
        for call in (drop, lambda x: dropout(x, rng=np.random)[0], lambda x: dropout_forward(x, {"p": 0.5, "mode": "train"})[0]):
            make("np.random", kind, (3, 0))
            assert_same(call(X), expected)


class Halved(np.random.Generator):
    """Draws other numbers than its bit generator's."""

    def random(self, *arguments, **options):
        return super().random(*arguments, **options) / 2


class HalvedState(np.random.RandomState):
    """The same in the legacy form."""

    def rand(self, *arguments):
        return super().rand(*arguments) / 2


class OfMyOwn(np.random.PCG64):
    """A bit generator of another type."""


@pytest.mark.parametrize(
    "make_rng", [lambda: Halved(np.random.PCG64(1)), lambda: HalvedState(1), lambda: np.random.Generator(OfMyOwn(1))]
)
def test_subclasses_draw_as_they_do(make_rng):
    compare(X, 0.4, make_rng)


@pytest.mark.parametrize("kind", ["Xoshiro256", "MT19937", "DSFMT", "Romu", "PCG32", "ThreeFry"])
def test_bit_generators_of_another_package(kind):
    randomgen = pytest.importorskip("randomgen")
    for size in (3, 500, 40_000):
        x = floats((size,), np.float32, np.random.default_rng(size))
        for p in (0.5, 0.3):
            compare(x, p, lambda: np.random.Generator(getattr(randomgen, kind)(3)))


def test_a_bit_generator_written_in_python():
    """It may draw numbers of more than 53 bits, at the limit and beside it."""
    near = [np.nextafter(0.3, 0), 0.3, np.nextafter(0.3, 1), 0.3 - 2.0**-54, 0.9]
    for form in (forms.CS231N, forms.CHAINER, forms.DEZERO, forms.NEEDLE, forms.NNFS, forms.CHOICE):
        made = []
        for draw in (reference.draw_mask, None):
            numbers = itertools.cycle(near)
            rng = np.random.Generator(bit_generator_of(numbers))
            if draw:
                made.append(draw(rng, (100,), form, 1 - 0.3, 0.3))
            else:
                made.append(np.asarray(dropout(np.ones(100), rate=0.3, rng=rng, form=form)[1]))
            assert next(numbers) == near[0]
        assert_same(made[1], made[0])


def bit_generator_of(numbers):
    """A bit generator that draws these numbers."""
    randomgen = pytest.importorskip("randomgen")
    return randomgen.UserBitGenerator(lambda _: 0, next_double=lambda _: next(numbers))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("owner", OWNERS)
def test_the_layer(owner, kind):
    theirs, drop = make(owner, kind, (7, 3)), None
    expected = [reference.dropout_forward(X, {"p": 0.6, "mode": "train", "rng": theirs}) for _ in range(3)]
    drop = Dropout(keep_prob=0.6, rng=make(owner, kind, (7, 3)))
    for out, _ in expected:
        assert_same(drop(X), out)
    for _, cache in expected[::-1]:
        assert_same(drop.backward(X), reference.dropout_backward(X, cache).astype(np.float32))
    assert drop.seed is None and drop.step == 3 and drop.state_dict() == {"keep_prob": 0.6, "step": 3}
    assert "rng=" in repr(drop) and "seed" not in repr(drop)
    with pytest.raises(TypeError, match="`seed` is 3, and `rng` is given"):
        drop.seed = 3


@pytest.mark.parametrize("owner", OWNERS)
def test_a_layer_and_its_generator_are_saved_and_copied(owner):
    drop = Dropout(keep_prob=0.6, rng=make(owner, "PCG64", (7, 3)))
    drop(X)
    for again in (pickle.loads(pickle.dumps(drop)), copy.deepcopy(drop)):
        assert again.step == 1 and (again.rng is np.random) == (owner == "np.random")
    saved, of_generator = drop.state_dict(), pickle.dumps(None if owner == "np.random" else drop.rng)
    expected = drop(X) if owner != "np.random" else None
    resumed = Dropout(rng=np.random if owner == "np.random" else pickle.loads(of_generator))
    resumed.load_state_dict(saved)
    assert (resumed.keep_prob, resumed.step, resumed.seed) == (0.6, 1, None)
    assert expected is None or resumed(X).tobytes() == expected.tobytes()


def test_evaluation_draws_nothing():
    rng = make("Generator", "PCG64", (1, 1))
    before = state_of(rng)
    with Dropout(rng=rng).evaluating() as drop:
        assert drop(X) is X
    assert dropout_forward(X, {"p": 0.5, "mode": "test", "rng": rng})[0] is X
    assert state_of(rng) == before


def test_none_is_no_generator():
    assert_same(dropout(X, seed=3, rng=None)[0], dropout(X, seed=3)[0])
    np.random.seed(5)
    expected = dropout_forward(X, {"p": 0.5, "mode": "train"})[0]
    assert_same(dropout_forward(X, {"p": 0.5, "mode": "train", "seed": 5, "rng": None})[0], expected)
    assert Dropout(seed=1, rng=None).seed == 1


@pytest.mark.parametrize("kind", KINDS)
def test_np_random_is_left_alone(kind):
    before = state_of(np.random)
    dropout(X, rng=make("Generator", kind, (1, 1)))
    dropout_forward(X, {"p": 0.5, "mode": "train", "rng": make("RandomState", kind, (1, 1))})
    assert state_of(np.random) == before


@pytest.mark.parametrize("kind", KINDS)
def test_threads_share_a_generator_without_losing_a_draw(kind):
    """All draws together are those of one long call, in some order: as many are below a half."""
    rng, x, kept = make("Generator", kind, (3, 0)), np.ones(500), []

    def call():
        for _ in range(100):
            kept.append(dropout(x, keep_prob=0.5, rng=rng)[1])

    expected = copy.deepcopy(rng).random(4 * 100 * 500)
    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    theirs = sorted((row < 0.5).tobytes() for row in expected.reshape(-1, 500))
    assert sorted((np.asarray(mask) > 0).tobytes() for mask in kept) == theirs


@examples(200)
@given(
    owner=st.sampled_from(OWNERS), kind=st.sampled_from(KINDS), position=positions, sizes=st.lists(st.integers(0, 700), max_size=6)
)
@global_as_it_was()
def test_interleaved_with_other_calls_of_the_generator(owner, kind, position, sizes):
    drawn = []
    for module in (reference, None):
        rng = make(owner, kind, position)
        drawn.append([])
        for size in sizes:
            x = np.ones(size, np.float32)
            forward = dropout_forward if module is None else module.dropout_forward
            drawn[-1].append(forward(x, {"p": 0.5, "mode": "train", "rng": rng})[0].tolist())
            drawn[-1].append(rng.standard_normal(size % 3).tolist() + rng.bytes(size % 7 + 1).hex().split())
    assert drawn[0] == drawn[1]
