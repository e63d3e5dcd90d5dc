"""Dropout of Dask arrays is `dropout` of the whole array, bit for bit, for any chunks and on every scheduler."""

import pickle

import numpy as np
import pytest
from helpers import assert_same, examples, run_program
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from dropout_fast import dropout

da = pytest.importorskip("dask.array")

from dropout_fast import dask as blockwise

pytestmark = pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")  # of products that NumPy makes

SHAPES = st.one_of(
    st.just(()),
    st.tuples(st.integers(0, 100_000)),
    st.tuples(st.integers(0, 300), st.integers(0, 400)),
    st.tuples(*[st.integers(1, 50)] * 3),
    st.tuples(*[st.integers(1, 12)] * 4),
)


@st.composite
def cuttings(draw):
    """A shape, and two ways to cut it into blocks: rows, columns, tiles, some of them empty."""
    shape = draw(SHAPES)
    return shape, *(tuple(_lengths(draw, length) for length in shape) for _ in range(2))


def _lengths(draw, length):
    """Lengths of blocks along an axis: most often one, or up to three."""
    cuts = draw(st.just([]) | st.lists(st.integers(0, length), max_size=2))
    return tuple(np.diff([0, *sorted(cuts), length]).tolist())


def check_blocks(cutting, shared, options, dtype):
    shape, chunks, other_chunks = cutting
    if any(shared):
        lengths = [1 if is_shared else length for is_shared, length in zip(shared, shape, strict=False)]
        options = options | {"noise_shape": tuple(lengths)}
    rng = np.random.default_rng(len(shape))
    x, dout = (np.array(rng.standard_normal(shape)).astype(dtype) for _ in range(2))
    expected, mask = dropout(x, **options)
    out = blockwise.dropout(da.from_array(x, chunks=chunks), **options)
    dx = blockwise.dropout_backward(da.from_array(dout, chunks=other_chunks), **options)
    assert out.chunks == chunks and out.dtype == dtype and type(out._meta) is np.ndarray and out._meta.dtype == dtype
    assert_same(as_array(out), expected)
    assert_same(as_array(dx), mask.apply(dout))
    assert_same(as_array(blockwise.dropout(da.from_array(x, chunks=chunks).rechunk(other_chunks), **options)), expected)
    assert_same(as_array(out.rechunk(other_chunks)), expected)


def as_array(blocks, scheduler="sync"):
    """What is computed, in C order."""
    return np.asarray(blocks.compute(scheduler=scheduler), order="C")


def cases(dtypes, keep_probs):
    return given(
        cutting=cuttings(),
        shared=st.just([False] * 4) | st.lists(st.booleans(), min_size=4, max_size=4),
        options=st.fixed_dictionaries(
            {"keep_prob": keep_probs, "seed": st.integers(0, 2**64 - 1), "step": st.integers(0, 2**64 - 1)}
        ),
        dtype=st.sampled_from(dtypes),
    )


@examples(100)
@cases([np.float32], st.sampled_from([0.5, 0.9, 0.25, 1.0, 0.0]))
def test_any_chunks_are_the_whole(**case):
    check_blocks(**case)


@pytest.mark.long
@examples(1000)
@cases([np.float16, np.float32, np.float64, np.complex64], st.floats(0, 1) | st.sampled_from([0.5, 0.25, 0.75, 2.0**-9]))
def test_any_chunks_are_the_whole_at_length(**case):
    check_blocks(**case)


X = np.random.default_rng(0).standard_normal((60, 70)).astype(np.float32)
ROWS, COLUMNS, TILES = (20, 70), (60, 9), (25, 16)
KEY = {"keep_prob": 0.5, "seed": 3, "step": 4}
EXPECTED, MASK = dropout(X, **KEY)


@pytest.mark.parametrize("chunks", [ROWS, COLUMNS, TILES], ids=str)
@pytest.mark.parametrize("scheduler", ["sync", "threads"])
def test_schedulers_of_one_process(scheduler, chunks):
    assert_same(as_array(blockwise.dropout(da.from_array(X, chunks=chunks), **KEY), scheduler), EXPECTED)


def test_worker_processes():
    assert run_program("dask_processes") == "spawn: same\nfork: same\n"


@pytest.mark.parametrize("workers", [2, pytest.param(8, marks=pytest.mark.long)])
def test_a_cluster_also_while_a_worker_is_killed(workers):
    pytest.importorskip("distributed")
    assert run_program("dask_cluster", workers, timeout=300) == "same\nsame after a worker was killed\n"


@pytest.mark.long
def test_an_array_larger_than_a_workers_memory():
    pytest.importorskip("distributed")
    assert run_program("dask_larger_than_a_worker", timeout=600) == "same\n"


