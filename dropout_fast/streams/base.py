"""What a source of keep bits must offer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _process
from ..kernels.factory import Pass

Bits = npt.NDArray[np.uint8]

#: Which bits of a stream: each stream has its own kind of key.
Key = tuple[Any, ...]


#: From a bit generator to a kernel that draws bits alone, and the addresses that it takes first: see `bits_alone`.
Drawing = Callable[[Any], tuple[Any, tuple[int, ...]]]


def no_pass(key: Key, size: int = 0) -> Any:
    """In the place of `arguments` and `empty_bits`, where a stream can only draw bits."""
    raise NotImplementedError("this stream has no drawing pass")


def threads_alone(size: int, threads: int) -> tuple[int]:
    """For passes whose kernels share an array out themselves."""
    return (threads,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A source of keep bits, as a record of functions (after JAX's ``prng.PRNGImpl``).

    Attributes
    ----------
    name : str
    is_repeatable : bool
        Whether a key gives the same bits again, so that a mask need not store them.
    draw_bits : (key, shape: tuple of int) -> Bits
        Draw the keep bits of an array of that shape.
    drawing_pass : Pass or None
        Draws bits and applies an epilogue in one pass; None where this stream can only draw bits.
    positive_pass : Pass or None
        The same, but the bits that it stores tell which elements of the result are positive.
    arguments : (key) -> tuple
        The first arguments of the kernels of both; x, bits, operands and out follow.
    shares : (size: int, threads: int) -> tuple
        The last arguments of its parallel kernels: how threads share that many elements.
    empty_bits : (key, size: int) -> Bits
        An array for the keep bits of that many elements.
    locks_generator : bool
        Whether the first item of a key is a bit generator of NumPy's, whose lock is held while a kernel draws.
    draws_alone_by : Drawing or None
        Of the streams in `bits_alone`.
    """

    name: str
    is_repeatable: bool
    draw_bits: Callable[[Key, tuple[int, ...]], Bits]
    drawing_pass: Pass | None = None
    positive_pass: Pass | None = None
    arguments: Callable[[Key], tuple[Any, ...]] = no_pass
    shares: Callable[[int, int], tuple[Any, ...]] = threads_alone
    empty_bits: Callable[[Key, int], Bits] = no_pass
    locks_generator: bool
    draws_alone_by: Drawing | None = None


def draw_under_lock(bit_generator: Any, draw_bits: Callable[..., None], *arguments: Any) -> None:
    """Call a kernel that draws, under the lock of the generator whose state it advances."""
    _process.yield_to_fork()
    with bit_generator.lock:
        draw_bits(*arguments)
