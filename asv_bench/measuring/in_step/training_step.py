"""One step of training a net, with a way of dropout put in, and clocks around the step and both calls of dropout."""

from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .nets import Net
from .ways import Way

OUTPUTS = 10

#: So small that thousands of steps on one batch leave the weights, and so the times, as they are.
LEARNING_RATE = 1e-6


class Seconds(NamedTuple):
    """What one step took, and its two calls of dropout."""

    step: float
    forward: float
    backward: float


class TrainingStep:
    """Forward, backward and update (plain SGD) on one batch of noise, in NumPy as people write it: each result is a new array.

    All ways train the same weights, so each finds them in the caches where the last step left them.

    Parameters
    ----------
    net : Net
    """

    def __init__(self, net: Net) -> None:
        rng = np.random.default_rng(0)

        def normal(*shape: int, scale: float = 1.0) -> npt.NDArray[Any]:
            return (scale * rng.standard_normal(shape)).astype(net.dtype)

        self.x, self.y = normal(net.batch, net.inputs), normal(net.batch, OUTPUTS)
        self.w1 = normal(net.inputs, net.hidden, scale=(2.0 / net.inputs) ** 0.5)
        self.w2 = normal(net.hidden, OUTPUTS, scale=net.hidden**-0.5)
        self.b1, self.b2 = np.zeros(net.hidden, net.dtype), np.zeros(OUTPUTS, net.dtype)

    def __call__(self, way: Way) -> Seconds:
        """Take one step with this way of dropout.

        ReLU's backward reads the hidden layer after dropout. Where dropout worked in place there is no other, and elements that
        were dropped have a gradient of 0 by then.
        """
        start = perf_counter()
        hidden = np.maximum(self.x @ self.w1 + self.b1, 0)
        forward = perf_counter()
        dropped = way.forward(hidden)
        forward_end = perf_counter()
        error = dropped @ self.w2 + self.b2 - self.y
        error *= 1.0 / len(error)
        dhidden = error @ self.w2.T
        backward = perf_counter()
        dhidden = way.backward(dhidden)
        backward_end = perf_counter()
        dhidden = dhidden * (dropped > 0)
        dw2 = dropped.T @ error
        self.w1 -= LEARNING_RATE * (self.x.T @ dhidden)
        self.b1 -= LEARNING_RATE * dhidden.sum(axis=0)
        self.w2 -= LEARNING_RATE * dw2
        self.b2 -= LEARNING_RATE * error.sum(axis=0)
        return Seconds(perf_counter() - start, forward_end - forward, backward_end - backward)
