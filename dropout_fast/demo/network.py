"""Softmax loss and accuracy of a network, the network of one hidden layer, and Adam: plain NumPy around the layers with dropout."""

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from .layers import Layers

Array = npt.NDArray[np.float64]
Parameters = dict[str, Array]

BATCH = 100
LEARNING_RATE = 1e-3

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


class Network(Protocol):
    """What the experiment trains."""

    hidden_units: int

    def initial_parameters(self, inputs: int, classes: int, rng: np.random.Generator) -> Parameters:
        """Draw the first weights."""

    def forward(self, parameters: Parameters, x: Array, dropout_param: dict[str, Any], layers: Layers) -> tuple[Array, Any]:
        """Return the classes' scores, and what the backward needs."""

    def backward(self, parameters: Parameters, dscores: Array, cache: Any, layers: Layers) -> Parameters:
        """Return the gradients with respect to the parameters."""


class OneHiddenLayer:
    """A hidden layer of ReLU units with dropout, and scores."""

    hidden_units = 500

    def initial_parameters(self, inputs: int, classes: int, rng: np.random.Generator) -> Parameters:
        """Weights by He et al. (2015) for the hidden layer, small ones for the scores."""
        return {
            "w1": rng.normal(0.0, np.sqrt(2.0 / inputs), (inputs, self.hidden_units)),
            "b1": np.zeros(self.hidden_units),
            "w2": rng.normal(0.0, 0.01, (self.hidden_units, classes)),
            "b2": np.zeros(classes),
        }

    def forward(self, parameters: Parameters, x: Array, dropout_param: dict[str, Any], layers: Layers) -> tuple[Array, Any]:
        """From scans to scores."""
        hidden, cache = layers.relu_dropout(x @ parameters["w1"], parameters["b1"], dropout_param)
        return hidden @ parameters["w2"] + parameters["b2"], (x, hidden, cache)

    def backward(self, parameters: Parameters, dscores: Array, cache: Any, layers: Layers) -> Parameters:
        """From the scores' gradient to the parameters'."""
        x, hidden, of_hidden = cache
        dz, db1 = layers.relu_dropout_backward(dscores @ parameters["w2"].T, of_hidden)
        return {"w1": x.T @ dz, "b1": db1, "w2": hidden.T @ dscores, "b2": dscores.sum(axis=0)}


def loss_and_gradients(
    network: Network, parameters: Parameters, x: Array, y: npt.NDArray[np.intp], dropout_param: dict[str, Any], layers: Layers
) -> tuple[float, Parameters]:
    """Mean softmax loss of a batch and its gradient."""
    scores, cache = network.forward(parameters, x, dropout_param, layers)
    log_probs = scores - scores.max(axis=1, keepdims=True)
    log_probs -= np.log(np.exp(log_probs).sum(axis=1, keepdims=True))
    rows = np.arange(len(y))
    loss = -float(log_probs[rows, y].mean())

    dscores = np.exp(log_probs)
    dscores[rows, y] -= 1.0
    dscores /= len(y)
    return loss, network.backward(parameters, dscores, cache, layers)


def accuracy(
    network: Network, parameters: Parameters, x: Array, y: npt.NDArray[np.intp], dropout_param: dict[str, Any], layers: Layers
) -> float:
    """Share of scans whose highest score is the right digit."""
    scores, _ = network.forward(parameters, x, {**dropout_param, "mode": "test"}, layers)
    return float((scores.argmax(axis=1) == y).mean())


class Adam:
    """Adam (Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015), in place."""

    def __init__(self, parameters: Parameters, learning_rate: float) -> None:
        self.parameters = parameters
        self.learning_rate = learning_rate
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
            self.parameters[name] -= self.learning_rate * (mean / (1 - BETA1**self.step)) / unbiased
