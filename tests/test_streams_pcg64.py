"""The kernels of PCG64 and PCG64DXSM draw NumPy's bits, from every state, at every threshold, on any number of threads."""

import contextlib
import copy
import threading

import internals
import numpy as np
import pytest
from generators import compare, generator_at, pcg64_that_draws, state_of
from helpers import SIZES, assert_same, examples, floats
from hypothesis import given
from hypothesis import strategies as st

from dropout_fast import dropout

pytestmark = pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")

KINDS = ["PCG64", "PCG64DXSM"]

#: First outputs of NumPy 2.4's generators seeded with 0.
KNOWN = {
    "PCG64": [0xA30FEBCFD9C2825F, 0x4510BDF882D9D721, 0x0A7D3DA94ECDE8B8, 0x043B27B61342F01D],
    "PCG64DXSM": [0xD97E4A147F788A70, 0x8DFA7BCE56E3A253, 0x13556ED9F53D3C10, 0x55DBF1C241341E98],
}

halves = st.sampled_from([0, 1, 2**32 - 1, 2**32, 2**63, 2**64 - 2**32, 2**64 - 1]) | st.integers(0, 2**64 - 1)
numbers = st.tuples(halves, halves).map(lambda pair: pair[0] | pair[1] << 64)
sizes = st.sampled_from(SIZES) | st.integers(0, 300)
keep_probs = st.sampled_from([0.5, 0.9, 1 / 3, 1.0, 5e-324, 2.0**-53, 1 - 2.0**-53]) | st.floats(0, 1, exclude_min=True)


@contextlib.contextmanager
def launched(way):
    """Run calls in that way: on one thread, on that many, or on two that write past the caches."""
    with contextlib.ExitStack() as stack:
        if way == "serial":
            stack.enter_context(internals.force_serial())
        else:
            stack.enter_context(internals.force_parallel())
            past = way == "nontemporal"
            stack.enter_context(internals.force_nontemporal() if past else internals.never_nontemporal())
            stack.enter_context(internals.threads(2 if past else way))
        yield stack.enter_context(internals.kernels_called())


@pytest.mark.parametrize("kind", KINDS)
def test_known_answers(kind):
    draws = np.array([word >> 11 for word in KNOWN[kind]]) / 2**53
    for draw, value in enumerate(draws):
        for p, kept in ((value, False), (np.nextafter(value, 1), True)):
            _, mask = dropout(np.ones(4), keep_prob=float(p), rng=np.random.Generator(getattr(np.random, kind)(0)))
            assert (np.asarray(mask)[draw] > 0) == kept


@given(
    kind=st.sampled_from(KINDS),
    state=numbers,
    increment=numbers,
    pending=st.none() | st.integers(0, 2**32 - 1),
    size=sizes,
    dtype=st.sampled_from([np.float32, np.float64]),
    p=keep_probs,
    unaligned=st.integers(0, 16),
    way=st.sampled_from(["serial", 2, "nontemporal"]),
    content=st.integers(0, 9),
)
@examples(1000)
def test_every_state_size_and_threshold(kind, state, increment, pending, size, dtype, p, unaligned, way, content):
    x = floats((size,), dtype, np.random.default_rng(content))
    out = np.empty(size + unaligned, dtype)[unaligned:]
    with launched(way) as called:
        compare(x, p, lambda: generator_at(kind, state, increment, pending), out=out)
    assert called[0] == ("parallel" if way == 2 or (way == "nontemporal" and not size) else way)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("way", [2, 3, 7, "nontemporal"])
def test_shares_of_threads(kind, dtype, way):
    rng = np.random.default_rng(0)
    for size in (32768, 32769, 65536, 100_001, 7 * 32768 + 63):
        for p in (0.5, 0.3):
            x, pending = floats((size,), dtype, rng, "normal"), int(rng.integers(2**32))
            with launched(way) as called:
                compare(x, p, lambda pending=pending: generator_at(kind, 2**127 + pending, 2**100 - pending, pending))
            assert called[0] == ("parallel" if way != "nontemporal" else way)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 20, 200])
