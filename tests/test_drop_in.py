"""`dropout_forward` and `dropout_backward` give the same bits as the NumPy code in reference.py."""

import internals
import numpy as np
import pytest
from helpers import LAYOUTS, SIZES, assert_same, floats, forward_of_both, keep_probs, laid_out, shapes, state
from hypothesis import given
from hypothesis import strategies as st

import dropout_fast
from dropout_fast import reference

# The arrays hold inf, NaN and numbers that overflow, on purpose. NumPy warns of them, the kernels do not.
pytestmark = pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")

SEEDS = (0, 1, 2**32 - 1, [1, 2, 3], np.arange(700), np.uint32(7), None)


@given(
    shape=shapes,
    dtype=st.sampled_from([np.float32, np.float64]),
    p=keep_probs,
    layout=st.sampled_from(LAYOUTS),
    words=st.integers(0, 1500),
    seed=st.one_of(st.none(), st.integers(0, 2**32 - 1), st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=4)),
    scale_at=st.sampled_from(["train", "train", "test"]),
    content=st.integers(0, 2**32 - 1),
)
def test_forward_and_backward_are_the_reference_bit_for_bit(shape, dtype, p, layout, words, seed, scale_at, content):
    rng = np.random.default_rng(content)
    x = laid_out(floats(shape, dtype, rng), layout)
    dropout_param = {"p": p, "mode": "train", "scale_at": scale_at} | ({} if seed is None else {"seed": seed})

    (out, cache), (their_out, their_cache) = forward_of_both(x, dropout_param, words)
    assert_same(out, their_out)
    assert cache[0] is dropout_param
    assert_same(np.asarray(cache[1]), np.asarray(their_cache[1]))
    assert cache[1].dtype == np.asarray(their_cache[1]).dtype

    dout = laid_out(floats(shape, dtype, rng), layout)
    dx = dropout_fast.dropout_backward(dout, cache)
    product = reference.dropout_backward(dout, their_cache)
    assert_same(dx, product.astype(dout.dtype, copy=False))
    assert_same(dropout_fast.dropout_backward(dout, their_cache), dx)
    if isinstance(product, np.ndarray):
        exact = np.empty(product.shape, product.dtype)
        assert dropout_fast.dropout_backward(dout, cache, out=exact) is exact
        assert exact.tobytes() == product.tobytes()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("words", [0, 1, 623])
def test_sizes_around_every_block_boundary(size, dtype, words):
    np.random.seed(size)
    x = floats((size,), dtype, np.random.default_rng(size), "normal")
    for p in (0.5, 0.9):
        (out, _), (their_out, _) = forward_of_both(x, {"p": p, "mode": "train"}, words)
        assert_same(out, their_out)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("p", [0.5, 0.7])
def test_a_large_array_by_several_threads(dtype, p):
    x = floats((1031, 1021), dtype, np.random.default_rng(0))
    with internals.force_parallel(), internals.never_nontemporal(), internals.kernels_called() as called:
        (out, cache), (their_out, their_cache) = forward_of_both(x, {"p": p, "mode": "train", "seed": 5})
        dx = dropout_fast.dropout_backward(x, cache)
    assert called == ["parallel", "parallel"]
    assert_same(out, their_out)
    assert_same(dx, reference.dropout_backward(x, their_cache).astype(dtype))


@given(p=keep_probs, first=st.integers(0, 2**26), count=st.integers(1, 64), content=st.integers(0, 2**32 - 1))
def test_where_the_first_word_ties_the_second_decides(p, first, count, content):
    np.random.seed(content)
    draws = (np.random.random_sample(count) * 2**53).astype(np.int64)
    for threshold in (draws[first % count], draws[first % count] + 1):
        if threshold == 0:
            continue
        (out, _), (their_out, _) = forward_of_both(np.ones(count), {"p": threshold / 2**53, "mode": "train", "seed": content})
        assert_same(out, their_out)


@pytest.mark.parametrize("seed", SEEDS, ids=str)
@pytest.mark.parametrize("mode", ["train", "test"])
def test_seeds_of_every_kind_in_either_mode(seed, mode):
    x = np.ones(1000, np.float32)
    (out, _), (their_out, _) = forward_of_both(x, {"p": 0.5, "mode": mode, "seed": seed})
    if seed is None:  # np.random.seed(None) takes fresh entropy, so values differ
        assert out.shape == their_out.shape and set(np.unique(out)) <= {0.0, 1.0, 2.0}
    else:
        assert_same(out, their_out)


