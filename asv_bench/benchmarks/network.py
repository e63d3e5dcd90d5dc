"""One step of training a network with one hidden layer, ReLU, dropout, softmax loss and Adam, in plain NumPy.

It computes what the demo's network computes. It is a copy, so that every commit is measured with the same network, also those
that have no demo.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .ratios import Array

Parameters = dict[str, Array]
Function = Callable[..., Any]

BATCH, PIXELS, HIDDEN_UNITS, CLASSES = 100, 64, 500, 10  # as in the demo
LEARNING_RATE, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-8


def training_step(dropout_param: dict[str, Any], forward: Function, backward: Function) -> Callable[[], None]:
    """Make a function that does forward, backward and update on one batch of noise."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((BATCH, PIXELS)), rng.integers(CLASSES, size=BATCH)
    parameters = {
        "w1": rng.normal(0.0, np.sqrt(2.0 / PIXELS), (PIXELS, HIDDEN_UNITS)),
        "b1": np.zeros(HIDDEN_UNITS),
        "w2": rng.normal(0.0, 0.01, (HIDDEN_UNITS, CLASSES)),
        "b2": np.zeros(CLASSES),
    }
    adam = Adam(parameters)

    def step() -> None:
        _, gradients = loss_and_gradients(parameters, x, y, dropout_param, forward, backward)
        adam.update(gradients)

    return step


def loss_and_gradients(
    parameters: Parameters, x: Array, y: Array, dropout_param: dict[str, Any], forward: Function, backward: Function
) -> tuple[float, Parameters]:
    """Return the mean softmax loss of a batch and its gradients; dropout acts on the hidden layer."""
    hidden = np.maximum(x @ parameters["w1"] + parameters["b1"], 0.0)
    dropped, cache = forward(hidden, dropout_param)
    scores = dropped @ parameters["w2"] + parameters["b2"]
    log_probs = scores - scores.max(axis=1, keepdims=True)
    log_probs -= np.log(np.exp(log_probs).sum(axis=1, keepdims=True))
    rows = np.arange(len(y))
    loss = -float(log_probs[rows, y].mean())

    dscores = np.exp(log_probs)
    dscores[rows, y] -= 1.0
    dscores /= len(y)
    dhidden = backward(dscores @ parameters["w2"].T, cache) * (hidden > 0)
    return loss, {"w1": x.T @ dhidden, "b1": dhidden.sum(axis=0), "w2": dropped.T @ dscores, "b2": dscores.sum(axis=0)}


class Adam:
    """Adam (Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015), in place."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self.step = 0
        self.means = {name: np.zeros_like(value) for name, value in parameters.items()}
        self.squares = {name: np.zeros_like(value) for name, value in parameters.items()}

    def update(self, gradients: Parameters) -> None:
        """Take one step down the gradients."""
        self.step += 1
        for name, gradient in gradients.items():
            mean, square = self.means[name], self.squares[name]
            mean += (1 - BETA1) * (gradient - mean)
            square += (1 - BETA2) * (gradient**2 - square)
            unbiased = np.sqrt(square / (1 - BETA2**self.step)) + EPSILON
            self.parameters[name] -= LEARNING_RATE * (mean / (1 - BETA1**self.step)) / unbiased
