"""The backward is the derivative of the forward."""

import numpy as np
import pytest

import dropout_fast


@pytest.mark.parametrize("scale_at", ["train", "test"])
@pytest.mark.parametrize("p", [0.1, 0.5, 0.8, 1.0])
def test_backward_agrees_with_central_differences(p, scale_at):
    rng = np.random.default_rng(0)
    x, weights = rng.standard_normal((2, 6, 7))
    dropout_param = {"p": p, "mode": "train", "seed": 123, "scale_at": scale_at}

    def loss(x):
        return float((dropout_fast.dropout_forward(x, dropout_param)[0] * weights).sum())

    h = 1e-3  # the function is linear, so a large step is exact and loses fewest digits
    numeric = np.empty_like(x)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += h
        down[index] -= h
        numeric[index] = (loss(up) - loss(down)) / (2 * h)

    _, cache = dropout_fast.dropout_forward(x, dropout_param)
    dx = dropout_fast.dropout_backward(weights, cache)
    assert np.abs(numeric - dx).max() / np.abs(dx).max() < 1e-8