def test_seed_none_reseeds():
    np.random.seed(0)
    dropout_param = {"p": 0.5, "mode": "train", "seed": None}
    first, second = (dropout_fast.dropout_forward(np.ones(200), dropout_param)[0] for _ in range(2))
    np.random.seed(0)
    assert not np.array_equal(first, np.ones(200) * (np.random.rand(200) < 0.5) / 0.5)
    assert not np.array_equal(first, second)  # equal by chance: once in 2**200


def test_interleaved_with_other_calls_of_np_random():
    def sequence(dropout):
        np.random.seed(11)
        seen = []
        for size in (3, 1000, 17, 624, 0, 312):
            seen.append(np.random.standard_normal(3))
            seen.append(dropout.dropout_forward(np.ones(size), {"p": 0.3, "mode": "train"})[0])
            seen.append(np.random.permutation(7))
            seen.append(np.random.randint(0, 2**32, size % 5, np.uint32))
            seen.append(np.random.rand(2))
        return b"".join(item.tobytes() for item in seen)

    assert sequence(dropout_fast) == sequence(reference)


@pytest.mark.parametrize("generator", [np.random.PCG64, np.random.Philox, np.random.SFC64, np.random.MT19937])
def test_a_swapped_global_bit_generator(generator):
    x = floats((37, 11), np.float32, np.random.default_rng(3))
    after = []
    for dropout in (reference, dropout_fast):
        np.random.set_bit_generator(generator(42))
        np.random.rand(3)
        out, cache = dropout.dropout_forward(x, {"p": 0.3, "mode": "train"})
        after.append((out.tobytes(), np.asarray(cache[1]).tobytes(), np.random.rand(5).tobytes()))
    assert after[0] == after[1]


@pytest.mark.parametrize("dtype", [np.float16, np.int8, np.int64, np.uint8, np.bool_, np.complex64, np.longdouble])
@pytest.mark.parametrize("scale_at", ["train", "test"])
def test_other_dtypes_have_the_values_of_the_reference(dtype, scale_at):
    x = np.arange(-60, 60).astype(dtype).reshape(8, 15)
    dropout_param = {"p": 0.7, "mode": "train", "seed": 1, "scale_at": scale_at}
    (out, cache), (their_out, their_cache) = forward_of_both(x, dropout_param)
    assert_same(out, their_out)
    product = reference.dropout_backward(x, their_cache)
    wanted = product.astype(dtype) if np.dtype(dtype).kind in "fc" else product
    assert_same(dropout_fast.dropout_backward(x, cache), wanted)
    target = np.empty_like(x)
    assert dropout_fast.dropout_forward(x, dropout_param, out=target)[0] is target
    assert_same(target, their_out)


def test_a_memory_mapped_file_takes_numpys_own_way(tmp_path):
    x = np.memmap(tmp_path / "x", np.float64, "w+", shape=(3, 4))
    x[:] = np.arange(12.0).reshape(3, 4)
    (out, cache), (their_out, their_cache) = forward_of_both(x, {"p": 0.5, "mode": "train", "seed": 2})
    assert_same(out, their_out)
    assert_same(dropout_fast.dropout_backward(x, cache), reference.dropout_backward(x, their_cache))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_masked_arrays_take_numpys_own_way(dtype):
    x = np.ma.masked_greater(np.arange(-6, 30, dtype=dtype).reshape(9, 4), 20)
    x.fill_value = 77
    (out, cache), (their_out, their_cache) = forward_of_both(x, {"p": 0.5, "mode": "train", "seed": 2})
    assert_same_masked(out, their_out)
    dx, product = dropout_fast.dropout_backward(x, cache), reference.dropout_backward(x, their_cache)
    assert_same_masked(dx, product.astype(dtype))
    assert x.fill_value == 77  # a product may share its fill value with x


def assert_same_masked(ours, theirs):
    """Check that the same elements are masked, and that the others and the fill value have the same bits."""
    assert isinstance(ours, np.ma.MaskedArray) and 0 < ours.count() < ours.size
    assert np.ma.getmaskarray(ours).tolist() == np.ma.getmaskarray(theirs).tolist()
    assert_same(ours.compressed(), theirs.compressed())
    assert_same(ours.fill_value, theirs.fill_value)