def test_thresholds_at_a_draw_and_beside_it(kind, count):
    """A draw that equals p is dropped; with the next larger p it is kept."""
    rng = np.random.default_rng(count)
    x = np.ones(count, np.float32)
    for _ in range(30):
        generator = generator_at(kind, int.from_bytes(rng.bytes(16)), int.from_bytes(rng.bytes(16)))
        draws = copy.deepcopy(generator).random(count)
        i = rng.integers(count)
        for numerator in (-1, 0, 1):
            p = draws[i] + numerator / 2**53
            _, mask = dropout(x, keep_prob=float(p), rng=copy.deepcopy(generator))
            assert np.array_equal(np.asarray(mask) > 0, draws < p)
            assert (np.asarray(mask)[i] > 0) == (numerator > 0)


@pytest.mark.parametrize("output", [0, 1, 2047, 2048, 2**63 - 1, 2**63, 2**64 - 2048, 2**64 - 2049, 2**64 - 1])
def test_the_least_and_the_greatest_draw(output):
    for rotation in (0, 1, 11, 63):
        generator = pcg64_that_draws(output, rotation)
        assert copy.deepcopy(generator).bit_generator.random_raw() == output
        for numerator in {1, 2, 3, 2**52, 2**52 + 1, 2**53 - 2, 2**53 - 1, 2**53}:
            _, mask = dropout(np.ones(3), keep_prob=numerator / 2**53, rng=copy.deepcopy(generator))
            assert (np.asarray(mask)[0] > 0) == (output >> 11 < numerator)


@pytest.mark.parametrize("kind", KINDS)
def test_the_state_is_advanced_by_as_many_steps_as_there_are_elements(kind):
    for size in (0, 1, 63, 64, 65, 99_999, 2**20 + 5):
        ours, theirs = getattr(np.random, kind)(size), getattr(np.random, kind)(size)
        dropout(np.ones(size, np.float32), keep_prob=0.5, rng=np.random.Generator(ours))
        theirs.advance(size)
        assert ours.state["state"] == theirs.state["state"]


@pytest.mark.parametrize("kind", KINDS)
def test_bits_alone(kind):
    """Arrays that do not lie as kernels take them, and float16, get their bits first."""
    x = np.arange(1.0, 5001.0).reshape(50, 100)
    for array in (np.asfortranarray(x), x[:, ::2], x[::-1], x.astype(np.float16), x.astype(">f4"), x.astype(np.float32).T):
        compare(np.array(array), 0.3, lambda: generator_at(kind, 5, 7))
        got, _ = dropout(array, keep_prob=0.3, rng=generator_at(kind, 5, 7))
        expected, _ = dropout(np.ascontiguousarray(array), keep_prob=0.3, rng=generator_at(kind, 5, 7))
        assert np.array_equal(got, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_in_place(kind):
    x = floats((70_001,), np.float32, np.random.default_rng(1), "normal")
    expected, _ = dropout(x, keep_prob=0.7, rng=generator_at(kind, 1, 2))
    for way in ("serial", 2):
        with launched(way):
            got = x.copy()
            assert dropout(got, keep_prob=0.7, rng=generator_at(kind, 1, 2), out=got)[0] is got
            assert_same(got, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_threads_share_a_generator_without_losing_a_draw(kind):
    rng, x = np.random.Generator(getattr(np.random, kind)(3)), np.ones(1000)

    def call():
        for _ in range(200):
            dropout(x, keep_prob=0.5, rng=rng)
            rng.random(10)

    expected = copy.deepcopy(rng.bit_generator)
    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected.advance(4 * 200 * (1000 + 10))
    assert state_of(rng) == state_of(np.random.Generator(expected))


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_waits_for_the_generator_s_lock(kind):
    rng, done = np.random.Generator(getattr(np.random, kind)(3)), []
    thread = threading.Thread(target=lambda: done.append(dropout(np.ones(10), keep_prob=0.5, rng=rng)))
    with rng.bit_generator.lock:
        thread.start()
        thread.join(0.05)
        assert not done
    thread.join()
    assert done


def test_another_layout_of_the_state_takes_numpy():
    with internals.state_in_another_layout() as streams:
        assert np.random.PCG64 not in streams and np.random.MT19937 in streams
        compare(np.arange(100.0), 0.5, lambda: generator_at("PCG64", 1, 2))
