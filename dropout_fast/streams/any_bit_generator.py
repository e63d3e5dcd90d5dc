"""Any generator of NumPy's with any bit generator and any p: NumPy itself draws and compares, and the result is packed to bits."""

from typing import Any

import numpy as np

from .base import Bits, Key, Stream, no_arguments, threads_alone

#: The kernels read four bytes of a mask at a time.
LEAST_BYTES = 4

_NONE_KEPT = np.zeros(LEAST_BYTES, np.uint8)


def draw_bits(key: tuple[Any, Any], shape: tuple[int, ...]) -> Bits:
    """The bits of ``rng.random(shape) < p``; NumPy compares, as a `p` of NumPy's own types may need.

    The draws are made by one call, so that no other thread's come in between. In blocks that stay in the cache the bits of 1 Mi
    elements took as long (SFC64 2.2 ms against 2.0, Philox 5.4 against 5.6).
    """
    rng, p = key
    packed = np.packbits(np.ravel(draws_of(rng, shape) < p), bitorder="little")
    return packed if packed.size >= LEAST_BYTES else np.concatenate((packed, _NONE_KEPT))  # np.pad takes 10 us


def draws_of(rng: Any, shape: tuple[int, ...]) -> Any:
    """The call of NumPy code: ``rng.random(shape)`` of a Generator, ``rng.rand(*shape)`` of np.random and a RandomState."""
    return rng.random(shape) if isinstance(rng, np.random.Generator) else rng.rand(*shape)


def _no_bits(key: Key, size: int) -> Bits:
    raise NotImplementedError("this stream has no drawing pass")


ANY_BIT_GENERATOR = Stream(
    name="any bit generator",
    is_repeatable=False,
    draw_bits=draw_bits,
    drawing_pass=None,
    positive_pass=None,
    arguments=no_arguments,
    shares=threads_alone,
    empty_bits=_no_bits,
    locks_generator=False,  # NumPy takes it itself
)
