"""What a network computes after a product: bias, ReLU and dropout, or bias, dropout and a residual; one by one or fused."""

import time
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from dropout_fast import KeepMask, dropout_add, relu_dropout

from .calling import Calling, Clocked

Array = npt.NDArray[np.float64]


class Layers(Protocol):
    """The layers that a network is made of. Forwards may overwrite z, which is a product's result."""

    @property
    def seconds(self) -> float:
        """Time in the calls of dropout so far."""

    def relu_dropout(self, z: Array, bias: Array, dropout_param: dict[str, Any]) -> tuple[Array, Any]:
        """Return ``dropout(max(z + bias, 0))`` and what the backward needs."""

    def relu_dropout_backward(self, dout: Array, cache: Any) -> tuple[Array, Array]:
        """Return the gradients with respect to z and bias. May overwrite dout."""

    def dropout_add(self, z: Array, residual: Array, bias: Array, dropout_param: dict[str, Any]) -> tuple[Array, Any]:
        """Return ``residual + dropout(z + bias)`` and what the backward needs."""

    def dropout_add_backward(self, dout: Array, cache: Any) -> tuple[Array, Array]:
        """Return the gradients with respect to z and bias. Leaves dout, the gradient with respect to the residual."""


class Separate:
    """Dropout in one way of calling it, all else by NumPy's formulas; the clock runs in dropout alone."""

    def __init__(self, dropout: Calling) -> None:
        self.dropout = Clocked(dropout)

    @property
    def seconds(self) -> float:
        """Time in dropout so far."""
        return self.dropout.seconds

    def relu_dropout(self, z: Array, bias: Array, dropout_param: dict[str, Any]) -> tuple[Array, Any]:
        """Bias, ReLU, dropout.

        ReLU's backward reads `hidden`. Dropout in place sets more of it to 0, but there the gradient is 0 by then, too.
        """
        hidden = np.maximum(z + bias, 0.0)
        dropped, cache = self.dropout.forward(hidden, dropout_param)
        return dropped, (hidden, cache)

    def relu_dropout_backward(self, dout: Array, cache: Any) -> tuple[Array, Array]:
        """Through dropout, ReLU and bias."""
        hidden, of_dropout = cache
        dz = self.dropout.backward(dout, of_dropout, room=dout) * (hidden > 0)
        return dz, dz.sum(axis=0)

    def dropout_add(self, z: Array, residual: Array, bias: Array, dropout_param: dict[str, Any]) -> tuple[Array, Any]:
        """Bias, dropout, residual."""
        dropped, cache = self.dropout.forward(z + bias, dropout_param)
        return residual + dropped, cache

    def dropout_add_backward(self, dout: Array, cache: Any) -> tuple[Array, Array]:
        """Through dropout and bias."""
        dz = self.dropout.backward(dout, cache, room=np.empty_like(dout))
        return dz, dz.sum(axis=0)


class Fused:
    """One call for each layer, in place where it can be; the clock runs in all of it, bias, ReLU and residual included.

    With a seed the masks are engine fast's; without one they are drawn from `np.random`, as in NumPy code. Where z holds rows of a
    larger batch, `rows_before` of its rows come before them; with a seed they have the masks of the whole batch.
    """

    def __init__(self, seed: int | None = None, rows_before: int = 0) -> None:
        self.seed = seed
        self.rows_before = rows_before
        self.step = 0
        self.seconds = 0.0

    def relu_dropout(self, z: Array, bias: Array, dropout_param: dict[str, Any]) -> tuple[Array, Any]:
        """Overwrite z."""
        start = time.perf_counter()
        found: tuple[Array, Any] = relu_dropout(z, bias, out=z, **self._draws(z, dropout_param))
        self.seconds += time.perf_counter() - start
        return found

    def relu_dropout_backward(self, dout: Array, cache: KeepMask) -> tuple[Array, Array]:
        """Overwrite dout."""
        return self._backward(dout, cache, room=dout)

    def dropout_add(self, z: Array, residual: Array, bias: Array, dropout_param: dict[str, Any]) -> tuple[Array, Any]:
        """Overwrite z."""
        start = time.perf_counter()
        found: tuple[Array, Any] = dropout_add(z, residual, bias, out=z, **self._draws(z, dropout_param))
        self.seconds += time.perf_counter() - start
        return found

    def dropout_add_backward(self, dout: Array, cache: KeepMask) -> tuple[Array, Array]:
        """Leave dout, the gradient with respect to the residual."""
        return self._backward(dout, cache, room=np.empty_like(dout))

    def _backward(self, dout: Array, mask: KeepMask, room: Array) -> tuple[Array, Array]:
        dbias = np.empty(dout.shape[-1])
        start = time.perf_counter()
        dz = mask.apply(dout, out=room, bias_gradient=dbias)
        self.seconds += time.perf_counter() - start
        return dz, dbias

    def _draws(self, z: Array, dropout_param: dict[str, Any]) -> dict[str, Any]:
        """Which mask the next call draws: in mode "test" one that keeps all."""
        if dropout_param["mode"] == "test":
            return {"keep_prob": 1.0, "seed": 0, "store_mask": False}
        if self.seed is None:
            return {"keep_prob": dropout_param["p"], "rng": np.random}
        self.step += 1
        offset = self.rows_before * z.shape[1]
        return {"keep_prob": dropout_param["p"], "seed": self.seed, "step": self.step - 1, "offset": offset}
