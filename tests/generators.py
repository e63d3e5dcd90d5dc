"""Generators of NumPy's of every kind, anywhere in their streams, and comparison of a dropout by them with the NumPy code."""

import contextlib
import copy
import inspect

import numpy as np
from helpers import assert_same
from hypothesis import strategies as st

import dropout_fast
from dropout_fast import reference

KINDS = ("MT19937", "PCG64", "PCG64DXSM", "SFC64", "Philox")
OWNERS = ("Generator", "RandomState", "np.random")

PCG64_MULTIPLIER = 0x2360ED051FC65DA44385DF649FCCF645

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


def generator_at(kind, state, increment, pending=None):
    """A PCG64 or PCG64DXSM in that very state, with a pending half of a draw or without."""
    bit_generator = getattr(np.random, kind)(0)
    made = bit_generator.state
    made["state"] = {"state": state, "inc": increment | 1}
    made["has_uint32"], made["uinteger"] = (0, 0) if pending is None else (1, pending)
    bit_generator.state = made
    return np.random.Generator(bit_generator)


def pcg64_that_draws(output, rotation=3):
    """A PCG64 whose next output is that integer of 64 bits: both halves of its state together, rotated right."""
    upper, increment = rotation << 58 | 12345, 77
    lower = upper ^ (output << rotation | output >> (64 - rotation)) % 2**64
    before = ((upper << 64 | lower) - increment) * pow(PCG64_MULTIPLIER, -1, 2**128) % 2**128
    generator = generator_at("PCG64", before, increment)
    assert copy.deepcopy(generator).bit_generator.random_raw() == output
    return generator


def run_lines(form, x, rate):
    """Run the NumPy lines that a form's docstring says it equals."""
    lines = inspect.cleandoc(form.__doc__.split("\n\n", 1)[1])
    names = {"np": np, "x": x, "rate": rate, "keep_prob": 1 - rate}
    exec(lines, names)
    return names


@global_as_it_was()
def compare(x, p, make_rng, *, form=None, given="keep_prob", noise_shape=None, **options):
    """Compare `dropout` and `dropout_forward` with the NumPy code: result, mask, backward, and the generator's state.

    `p` is the probability of keeping, or with given="rate" that of dropping. The NumPy code is CS231n's, or of another form.
    """
    both = {name: value for name, value in (("form", form), ("noise_shape", noise_shape)) if value is not None}
    dropout_param = {"mode": "train", "p" if given == "keep_prob" else "rate": p, **both}
    rng = make_rng()
    theirs, their_cache = reference.dropout_forward(x, dropout_param | {"rng": rng})
    after, following = state_of(rng), rng.random(3).tolist()
    dout = x[::-1].copy() if x.ndim else x
    expected_dx = reference.dropout_backward(dout, their_cache).astype(x.dtype, copy=False)
    for door, arguments in ((_by_dropout, {given: p, **both}), (_by_dropout_forward, dropout_param)):
        rng = make_rng()
        ours, mask, dx = door(x, arguments, rng, dout, **options)
        assert state_of(rng) == after and rng.random(3).tolist() == following
        assert_same(np.asarray(ours), np.asarray(theirs))
        assert_same(np.asarray(mask), np.asarray(their_cache[1]))
        assert_same(np.asarray(dx), np.asarray(expected_dx))
    if form is not None:  # the backward of a mask that NumPy code has made
        dx = dropout_fast.dropout_backward(dout, (dropout_param | {"rng": rng}, their_cache[1]))
        assert_same(np.asarray(dx), np.asarray(expected_dx))


def _by_dropout(x, keywords, rng, dout, **options):
    out, mask = dropout_fast.dropout(x, rng=rng, **keywords, **options)
    return out, mask, mask.apply(dout)


def _by_dropout_forward(x, dropout_param, rng, dout, **options):
    out, cache = dropout_fast.dropout_forward(x, dropout_param | {"rng": rng}, **options)
    return out, cache[1], dropout_fast.dropout_backward(dout, cache)
