"""Engine fast called from a user's own compiled functions."""

import numpy as np
import pytest
from numba import TypingError, njit, prange

from dropout_fast import dropout, dropout_add, jit, relu_dropout

ENTRIES = [(jit.dropout, jit.apply), (jit.dropout_parallel, jit.apply_parallel)]


@pytest.mark.parametrize("forward_and_backward", ENTRIES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("offset", [0, 32768 - 5])
def test_the_bits_are_those_of_dropout(forward_and_backward, dtype, offset):
    forward, backward = forward_and_backward
    x = np.linspace(-1, 1, 21_000).astype(dtype).reshape(70, 300)
    expected, mask = dropout(x, keep_prob=0.9, seed=7, step=3, offset=offset)
    bits, out = jit.empty_bits(x.size, offset), np.empty_like(x)
    forward(x, 0.9, 7, 3, offset, bits, out)
    assert out.tobytes() == expected.tobytes()
    backward(2 * x, 0.9, offset, bits, out)
    assert out.tobytes() == mask.apply(2 * x).tobytes()
    forward(x, 0.9, 7, 3, offset, bits[:0], out)
    assert out.tobytes() == expected.tobytes()


@njit
def step_of_training(w1, w2, x, y, keep_prob, seed, step, rate):
    """One step of gradient descent of a network with one hidden layer; returns the loss."""
    hidden = np.maximum(x @ w1, 0.0)
    dropped = np.empty_like(hidden)
    bits = jit.empty_bits(hidden.size)
    jit.dropout(hidden, keep_prob, seed, step, 0, bits, dropped)
    error = dropped @ w2 - y
    dhidden = error @ w2.T
    jit.apply(dhidden, keep_prob, 0, bits, dhidden)
    w2 -= rate * (dropped.T @ error)
    w1 -= rate * (x.T @ (dhidden * (hidden > 0)))
    return (error**2).sum() / 2


def test_a_whole_step_of_training():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((20, 5))
    y = x[:, :2] + 1
    w1, w2 = rng.standard_normal((5, 40)), rng.standard_normal((40, 2)) / 10
    hidden = np.maximum(x @ w1, 0.0)
    dropped, mask = dropout(hidden, keep_prob=0.5, seed=4)
    error = dropped @ w2 - y
    new_w1 = w1 - 0.002 * (x.T @ (mask.apply(error @ w2.T) * (hidden > 0)))
    new_w2 = w2 - 0.002 * (dropped.T @ error)
    losses = [step_of_training(w1, w2, x, y, 0.5, 4, step, 0.002) for step in range(1)]
    np.testing.assert_allclose(w1, new_w1)
    np.testing.assert_allclose(w2, new_w2)
    losses += [step_of_training(w1, w2, x, y, 0.5, 4, step, 0.002) for step in range(1, 200)]
    assert np.mean(losses[-10:]) < losses[0] / 2


@njit(parallel=True)
def shards_in_parallel(x, length, bits, out):
    for k in prange(x.size // length):
        first, stop = k * length, (k + 1) * length
        jit.dropout(x[first:stop], 0.5, 1, 2, np.intp(first), bits[k], out[first:stop])


def test_inside_a_users_own_parallel_loop():
    x = np.ones(16 * 1000)
    out = np.empty_like(x)
    shards_in_parallel(x, 1000, np.empty((16, 3 * 64), np.uint8), out)
    assert out.tobytes() == dropout(x, keep_prob=0.5, seed=1, step=2)[0].tobytes()


@pytest.mark.parametrize("forward_and_backward", ENTRIES)
def test_what_does_not_fit_is_refused(forward_and_backward):
    forward, backward = forward_and_backward
    x, out = np.ones(1000), np.zeros(1000)
    bits = jit.empty_bits(1000)
    for arguments, message in (
        ((x, 1.5, 1, 2, 0, bits, out), "`keep_prob` is out of range"),
        ((x, np.nan, 1, 2, 0, bits, out), "`keep_prob` is out of range"),
        ((x, 0.5, 1, 2, -1, bits, out), "`offset` is out of range"),
        ((x, 0.5, 1, 2, 2**62, bits, out), "`offset` is out of range"),
        ((x, 0.5, 1, 2, 100, bits, out), "`bits` is too small"),
        ((x, 0.5, 1, 2, 0, bits, out[1:]), "`out` has another size"),
    ):
        with pytest.raises(ValueError, match=message):
            forward(*arguments)
    for arguments, message in (
        ((x, -0.1, 0, bits, out), "`keep_prob` is out of range"),
        ((x, 0.5, -1, bits, out), "`offset` is out of range"),
        ((x, 0.5, 0, bits[:0], out), "`bits` is too small"),
        ((x, 0.5, 0, bits, out[1:]), "`out` has another size"),
    ):
        with pytest.raises(ValueError, match=message):
            backward(*arguments)
    for other_x, other_out, message in (
        (x.astype(np.int64), out, "`x` is array"),
        (x[::2], out[::2], "`x` is array"),
        (x, out.astype(np.float32), "`out` has dtype float32; expected float64"),
    ):
        with pytest.raises(TypingError, match=message):
            forward(other_x, 0.5, 1, 2, 0, bits, other_out)
    assert not out.any()


FUSED = [
    (jit.relu_dropout, jit.dropout_add, jit.apply_bias_gradient),
    (jit.relu_dropout_parallel, jit.dropout_add_parallel, jit.apply_bias_gradient_parallel),
]


@pytest.mark.parametrize(
    ("functions", "dtype", "offset"),
    [(FUSED[0], np.float32, 0), (FUSED[0], np.float64, 32768 - 5), (FUSED[1], np.float32, 32768 - 5)],
)
def test_fused_functions_are_those_of_the_package(functions, dtype, offset):
    relu, add, apply = functions
    rng = np.random.default_rng(0)
    x, residual, dout = rng.standard_normal((3, 90, 130)).astype(dtype)
    bias, gradient, expected_gradient = rng.standard_normal(130).astype(dtype), np.empty(130, dtype), np.empty(130, dtype)
    key = {"keep_prob": 0.7, "seed": 7, "step": 3, "offset": offset}
    expected, mask = relu_dropout(x, bias, **key)
    bits, out = jit.empty_bits(x.size, offset), np.empty_like(x)
    relu(x, bias, 0.7, 7, 3, offset, bits, out)
    assert out.tobytes() == expected.tobytes()
    apply(dout, 0.7, offset, bits, out, gradient)
    assert out.tobytes() == mask.apply(dout, bias_gradient=expected_gradient).tobytes()
    assert gradient.tobytes() == expected_gradient.tobytes()
    add(x, residual, bias, 0.7, 7, 3, offset, bits, out)
    assert out.tobytes() == dropout_add(x, residual, bias, **key)[0].tobytes()
    add(x, residual, bias, 0.7, 7, 3, offset, bits[:0], out)
    assert out.tobytes() == dropout_add(x, residual, bias, **key)[0].tobytes()
    with pytest.raises(ValueError, match="another size than a row"):
        relu(x, bias[:5], 0.7, 7, 3, offset, bits, out)
    with pytest.raises(ValueError, match="another size than a row"):
        apply(dout, 0.7, offset, bits, out, gradient[:5])
    with pytest.raises(ValueError, match="`bits` is too small"):
        relu(x, bias, 0.7, 7, 3, offset, bits[:0], out)
