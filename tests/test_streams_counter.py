"""Engine fast's generators give the published values, and its stream is the definition in plain Python."""

from itertools import pairwise

import internals
import numpy as np
import pytest
import stream_oracle
from helpers import examples
from hypothesis import given
from hypothesis import strategies as st
from internals import count_from, next_word, splat_uint64, store_uint64s, threefry
from numba import njit

import dropout_fast

# Random123 1.14, kat_vectors: "threefry2x64 20", counter, key, result.
THREEFRY = [
    ((0, 0), (0, 0), (0xC2B6E3A8C2C69865, 0x6F81ED42F350084D)),
    ((2**64 - 1,) * 2, (2**64 - 1,) * 2, (0xE02CB7C4D95D277A, 0xD06633D0893B8B68)),
    (
        (0x243F6A8885A308D3, 0x13198A2E03707344),
        (0xA4093822299F31D0, 0x082EFA98EC4E6C89),
        (0x263C7D30BB0F0AF1, 0x56BE8361D3311526),
    ),
]

# First outputs of the authors' xoshiro256plusplus.c from the state 1, 2, 3, 4.
XOSHIRO = (
    41943041,
    58720359,
    3588806011781223,
    3591011842654386,
    9228616714210784205,
    9973669472204895162,
    14011001112246962877,
    12406186145184390807,
    15849039046786891736,
    10450023813501588000,
)


@njit
def threefry_of_eight(counter0, counter1, key0, key1, raw):
    x0, x1 = threefry(count_from(counter0), splat_uint64(counter1), key0, key1)
    store_uint64s(raw, 0, x0)
    store_uint64s(raw, 64, x1)


@njit
def xoshiro_of_eight(words, raw):
    state = (splat_uint64(np.uint64(1)), splat_uint64(np.uint64(2)), splat_uint64(np.uint64(3)), splat_uint64(np.uint64(4)))
    for k in range(words):
        word, state = next_word(state)
        store_uint64s(raw, 64 * k, word)


@pytest.mark.parametrize(("counter", "key", "result"), THREEFRY)
def test_known_answers_of_threefry(counter, key, result):
    raw = np.zeros(128, np.uint8)
    threefry_of_eight(*(np.uint64(word) for word in (*counter, *key)), raw)
    words = raw.view(np.uint64).reshape(2, 8)
    assert tuple(words[:, 0].tolist()) == result == stream_oracle.threefry(counter, key)
    following = ((counter[0] + 7) % 2**64, counter[1])
    assert tuple(words[:, 7].tolist()) == stream_oracle.threefry(following, key)


def test_known_answers_of_xoshiro():
    raw = np.zeros(64 * len(XOSHIRO), np.uint8)
    xoshiro_of_eight(len(XOSHIRO), raw)
    state = [1, 2, 3, 4]
    for words, known in zip(raw.view(np.uint64).reshape(-1, 8).tolist(), XOSHIRO, strict=True):
        assert words == [known] * 8
        assert stream_oracle.xoshiro(state) == known


sizes = st.one_of(
    st.sampled_from([0, 1, 2, 15, 16, 17, 31, 32, 33, 511, 512, 513, 527, 528, 529, 1023, 1024, 1025, 1040, 1536, 1553]),
    st.integers(0, 3000),
)
offsets = st.one_of(
    st.just(0),
    st.sampled_from([1, 511, 512, 513, 32767, 32768, 32768 + 512, 2**31, 2**40 + 77, 2**62 - 16000]),
    st.integers(0, 2**62 - 1),
)
counters = st.one_of(st.sampled_from([0, 1, 2**63 - 1, 2**63, 2**64 - 1]), st.integers(0, 2**64 - 1))
keep_probs = st.one_of(
    st.sampled_from([0.0, 1.0, 0.5, 0.25, 0.75, 0.1, 0.9, 1 / 3, 2.0**-64, 2.0**-65, 1 - 2.0**-53, 2.0**-11, 1e-300]),
    st.floats(0, 1),
)


@given(sizes, keep_probs, counters, counters, offsets, st.sampled_from([np.float32, np.float64, np.float16]), st.integers(0, 40))
@examples(150)
def test_the_stream_is_the_definition(size, keep_prob, seed, step, offset, dtype, place):
    kept = stream_oracle.keep_bits(size, keep_prob, seed, step, offset)
    x = (1 + np.arange(size) % 7).astype(dtype)
    scale = 1 / keep_prob if keep_prob else 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        working = np.float64 if dtype is np.float64 else np.float32
        expected = np.where(kept, (x.astype(working) * working(scale)).astype(dtype), dtype(0))

    buffer = np.full(size + 100, 7, dtype)  # out may start anywhere in a cache line, and what lies beside it must stay
    out = buffer[place : place + size]
    result, mask = dropout_fast.dropout(x, keep_prob=keep_prob, seed=seed, step=step, offset=offset, out=out)
    assert result is out and out.tobytes() == expected.tobytes()
    assert (buffer[:place] == 7).all() and (buffer[place + size :] == 7).all()
    assert (mask.seed, mask.step, mask.offset, mask.keep_prob) == (seed, step, offset, keep_prob)
    assert np.array_equal(np.asarray(mask) != 0, kept & (keep_prob > 0))

    out[:] = 7
    assert mask.apply(x, out=out).tobytes() == expected.tobytes()
    assert (buffer[:place] == 7).all() and (buffer[place + size :] == 7).all()
    redrawn = dropout_fast.dropout(x, keep_prob=keep_prob, seed=seed, step=step, offset=offset, store_mask=False)
    assert redrawn[0].tobytes() == expected.tobytes() == redrawn[1].apply(x).tobytes()
    assert redrawn[1] == mask and redrawn[1].nbytes == 0
    assert dropout_fast.dropout(x, keep_prob=keep_prob, seed=seed, step=step, offset=offset, out=x)[0] is x
    assert x.tobytes() == expected.tobytes()


