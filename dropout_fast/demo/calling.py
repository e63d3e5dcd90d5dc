"""Ways to call dropout in a training step: with new arrays for its results, in place, or not at all."""

import time
from typing import Any, Protocol

import numpy.typing as npt

Array = npt.NDArray[Any]


class Calling(Protocol):
    """What a layer calls."""

    def forward(self, x: Array, dropout_param: dict[str, Any]) -> tuple[Any, Any]:
        """Return the result, in the place of x or not, and what the backward needs."""

    def backward(self, dout: Array, cache: Any, room: Array) -> Any:
        """Return the gradient with respect to the forward's x: in `room`, which may be dout, or anywhere else."""


class Plain:
    """Call ``dropout_forward`` and ``dropout_backward`` of a module or an object, as NumPy code does: results are new arrays."""

    def __init__(self, dropout: Any) -> None:
        self.dropout = dropout

    def forward(self, x: Array, dropout_param: dict[str, Any]) -> tuple[Any, Any]:
        """Leave x as it is."""
        found: tuple[Any, Any] = self.dropout.dropout_forward(x, dropout_param)
        return found

    def backward(self, dout: Array, cache: Any, room: Array) -> Any:
        """Leave dout and the room as they are."""
        return self.dropout.dropout_backward(dout, cache)


class InPlace:
    """Call the same two functions with ``out=``: results take the place of arrays that nothing needs any more."""

    def __init__(self, dropout: Any) -> None:
        self.dropout = dropout

    def forward(self, x: Array, dropout_param: dict[str, Any]) -> tuple[Any, Any]:
        """Overwrite x."""
        found: tuple[Any, Any] = self.dropout.dropout_forward(x, dropout_param, out=x)
        return found

    def backward(self, dout: Array, cache: Any, room: Array) -> Any:
        """Overwrite the room."""
        return self.dropout.dropout_backward(dout, cache, out=room)


class Without:
    """No dropout, as in a network that has none: nothing is called."""

    def forward(self, x: Array, dropout_param: dict[str, Any]) -> tuple[Any, Any]:
        """Return x."""
        return x, None

    def backward(self, dout: Array, cache: Any, room: Array) -> Any:
        """Return dout."""
        return dout


class Clocked:
    """Call dropout another's way, and add up the seconds that it takes."""

    def __init__(self, calling: Calling) -> None:
        self.calling = calling
        self.seconds = 0.0

    def forward(self, x: Array, dropout_param: dict[str, Any]) -> tuple[Any, Any]:
        """Clock a forward."""
        start = time.perf_counter()
        found = self.calling.forward(x, dropout_param)
        self.seconds += time.perf_counter() - start
        return found

    def backward(self, dout: Array, cache: Any, room: Array) -> Any:
        """Clock a backward."""
        start = time.perf_counter()
        dx = self.calling.backward(dout, cache, room)
        self.seconds += time.perf_counter() - start
        return dx
