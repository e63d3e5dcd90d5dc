"""`relu_dropout`, `dropout_add` and ``apply(bias_gradient=)``, held to the operations one after another."""

import pickle

import internals
import ml_dtypes
import numpy as np
import pytest
from helpers import LAYOUTS, floats, laid_out, state

from dropout_fast import KeepMask, dropout, dropout_add, dropout_backward, dropout_forward, relu_dropout

DTYPES = [np.float32, np.float64, np.float16, ml_dtypes.bfloat16]

pytestmark = pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")


def with_bias(x, bias):
    return x if bias is None else (x + bias).astype(x.dtype)


def rectified(x, bias):
    """The larger of ``x + bias`` and 0. NumPy's maximum of -0.0 and 0 is either; ours is +0.0."""
    zero = x.dtype.type(0)
    return np.maximum(with_bias(x, bias), zero) + zero


def assert_equal(ours, theirs):
    """The same bits, but for those of NaN: a sum of two NaN has the bits of either."""
    assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
    is_number = ~np.isnan(ours.astype(np.float64))
    assert np.array_equal(np.isnan(theirs.astype(np.float64)), ~is_number)
    assert ours[is_number].tobytes() == theirs[is_number].tobytes()


def kept(mask):
    return np.asarray(mask) != 0


def sums_of_blocks(rows):
    """The sums over the rows, in the order that `KeepMask.apply` promises."""
    blocks = max(1, min(32, len(rows) // 16))
    fours = len(rows) // 4
    starts = [4 * (block * fours // blocks) for block in range(blocks)]
    total = None
    for start, stop in zip(starts, [*starts[1:], len(rows)], strict=True):
        of_block = np.zeros(rows.shape[1], rows.dtype)
        for row in rows[start:stop]:
            of_block = of_block + row
        total = of_block if total is None else total + of_block
    return total


class Case:
    """Arrays of a random shape that begin anywhere in a cache line, with a bias or without, and a key of engine fast."""

    def __init__(self, number, dtype, kind):
        self.rng = rng = np.random.default_rng([number, np.dtype(dtype).itemsize])
        columns = int(rng.integers(1, 200))
        rows = int(rng.integers(1, 40)) if number % 20 else 40_000 // columns
        self.shape = (rows, columns) if number % 3 else (1, rows, columns)
        self.dtype, self.kind = dtype, kind
        self.x, self.residual, self.dout = self.array(self.shape), self.array(self.shape), self.array(self.shape)
        self.bias = self.array((columns,)) if number % 4 else None
        self.keep_prob = float(rng.choice([0.1, 0.5, 0.8, 0.9, 1 / 3, 1.0]))
        self.key = {"seed": number, "step": 3, "offset": int(rng.integers(0, 2000))}

    def array(self, shape):
        lead = int(self.rng.integers(0, 40))
        if self.dtype == ml_dtypes.bfloat16:
            flat = self.rng.standard_normal(lead + int(np.prod(shape))).astype(self.dtype)
        else:
            flat = floats((lead + int(np.prod(shape)),), self.dtype, self.rng, self.kind)
        return flat[lead:].reshape(shape)


def cases(dtypes, count):
    return [
        pytest.param(dtype, range(part * count // 4, (part + 1) * count // 4), id=f"{np.dtype(dtype).name}-{part}")
        for dtype in dtypes
        for part in range(4)
    ]


MANY = pytest.mark.long
FAST = cases(DTYPES, 400) + [pytest.param(*case.values, marks=MANY, id=f"{case.id}-long") for case in cases(DTYPES, 10_000)]
NUMPY = cases(DTYPES[:3], 400) + [
    pytest.param(*case.values, marks=MANY, id=f"{case.id}-long") for case in cases(DTYPES[:3], 10_000)
]


@pytest.mark.parametrize(("dtype", "numbers"), FAST)
def test_engine_fast_is_the_operations_one_after_another(dtype, numbers):
    for number in numbers:
        case = Case(number, dtype, "normal" if number % 2 else "any bits")
        key = {"keep_prob": case.keep_prob, **case.key}
        hidden = rectified(case.x, case.bias)
        expected, of_dropout = dropout(hidden, **key)
        out, mask = relu_dropout(case.x, case.bias, **key)
        assert_equal(out, expected)
        assert np.array_equal(kept(mask), kept(of_dropout) & (hidden > 0))
        dropped, of_dropout = dropout(with_bias(case.x, case.bias), **key)
        out, mask = dropout_add(case.x, case.residual, case.bias, **key)
        assert_equal(out, (case.residual + dropped).astype(dtype))
        assert bool(mask == of_dropout)


@pytest.mark.parametrize(("dtype", "numbers"), NUMPY)
def test_engine_numpy_is_numpy(dtype, numbers):
    for number in numbers:
        case = Case(number, dtype, "normal" if number % 2 else "any bits")
        param = {"p": case.keep_prob, "mode": "train"}
        hidden = rectified(case.x, case.bias)
        np.random.seed(number)
        expected, cache = dropout_forward(hidden, param)
        after = state()
        np.random.seed(number)
        out, mask = relu_dropout(case.x, case.bias, keep_prob=case.keep_prob, rng=np.random)
        assert_equal(out, expected)
        assert state() == after
        dout = case.rng.standard_normal(case.shape).astype(dtype)
        assert mask.apply(dout).tobytes() == (dropout_backward(dout, cache) * (hidden > 0)).tobytes()
        np.random.seed(number)
        expected = (case.residual + dropout_forward(with_bias(case.x, case.bias), param)[0]).astype(dtype)
        np.random.seed(number)
        out, _ = dropout_add(case.x, case.residual, case.bias, keep_prob=case.keep_prob, rng=np.random)
        assert_equal(out, expected)
        assert state() == after


@pytest.mark.parametrize("bit_generator", ["MT19937", "PCG64", "PCG64DXSM", "SFC64", "Philox"])
def test_any_generator(bit_generator):
    x, residual, bias = (np.random.standard_normal(shape) for shape in ((30, 50), (30, 50), (50,)))
    make = getattr(np.random, bit_generator)
    one, other = np.random.Generator(make(3)), np.random.Generator(make(3))
    expected = np.maximum(x + bias, 0) * ((one.random(x.shape) < 0.6) / 0.6)
    out, mask = relu_dropout(x, bias, keep_prob=0.6, rng=other)
    assert out.tobytes() == expected.tobytes()
    assert np.array_equal(kept(mask), expected > 0)
    expected = residual + (x + bias) * ((one.random(x.shape) < 0.6) / 0.6)
    assert dropout_add(x, residual, bias, keep_prob=0.6, rng=other)[0].tobytes() == expected.tobytes()
    assert one.random() == other.random()


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_gradient_of_the_bias_is_the_sum_in_the_promised_order(dtype):
    for number in range(60):
        case = Case(number, dtype, "normal")
        _, mask = relu_dropout(case.x, case.bias, keep_prob=case.keep_prob, **case.key)
        dx = mask.apply(case.dout)
        rows = dx.reshape(-1, case.shape[-1])
        wide = rows if rows.dtype in (np.float32, np.float64) else rows.astype(np.float32)
        gradient, out = np.empty(case.shape[-1], dtype), np.empty_like(case.dout)
        assert mask.apply(case.dout, out, bias_gradient=gradient) is out
        assert out.tobytes() == dx.tobytes()
        assert gradient.tobytes() == sums_of_blocks(wide).astype(dtype).tobytes()
        in_place = case.dout.copy()
        mask.apply(in_place, in_place, bias_gradient=gradient)
        assert in_place.tobytes() == dx.tobytes()


@pytest.mark.parametrize("dtype", [np.float32, *(pytest.param(dtype, marks=MANY) for dtype in DTYPES[1:])])
@pytest.mark.parametrize("threads", [2, 3, 7, 40])
def test_the_bits_do_not_depend_on_threads(dtype, threads):
    rng = np.random.default_rng(threads)
    x, residual = rng.standard_normal((2, 1000, 170)).astype(dtype)
    bias, gradients = rng.standard_normal(170).astype(dtype), np.empty((2, 170), dtype)

    def results(gradient):
        found = []
        for random in ({"seed": 1, "offset": 40}, {"rng": np.random}):
            np.random.seed(0)
            out, mask = relu_dropout(x, bias, keep_prob=0.9, **random)
            found += [out, np.asarray(mask), mask.apply(x, bias_gradient=gradient), gradient.copy()]
            found += [dropout_add(x, residual, bias, keep_prob=0.9, **random)[0]]
        return [array.tobytes() for array in found]

    with internals.force_serial():
        serial = results(gradients[0])
    with internals.force_parallel(), internals.threads(threads), internals.blocks_per_jump(8), internals.kernels_called() as called:
        assert results(gradients[1]) == serial
    assert {*called} == {"parallel"}


@pytest.mark.parametrize("random", [{"seed": 3}, {"rng": np.random}], ids=["fast", "numpy"])
@pytest.mark.parametrize("bias", [True, False])
def test_gradients_by_central_differences(random, bias):
    rng = np.random.default_rng(0)
    x, residual, weights = rng.standard_normal((3, 6, 7))
    shift = rng.standard_normal(7) if bias else None

    def loss(call, *arrays):
        np.random.seed(1)
        out, mask = call(*arrays, keep_prob=0.6, **random)
        return float((out * weights).sum()), mask

    def difference(call, arrays, which, index):
        values = []
        for step in (1e-6, -1e-6):
            moved = [None if array is None else array.copy() for array in arrays]
            moved[which][index] += step
            values.append(loss(call, *moved)[0])
        return (values[0] - values[1]) / 2e-6

    for call, arrays in ((relu_dropout, (x, shift)), (dropout_add, (x, residual, shift))):
        gradient = np.empty(7)
        dx = loss(call, *arrays)[1].apply(weights, bias_gradient=gradient)
        for index in np.ndindex(x.shape):
            assert dx[index] == pytest.approx(difference(call, arrays, 0, index), abs=1e-8)
        if bias:
            for column in range(7):
                assert gradient[column] == pytest.approx(difference(call, arrays, len(arrays) - 1, column), abs=1e-8)
        if call is dropout_add:
            assert difference(call, arrays, 1, (2, 3)) == pytest.approx(weights[2, 3])


def test_nothing_flows_where_the_sum_is_zero_or_nan():
    out, mask = relu_dropout(np.array([0.0, -0.0, np.nan, 1.0, np.inf, -np.inf]), keep_prob=1.0)
    assert np.signbit(out).sum() == 0
    np.testing.assert_array_equal(out, [0, 0, np.nan, 1, np.inf, 0])
    np.testing.assert_array_equal(mask.apply(np.ones(6)), [0, 0, 0, 1, 1, 0])


@pytest.mark.parametrize("random", [{"seed": 3}, {"rng": np.random}], ids=["fast", "numpy"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES[:3])
def test_any_layout(layout, dtype, random):
    rng = np.random.default_rng(0)
    x, residual, bias = (rng.standard_normal(shape).astype(dtype) for shape in ((40, 33), (40, 33), (33,)))
    x, residual = (laid_out(array, layout) for array in (x, residual))
    for call, arrays in ((relu_dropout, (x,)), (dropout_add, (x, residual))):
        plain = [array.astype(dtype, order="C") for array in arrays]
        np.random.seed(0)
        expected, of_plain = call(*plain, bias, **random)
        np.random.seed(0)
        out, mask = call(*arrays, bias.astype(x.dtype), **random)
        assert out.dtype == x.dtype
        assert out.astype(dtype).tobytes() == expected.tobytes()
        assert np.array_equal(mask, of_plain)
        target, gradient = laid_out(np.zeros((40, 33), dtype), layout), np.empty(33, x.dtype)
        np.random.seed(0)
        if layout not in ("broadcast", "read-only", "byte-swapped"):
            call(*arrays, bias, **random, out=target)
            assert np.array_equal(target, expected)
        dx = mask.apply(x, bias_gradient=gradient)
        native = np.empty(33, dtype)
        assert np.array_equal(dx, of_plain.apply(plain[0], bias_gradient=native))
        assert np.array_equal(gradient, native)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (0, 3), (1,), (5, 1), (2, 3, 4, 5)])
@pytest.mark.parametrize("random", [{"seed": 3}, {"rng": np.random}], ids=["fast", "numpy"])
def test_any_shape(shape, random):
    x = np.arange(1.0, 1.0 + np.prod(shape)).reshape(shape)
    bias, gradient = np.full(shape[-1:], 0.5), np.full(shape[-1:], 7.0)
    np.random.seed(0)
    out, mask = relu_dropout(x, bias, **random)
    assert np.array_equal(out, (x + 0.5) * np.asarray(mask))
    dx = mask.apply(x, bias_gradient=gradient)
    assert np.array_equal(gradient, dx.reshape(-1, gradient.size).sum(axis=0).reshape(gradient.shape) if x.size else 0 * gradient)
    np.random.seed(0)
    assert np.array_equal(dropout_add(x, x, bias, **random)[0], x + (x + 0.5) * np.asarray(mask))


def test_in_place():
    x, residual, bias = (np.random.standard_normal(shape).astype(np.float32) for shape in ((70, 90), (70, 90), (90,)))
    expected, _ = relu_dropout(x, bias, seed=1)
    out = x.copy()
    assert relu_dropout(out, bias, seed=1, out=out)[0] is out
    assert out.tobytes() == expected.tobytes()
    expected, _ = dropout_add(x, residual, bias, seed=1)
    for place in (0, 1):
        arrays = [x.copy(), residual.copy()]
        assert dropout_add(*arrays, bias, seed=1, out=arrays[place])[0] is arrays[place]
        assert arrays[place].tobytes() == expected.tobytes()


def test_masks_that_are_not_stored():
    x, bias, gradients = np.random.standard_normal((100, 50)), np.zeros(50), np.empty((2, 50))
    assert relu_dropout(x, bias, seed=1, store_mask=False)[1] is None
    _, mask = dropout_add(x, x, bias, seed=1, store_mask=False)
    assert mask.nbytes == 0
    _, stored = dropout_add(x, x, bias, seed=1)
    assert mask.apply(x, bias_gradient=gradients[0]).tobytes() == stored.apply(x, bias_gradient=gradients[1]).tobytes()
    assert gradients[0].tobytes() == gradients[1].tobytes()


def test_masks_of_relu_know_more_than_their_key():
    x = np.random.standard_normal((20, 30))
    (_, one), (_, other) = relu_dropout(x, seed=1), relu_dropout(-x, seed=1)
    assert one.seed == other.seed == 1
    assert not one == other
    copy = pickle.loads(pickle.dumps(one))
    assert copy == one
    assert copy.apply(x).tobytes() == one.apply(x).tobytes()
    assert pickle.dumps(relu_dropout(x, seed=1)[1]) == pickle.dumps(one)


def test_every_mask_sums():
    a, gradient = np.random.standard_normal((30, 40)).astype(np.float32), np.empty(40, np.float32)
    own = KeepMask.from_array(np.random.random((30, 40)) < 0.5, keep_prob=0.5)
    for mask in (own, dropout(a, store_mask=False)[1], dropout_forward(a, {"p": 0.3, "mode": "train"})[1][1]):
        dx = mask.apply(a, bias_gradient=gradient)
        assert dx.tobytes() == mask.apply(a).tobytes()
        assert gradient.tobytes() == sums_of_blocks(dx).tobytes()
    wide, whole = np.empty((30, 40)), np.ones((30, 40), int)
    own.apply(a, wide, bias_gradient=gradient)
    np.testing.assert_allclose(gradient, wide.sum(axis=0), rtol=1e-4, atol=1e-5)
    counts = np.empty(40, int)
    own.apply(whole, bias_gradient=counts)
    assert np.array_equal(counts, np.asarray(own).sum(axis=0))


X, BIAS = np.ones((4, 6), np.float32), np.zeros(6, np.float32)
BAD = [
    (relu_dropout, (X.astype(int),), {}, TypeError, "`x` has dtype int64; expected floats"),
    (relu_dropout, (X.astype(complex),), {}, TypeError, "`x` has dtype complex128; expected real floats"),
    (relu_dropout, (X, BIAS[:5]), {}, ValueError, r"`bias` has shape \(5,\); expected \(6,\), one number for each column"),
    (relu_dropout, (X, 0.5), {}, ValueError, r"`bias` has shape \(\); expected \(6,\)"),
    (relu_dropout, (X, BIAS.astype(float)), {}, ValueError, "`bias` has dtype float64; expected float32"),
    (relu_dropout, (X, BIAS), {"keep_prob": 1.5}, ValueError, "`keep_prob` is 1.5; expected a number in"),
    (relu_dropout, (X, BIAS), {"keep_prob": 0.5, "rate": 0.5}, TypeError, "expected one of the two"),
    (
        relu_dropout,
        (X, BIAS),
        {"keep_prob": 0.0, "rng": np.random},
        ValueError,
        r"`keep_prob` is 0.0; expected .* in \(0, 1\]",
    ),
    (relu_dropout, (X, BIAS), {"rate": 1.0, "rng": np.random}, ValueError, r"`rate` is 1.0; expected a number in \[0, 1\)"),
    (
        relu_dropout,
        (X, BIAS),
        {"seed": 1, "rng": np.random},
        TypeError,
        "`seed` is 1, and `rng` is given; expected one or",
    ),
    (relu_dropout, (X, BIAS), {"step": 1, "rng": np.random}, TypeError, "`step` is 1, and `rng` is given"),
    (relu_dropout, (X, BIAS), {"offset": 1, "rng": np.random}, TypeError, "`offset` is 1, and `rng` is given"),
    (relu_dropout, (X, BIAS), {"rng": 5}, TypeError, "`rng` is 5; expected np.random, a numpy.random.Generator"),
    (relu_dropout, (X, BIAS), {"out": X[::-1]}, ValueError, "`out` overlaps `x`"),
    (relu_dropout, (np.ones((1, 6)), X[0].astype(float)), {"out": [1.0]}, TypeError, "`out` has type list"),
    (dropout_add, (X, X[:3]), {}, ValueError, r"`residual` has shape \(3, 6\); expected \(4, 6\), the shape of `x`"),
    (dropout_add, (X, X.astype(float)), {}, ValueError, "`residual` has dtype float64; expected float32"),
    (dropout_add, (X.copy(), X), {"out": X[::-1]}, ValueError, "`out` overlaps `residual`"),
    (dropout_add, (X, None), {}, TypeError, "`residual` is a NoneType"),
]


@pytest.mark.parametrize(("call", "arrays", "options", "kind", "message"), BAD)
def test_bad_arguments_are_refused_before_anything_changes(call, arrays, options, kind, message):
    before = state(), X.tobytes()
    with pytest.raises(kind, match=message):
        call(*arrays, **options)
    assert (state(), X.tobytes()) == before


def test_out_may_not_be_the_bias():
    row = np.ones((1, 6))
    with pytest.raises(ValueError, match="`out` overlaps `bias` in memory; expected separate arrays"):
        relu_dropout(row.copy(), row[0], out=row)


@pytest.mark.parametrize(
    ("gradient", "kind", "message"),
    [
        ([0.0] * 6, TypeError, "`bias_gradient` has type list"),
        (np.empty(5, np.float32), ValueError, r"`bias_gradient` has shape \(5,\); expected \(6,\)"),
        (np.empty(6), ValueError, "`bias_gradient` has dtype float64; expected float32"),
        (X[0], ValueError, "`bias_gradient` overlaps `a`"),
        (np.broadcast_to(np.float32(1), (6,)), ValueError, "read-only"),
    ],
)
def test_bad_gradients_are_refused(gradient, kind, message):
    mask = dropout(X, seed=1)[1]
    before = X.tobytes()
    with pytest.raises(kind, match=message):
        mask.apply(X, bias_gradient=gradient)
    assert X.tobytes() == before
