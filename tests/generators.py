"""Generators of NumPy's of every kind, anywhere in their streams, and comparison of a dropout by them with the NumPy code."""

import contextlib

import numpy as np
from helpers import assert_same
from hypothesis import strategies as st

import dropout_fast
from dropout_fast import reference

KINDS = ("MT19937", "PCG64", "PCG64DXSM", "SFC64", "Philox")
OWNERS = ("Generator", "RandomState", "np.random")

#: Seed, and numbers drawn before: an odd one leaves half a draw behind, and in a RandomState a cached normal.
positions = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 40))


def make(owner, kind, position):
    """A generator of that kind; two calls with the same arguments make two that draw the same."""
    seed, words = position
    bit_generator = getattr(np.random, kind)(seed)
    if owner == "Generator":
        rng = np.random.Generator(bit_generator)
        rng.integers(0, 2**32, words, np.uint32)
        return rng
    if owner == "np.random":
        np.random.set_bit_generator(bit_generator)
    rng = np.random if owner == "np.random" else np.random.RandomState(bit_generator)
    rng.randint(0, 2**32, words, np.uint32)
    rng.standard_normal(words % 2)
    return rng


@contextlib.contextmanager
def global_as_it_was():
    """Put the global bit generator back at the end, as Hypothesis asks its state between two cases, and knows MT19937's only."""
    before = np.random.get_bit_generator()
    try:
        yield
    finally:
        np.random.set_bit_generator(before)


def state_of(rng):
    """All of a generator's state in a form that can be compared: the half of a draw and the normal that it keeps, too."""
    state = rng.bit_generator.state if isinstance(rng, np.random.Generator) else rng.get_state(legacy=False)
    return _comparable(state)


def _comparable(state):
    if isinstance(state, dict):
        return {key: _comparable(value) for key, value in state.items()}
    return state.tolist() if isinstance(state, np.ndarray) else state


@global_as_it_was()
def compare(x, p, make_rng, **options):
    """Compare `dropout` and `dropout_forward` with the NumPy code: result, mask, backward, and the generator's state."""
    rng = make_rng()
    theirs, their_cache = reference.dropout_forward(x, {"p": p, "mode": "train", "rng": rng})
    after, following = state_of(rng), rng.random(3).tolist()
    dout = x[::-1].copy() if x.ndim else x
    expected_dx = reference.dropout_backward(dout, their_cache).astype(x.dtype, copy=False)
    for door in (_by_dropout, _by_dropout_forward):
        rng = make_rng()
        ours, mask, dx = door(x, p, rng, dout, **options)
        assert state_of(rng) == after and rng.random(3).tolist() == following
        assert_same(np.asarray(ours), np.asarray(theirs))
        assert_same(np.asarray(mask), np.asarray(their_cache[1]))
        assert_same(np.asarray(dx), np.asarray(expected_dx))


def _by_dropout(x, p, rng, dout, **options):
    out, mask = dropout_fast.dropout(x, keep_prob=p, rng=rng, **options)
    return out, mask, mask.apply(dout)


def _by_dropout_forward(x, p, rng, dout, **options):
    out, cache = dropout_fast.dropout_forward(x, {"p": p, "mode": "train", "rng": rng}, **options)
    return out, cache[1], dropout_fast.dropout_backward(dout, cache)