@pytest.mark.parametrize("p", [np.float16(0.3), np.float32(0.3), np.longdouble("0.3"), np.int64(1), np.array(0.3)], ids=repr)
@pytest.mark.parametrize("shape", [(), (0,), (5, 7)])
def test_keep_probabilities_of_numpys_own_types(p, shape):
    x = floats(shape, np.float32, np.random.default_rng(1), "normal")
    (out, cache), (their_out, their_cache) = forward_of_both(x, {"p": p, "mode": "train", "seed": 3})
    assert_same(out, their_out)
    assert_same(np.asarray(cache[1]), np.asarray(their_cache[1]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32])
@pytest.mark.parametrize("scale_at", ["train", "test"])
def test_mode_test(dtype, scale_at):
    x = np.arange(12).astype(dtype).reshape(3, 4)
    dropout_param = {"p": 0.3, "mode": "test", "scale_at": scale_at}
    (out, cache), (their_out, _) = forward_of_both(x, dropout_param)
    assert_same(out, their_out)
    assert cache == (dropout_param, None)
    assert (out is x) == (scale_at == "train")
    assert dropout_fast.dropout_backward(x, cache) is x
    target = np.empty_like(x)
    assert dropout_fast.dropout_forward(x, dropout_param, out=target)[0] is target
    assert_same(target, their_out)
    target = np.empty_like(x)
    assert_same(dropout_fast.dropout_backward(x, cache, out=target), x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("layout", ["c", "fortran", "strided", "reversed", "unaligned", "byte-swapped"])
def test_out_of_every_layout_and_in_place(dtype, layout):
    x = laid_out(floats((30, 50), dtype, np.random.default_rng(8)), layout)
    dropout_param = {"p": 0.6, "mode": "train", "seed": 4}
    expected, (_, mask) = reference.dropout_forward(x, dropout_param)
    expected_dx = reference.dropout_backward(x, (dropout_param, mask)).astype(dtype)
    for target in (np.empty_like(x), laid_out(np.zeros((30, 50), dtype), layout), x.copy()):
        target = target.view(x.dtype) if target.dtype == x.dtype else target.astype(x.dtype)
        out, cache = dropout_fast.dropout_forward(x, dropout_param, out=target)
        assert out is target and out.tobytes() == expected.tobytes()
    assert dropout_fast.dropout_backward(x, cache, out=target) is target
    assert target.astype(dtype).tobytes() == expected_dx.tobytes()
    out, _ = dropout_fast.dropout_forward(x, dropout_param, out=x)
    assert out is x and x.tobytes() == expected.tobytes()


def test_x_may_be_a_list_and_is_left_alone():
    x = np.arange(6.0)
    dropout_param = {"p": 0.5, "mode": "train", "seed": 0}
    out, cache = dropout_fast.dropout_forward(x.tolist(), dropout_param)
    assert_same(out, dropout_fast.dropout_forward(x, dropout_param)[0])
    assert_same(dropout_fast.dropout_backward(x.tolist(), cache), out)
    assert x.tolist() == [0, 1, 2, 3, 4, 5]


def test_unknown_keys_are_ignored():
    x = np.ones(50)
    (out, _), (their_out, _) = forward_of_both(x, {"p": 0.5, "mode": "train", "seed": 0, "learning_rate": 3})
    assert_same(out, their_out)


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_matrix_is_multiplied_element_by_element(dtype):
    x = floats((3, 3), dtype, np.random.default_rng(0), "normal")
    dropout_param = {"p": 0.3, "mode": "train", "seed": 5}
    expected, their_cache = reference.dropout_forward(x, dropout_param)
    out, cache = dropout_fast.dropout_forward(np.asmatrix(x), dropout_param)
    assert type(out) is np.matrix and out.tobytes() == expected.tobytes()
    dx = dropout_fast.dropout_backward(np.asmatrix(x), cache)
    assert dx.tobytes() == reference.dropout_backward(x, their_cache).astype(dtype).tobytes()


@pytest.mark.parametrize("seed", [0, 7])
def test_the_step_of_engine_fast_counts(seed):
    x = np.ones((20, 30), np.float32)
    dropout_param = {"p": 0.5, "mode": "train", "engine": "fast", "seed": seed}
    outs = [dropout_fast.dropout_forward(x, dropout_param | {"step": step})[0] for step in range(3)]
    for step, out in enumerate(outs):
        assert out.tobytes() == dropout_fast.dropout(x, keep_prob=0.5, seed=seed, step=step)[0].tobytes()
    assert outs[0].tobytes() != outs[1].tobytes() != outs[2].tobytes()
    assert outs[0].tobytes() == dropout_fast.dropout_forward(x, dropout_param)[0].tobytes()
    for bad, error in ((-1, ValueError), (0.5, TypeError)):
        with pytest.raises(error, match=r"`dropout_param\['step'\]`"):
            dropout_fast.dropout_forward(x, dropout_param | {"step": bad})


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("keep_prob", "p"),
        ("prob", "p"),
        ("scale", "scale_at"),
        ("Seed", "seed"),
        ("MODE", "mode"),
        ("dxdtype", "dx_dtype"),
    ],
)
def test_keys_that_are_nearly_ours_are_errors(key, meant):
    before = state()
    with pytest.raises(ValueError, match=f"`dropout_param` has the key '{key}'; expected '{meant}'"):
        dropout_fast.dropout_forward(np.ones(3), {"p": 0.5, "mode": "train", "seed": 0, key: 1})
    assert state() == before


