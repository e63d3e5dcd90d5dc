"""One hidden layer of ReLU units with dropout, softmax loss, Adam: plain NumPy around one way of calling dropout."""

from typing import Any

import numpy as np
import numpy.typing as npt

from .calling import Calling

Array = npt.NDArray[np.float64]
Parameters = dict[str, Array]

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def initial_parameters(inputs: int, hidden: int, classes: int, rng: np.random.Generator) -> Parameters:
    """Weights by He et al. (2015) for the hidden layer, small ones for the scores."""
    return {
        "w1": rng.normal(0.0, np.sqrt(2.0 / inputs), (inputs, hidden)),
        "b1": np.zeros(hidden),
        "w2": rng.normal(0.0, 0.01, (hidden, classes)),
        "b2": np.zeros(classes),
    }


def loss_and_gradients(
    parameters: Parameters, x: Array, y: npt.NDArray[np.intp], dropout_param: dict[str, Any], dropout: Calling
) -> tuple[float, Parameters]:
    """Mean softmax loss of a batch and its gradient; dropout acts on the hidden layer.

    ReLU's backward reads the hidden layer. Dropout in place sets more of it to 0, but there the gradient is 0 by then, too.
    """
    hidden = np.maximum(x @ parameters["w1"] + parameters["b1"], 0.0)
    dropped, cache = dropout.forward(hidden, dropout_param)
    scores = dropped @ parameters["w2"] + parameters["b2"]
    log_probs = scores - scores.max(axis=1, keepdims=True)
    log_probs -= np.log(np.exp(log_probs).sum(axis=1, keepdims=True))
    rows = np.arange(len(y))
    loss = -float(log_probs[rows, y].mean())

    dscores = np.exp(log_probs)
    dscores[rows, y] -= 1.0
    dscores /= len(y)
    dhidden = dropout.backward(dscores @ parameters["w2"].T, cache) * (hidden > 0)
    gradients = {"w1": x.T @ dhidden, "b1": dhidden.sum(axis=0), "w2": dropped.T @ dscores, "b2": dscores.sum(axis=0)}
    return loss, gradients


def accuracy(parameters: Parameters, x: Array, y: npt.NDArray[np.intp], dropout_param: dict[str, Any], dropout: Calling) -> float:
    """Share of scans whose highest score is the right digit."""
    hidden = np.maximum(x @ parameters["w1"] + parameters["b1"], 0.0)
    dropped, _ = dropout.forward(hidden, {**dropout_param, "mode": "test"})
    return float(((dropped @ parameters["w2"] + parameters["b2"]).argmax(axis=1) == y).mean())


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
