"""One step of training a net, with a way of dropout put in, and clocks around the step and both calls of dropout.

There are two steps, one with new arrays and one in place. They compute the same.
"""

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


class InPlaceStep(TrainingStep):
    """The same step in NumPy as people write it for speed: each result goes to an array that is made once.

    Here a way's `forward` gets the matrix product and returns the hidden layer, so bias and ReLU are the way's as well. Its
    `backward` returns the gradient of the product, and writes that of the bias to `db1`.
    """

    def __init__(self, net: Net) -> None:
        super().__init__(net)
        self.hidden, self.dhidden = (np.empty((net.batch, net.hidden), net.dtype) for _ in range(2))
        self.error = np.empty_like(self.y)
        self.dw1, self.dw2, self.db2 = np.empty_like(self.w1), np.empty_like(self.w2), np.empty_like(self.b2)
        self.db1 = np.zeros_like(self.b1)  # read before it is written where a way leaves the bias out

    def __call__(self, way: Way) -> Seconds:
        """Take one step with this way of bias, ReLU and dropout."""
        start = perf_counter()
        np.matmul(self.x, self.w1, out=self.hidden)
        forward = perf_counter()
        hidden = way.forward(self.hidden)
        forward_end = perf_counter()
        error = np.matmul(hidden, self.w2, out=self.error)
        error += self.b2
        error -= self.y
        error *= 1.0 / len(error)
        np.matmul(error, self.w2.T, out=self.dhidden)
        backward = perf_counter()
        dhidden = way.backward(self.dhidden)
        backward_end = perf_counter()
        np.matmul(hidden.T, error, out=self.dw2)
        np.matmul(self.x.T, dhidden, out=self.dw1)
        error.sum(axis=0, out=self.db2)
        for weight, gradient in ((self.w1, self.dw1), (self.w2, self.dw2), (self.b1, self.db1), (self.b2, self.db2)):
            weight -= np.multiply(gradient, LEARNING_RATE, out=gradient)
        return Seconds(perf_counter() - start, forward_end - forward, backward_end - backward)