def test_p_may_be_0_in_engine_fast_only():
    x = np.ones(50, np.float32)
    out, (_, mask) = dropout_fast.dropout_forward(x, {"p": 0, "mode": "train", "engine": "fast"})
    assert not out.any() and not mask.apply(x).any()
    with pytest.raises(ValueError, match=r"`dropout_param\['p'\]` is 0; expected a number in \(0, 1\]"):
        dropout_fast.dropout_forward(x, {"p": 0, "mode": "train"})


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int32])
@pytest.mark.parametrize("scale_at", ["train", "test"])
@pytest.mark.parametrize("p", [0.5, 0.7])
def test_dx_dtype_float64_gives_numpys_very_dx(dtype, scale_at, p):
    x = np.linspace(-3, 3, 700).astype(dtype).reshape(70, 10)
    dropout_param = {"p": p, "mode": "train", "seed": 3, "scale_at": scale_at, "dx_dtype": "float64"}
    (_, cache), (_, their_cache) = forward_of_both(x, dropout_param)
    expected = reference.dropout_backward(x, their_cache)
    assert_same(dropout_fast.dropout_backward(x, cache), expected)
    assert_same(dropout_fast.dropout_backward(x, (dropout_param, np.asarray(cache[1]))), expected)
    with pytest.raises(ValueError, match=r"`dropout_param\['dx_dtype'\]` is 'float32'; expected 'dout' or 'float64'"):
        dropout_fast.dropout_forward(x, dropout_param | {"dx_dtype": "float32"})


def test_a_float32_training_run_has_the_losses_of_the_numpy_code_with_dx_dtype_float64():
    def losses(dropout, **options):
        rng = np.random.default_rng(0)
        np.random.seed(1)
        x, y = rng.standard_normal((64, 20), np.float32), rng.standard_normal((64, 3), np.float32)
        w1, w2 = (rng.standard_normal(shape, np.float32) for shape in ((20, 100), (100, 3)))
        dropout_param = {"p": 0.7, "mode": "train", **options}
        for _ in range(5):
            out, cache = dropout.dropout_forward(x @ w1, dropout_param)
            error = out @ w2 - y
            yield float((error**2).sum())
            dh = dropout.dropout_backward(error @ w2.T, cache)
            w2 = w2 - 0.0001 * (out.T @ error)
            w1 = w1 - 0.0001 * (x.T @ dh)

    expected = list(losses(reference))
    assert list(losses(dropout_fast, dx_dtype="float64")) == expected
    rounded = list(losses(dropout_fast))
    assert rounded[0] == expected[0] and rounded != expected


@pytest.mark.parametrize("scale_at", ["train", "test"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_masks_of_booleans_say_what_was_kept(scale_at, dtype):
    x = np.linspace(-3, 3, 60).astype(dtype).reshape(6, 10)
    dropout_param = {"p": 0.3, "mode": "train", "seed": 3, "scale_at": scale_at}
    _, cache = dropout_fast.dropout_forward(x, dropout_param)
    kept = np.asarray(cache[1]) > 0
    expected = dropout_fast.dropout_backward(x, cache)
    assert_same(dropout_fast.dropout_backward(x, (dropout_param, kept)), expected)
    with pytest.raises(ValueError, match="`dropout_param` has no 'p'"):
        dropout_fast.dropout_backward(x, ({"mode": "train"}, kept))