def test_blocks_of_other_layouts():
    """Transposed, reversed and read-only blocks, which kernels take as copies; the user's arrays stay as they are."""
    x = X.copy()
    x.flags.writeable = False
    for array in (da.from_array(np.ascontiguousarray(X.T), chunks=(16, 25)).T, da.from_array(X[::-1], chunks=TILES)[::-1]):
        assert_same(as_array(blockwise.dropout(array, **KEY)), EXPECTED)
    for chunks in (ROWS, TILES):
        assert_same(as_array(blockwise.dropout(da.from_array(x, chunks=chunks), **KEY)), EXPECTED)
        array = da.from_array(X, chunks=chunks).persist(scheduler="sync")
        blockwise.dropout(array, **KEY).compute(scheduler="sync")
        assert_same(as_array(array), X)


def test_rate_and_defaults():
    array = da.from_array(X, chunks=TILES)
    assert_same(as_array(blockwise.dropout(array, rate=0.25, seed=np.int64(3))), dropout(X, keep_prob=0.75, seed=3, step=0)[0])
    assert_same(as_array(blockwise.dropout(array, seed=3)), dropout(X, seed=3)[0])
    fewer_axes = blockwise.dropout(array, seed=3, noise_shape=(None,))
    assert_same(as_array(fewer_axes), dropout(X, seed=3, noise_shape=(1, None))[0])


def test_names_of_tasks_follow_from_the_arguments():
    array = da.from_array(X, chunks=TILES)
    name = blockwise.dropout(array, **KEY).name
    assert name.startswith("dropout_of_block-")
    same = {"seed": np.uint64(3), "step": 4, "rate": 0.5, "noise_shape": (60, None)}
    assert blockwise.dropout(array, **same).name == name == pickle.loads(pickle.dumps(blockwise.dropout(array, **KEY))).name
    assert blockwise.dropout_backward(array, **KEY).name == name  # the same product
    others = [{"seed": 4}, {"step": 5}, {"keep_prob": 0.25}, {"noise_shape": (60, 1)}]
    names = {blockwise.dropout(array, **KEY | other).name for other in others}
    names |= {blockwise.dropout(array.rechunk(ROWS), **KEY).name, blockwise.dropout(array + 1, **KEY).name, name}
    assert len(names) == 7


def test_nothing_is_computed_before_it_is_asked_for():
    def fail(block):
        raise AssertionError

    out = blockwise.dropout(da.from_array(X, chunks=TILES).map_blocks(fail, dtype=X.dtype, meta=X[:0]), **KEY)
    with pytest.raises(AssertionError):
        out.compute(scheduler="sync")


def of_unknown_chunks():
    """Rows of X, of which Dask does not know how many."""
    array = da.from_array(X, chunks=TILES)
    return array[array[:, 0] > 0]


@pytest.mark.parametrize(
    ("array", "options", "error", "message"),
    [
        (X, {}, TypeError, r"has type ndarray; expected a dask.array.Array. Use dask.array.from_array\("),
        (
            of_unknown_chunks(),
            {},
            ValueError,
            r"has shape \(nan, 70\); expected blocks of known sizes.* Use \w+.compute_chunk_sizes\(\)",
        ),
        (da.ones((3, 4), dtype=np.int64), {}, TypeError, "has dtype int64; expected floats"),
        (da.ones((2**31, 2**32), chunks=-1), {}, ValueError, r"expected at most 2\*\*62 elements"),
        (da.ones((3, 4)).map_blocks(csr_matrix), {}, TypeError, "has blocks of type csr_matrix; expected blocks of type numpy"),
        (None, {"seed": None}, TypeError, "`seed` is None; expected an integer, because the backward"),
        (None, {"seed": -1}, ValueError, "`seed` is -1"),
        (None, {"step": 1.0}, TypeError, "`step` has type float"),
        (None, {"keep_prob": 1.5}, ValueError, "`keep_prob` is 1.5"),
        (None, {"keep_prob": 0.5, "rate": 0.5}, TypeError, "`keep_prob` is 0.5 and `rate` is 0.5; expected one of the two"),
        (None, {"noise_shape": (25, 1)}, ValueError, r"`noise_shape` is \(25, 1\); .* of 1, None or the length of `(array|dout)`"),
        (None, {"noise_shape": 3}, TypeError, "`noise_shape` is 3"),
    ],
    ids=str,
)
def test_what_is_refused(array, options, error, message):
    array = da.from_array(X, chunks=TILES) if array is None else array
    for function in (blockwise.dropout, blockwise.dropout_backward):
        with pytest.raises(error, match=message):
            function(array, **{"seed": 3} | options)


def test_what_python_refuses():
    array = da.from_array(X, chunks=TILES)
    for function in (blockwise.dropout, blockwise.dropout_backward):
        with pytest.raises(TypeError, match=f"{function.__name__}.* got 0.1 by position; expected keywords: keep_prob"):
            function(array, 0.1, seed=3)
        with pytest.raises(TypeError, match="seed"):
            function(array, keep_prob=0.5)


def test_known_sizes_are_enough():
    array = blockwise.dropout(of_unknown_chunks().compute_chunk_sizes(), **KEY)
    assert_same(as_array(array), dropout(X[X[:, 0] > 0], **KEY)[0])
