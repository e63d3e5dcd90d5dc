"""Train a network with one implementation of its layers, and clock what a step takes, and dropout in it."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_digits

from dropout_fast import Dropout

from .layers import Layers
from .network import BATCH, LEARNING_RATE, Adam, Network, Parameters, accuracy, loss_and_gradients

TRAINING_SCANS = 500
CLASSES = 10


class Digits(NamedTuple):
    """Scans of 8x8 pixels, flattened and centred, and the digits they show."""

    x_train: npt.NDArray[np.float64]
    y_train: npt.NDArray[np.intp]
    x_held_out: npt.NDArray[np.float64]
    y_held_out: npt.NDArray[np.intp]


@dataclass
class Run:
    """What one training leaves behind."""

    parameters: Parameters
    losses: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    held_out_accuracy: list[float] = field(default_factory=list)
    dropout_seconds: float = 0.0
    step_seconds: list[float] = field(default_factory=list)

    @property
    def milliseconds_a_step(self) -> float:
        """The median over the steps."""
        return statistics.median(self.step_seconds) * 1e3

    def same_as(self, other: "Run") -> bool:
        """Whether losses and weights are bit-identical."""
        weights = (self.parameters[name].tobytes() == value.tobytes() for name, value in other.parameters.items())
        return np.array_equal(self.losses, other.losses) and all(weights)

    def difference_from(self, other: "Run") -> float:
        """The largest relative difference of a loss; inf if the first losses, before any backward, are not bit-identical."""
        if self.losses[0] != other.losses[0]:
            return float("inf")
        return float(np.abs(np.divide(self.losses, other.losses) - 1.0).max())


class FastLayer:
    """A layer of engine fast behind the two functions of NumPy code."""

    def __init__(self, keep_prob: float, seed: int) -> None:
        self.layer = Dropout(keep_prob=keep_prob, seed=seed)

    def dropout_forward(self, x: Any, dropout_param: dict[str, Any], *, out: Any = None) -> tuple[Any, None]:
        """Drop in mode "train"."""
        self.layer.training = dropout_param["mode"] == "train"
        return self.layer(x, out=out), None

    def dropout_backward(self, dout: Any, cache: None, *, out: Any = None) -> Any:
        """Answer the last forward of mode "train"."""
        return self.layer.train().backward(dout, out=out)


def load(rng: np.random.Generator) -> Digits:
    """Scikit-learn's bundled handwritten digits: 500 scans to train on, the others held out."""
    pixels, digits = load_digits(return_X_y=True)
    order = rng.permutation(len(pixels))
    x = (pixels[order] - pixels.mean(axis=0)) / pixels.max()
    y = digits[order]
    return Digits(x[:TRAINING_SCANS], y[:TRAINING_SCANS], x[TRAINING_SCANS:], y[TRAINING_SCANS:])


def first_call_seconds(layers: Layers, units: int) -> float:
    """Clock the first forward and backward of a process, on a hidden layer of ones: the kernels are compiled, or loaded."""
    hidden = np.ones((BATCH, units))
    _, cache = layers.relu_dropout(hidden, np.zeros(units), {"p": 0.5, "mode": "train"})
    layers.relu_dropout_backward(hidden, cache)
    return layers.seconds


def train(
    network: Network,
    digits: Digits,
    keep_prob: float,
    epochs: int,
    seed: int,
    layers: Layers,
    on_epoch: Callable[[], Any] = lambda: None,
) -> Run:
    """Train a network on the digits with one implementation of its layers."""
    rng = np.random.default_rng(seed)
    np.random.seed(seed)
    dropout_param = {"p": keep_prob, "mode": "train"}
    run = Run(network.initial_parameters(digits.x_train.shape[1], CLASSES, rng))
    adam = Adam(run.parameters, LEARNING_RATE)
    for _ in range(epochs):
        for batch in np.split(rng.permutation(TRAINING_SCANS), TRAINING_SCANS // BATCH):
            x, y = digits.x_train[batch], digits.y_train[batch]
            before, start = layers.seconds, time.perf_counter()
            loss, gradients = loss_and_gradients(network, run.parameters, x, y, dropout_param, layers)
            adam.update(gradients)
            run.step_seconds.append(time.perf_counter() - start)
            run.dropout_seconds += layers.seconds - before
            run.losses.append(loss)
        for scans, shown, history in (
            (digits.x_train, digits.y_train, run.train_accuracy),
            (digits.x_held_out, digits.y_held_out, run.held_out_accuracy),
        ):
            history.append(accuracy(network, run.parameters, scans, shown, dropout_param, layers))
        on_epoch()
    return run