@pytest.mark.parametrize("size", [32768, 32769, 70000])
@pytest.mark.parametrize("offset", [0, 32768 * 3 - 700, 512 * 31 + 500])
def test_the_definition_over_several_chunks(size, offset):
    kept = stream_oracle.keep_bits(size, 0.9, 5, 6, offset)
    _, mask = dropout_fast.dropout(np.ones(size), keep_prob=0.9, seed=5, step=6, offset=offset)
    assert np.array_equal(np.asarray(mask) > 0, kept)


@pytest.mark.parametrize("name", list(internals.FAST))
@pytest.mark.parametrize("keep_prob", [0.5, 0.9])
def test_all_kernels_write_the_same(name, keep_prob):
    """Serial, parallel and non-temporal, for any number of threads, wherever x and out lie: one outcome."""
    drawing, applying, dtype = internals.FAST[name]
    size, offset = 5 * 32768 + 77, 1000
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, size * dtype.itemsize, np.uint8).view(dtype)  # any bits: NaN, inf, subnormal
    outcomes = set()
    variants = [("serial", ()), *((name, (threads,)) for name in ("parallel", "nontemporal") for threads in (1, 2, 5, 16))]
    for variant, threads in variants:
        draw, apply = getattr(drawing, variant), getattr(applying, variant)
        for place in (0, 1, 5, 16, 31):
            out, again = np.empty(size + 64, dtype)[place : place + size], np.empty(size + 64, dtype)[place + 3 : place + 3 + size]
            bits = internals.empty_bits(size, offset)
            draw(1, 2, offset, keep_prob, x, bits, 1 / keep_prob, out, *threads)
            apply(offset % 512, x, bits, 1 / keep_prob, again, *threads)
            assert out.tobytes() == again.tobytes()
            draw(1, 2, offset, keep_prob, x, internals.NO_BITS, 1 / keep_prob, again, *threads)
            assert out.tobytes() == again.tobytes()
            outcomes.add((out.tobytes(), bits.tobytes()))
    assert len(outcomes) == 1
    drawn_alone = internals.keep_bits(1, 2, offset, keep_prob, size)
    assert drawn_alone.tobytes() == bits.tobytes()


@given(
    st.integers(1, 40_000),
    st.lists(st.integers(0, 40_000), max_size=4),
    st.sampled_from([0.5, 0.9]),
    st.sampled_from([0, 3, 512 * 5]),
)
@examples(100)
def test_shards_get_the_bits_of_the_whole(size, cuts, keep_prob, start):
    whole, mask = dropout_fast.dropout(np.ones(size, np.float32), keep_prob=keep_prob, seed=8, step=1, offset=start)
    cuts = sorted({0, size, *(cut for cut in cuts if cut < size)})
    for first, last in pairwise(cuts):
        shard = np.ones(last - first, np.float32)
        out, its_mask = dropout_fast.dropout(shard, keep_prob=keep_prob, seed=8, step=1, offset=start + first)
        assert out.tobytes() == whole[first:last].tobytes() == its_mask.apply(shard).tobytes()
        assert np.array_equal(np.asarray(its_mask), np.asarray(mask)[first:last])


def test_seeds_steps_and_probabilities_all_matter():
    calls = [
        {"seed": 1},
        {"seed": 2},
        {"seed": 1, "step": 1},
        {"seed": 2**63 + 1},
        {"seed": 1, "step": 2**63},
        {"seed": 1, "offset": 1},
        {"seed": 1, "keep_prob": 0.25},
    ]
    outcomes = {(dropout_fast.dropout(np.ones(300), **call)[0] > 0).tobytes() for call in calls}
    assert len(outcomes) == len(calls)


def test_drawing_bits_alone_takes_whole_blocks():
    bits = np.zeros(3 * 64, np.uint8)
    internals.draw_whole_blocks(3, 0, 32768 - 512, 0.5, bits)
    kept = stream_oracle.keep_bits(3 * 512, 0.5, 3, 0, 32768 - 512)
    assert np.array_equal(np.unpackbits(bits, bitorder="little"), kept)
