"""Compile every kernel now, so that no later call, in this process or another, has to."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import config

from . import fast_stream, numpy_mask, numpy_stream, runtime
from .kernels import dropout, numpy_draws

Step = Callable[[], object]

#: To draw from while compiling; the steps know its state's address only, so it lives as long as they can.
_GENERATOR = np.random.MT19937(0)


def warmup() -> None:
    """Compile every kernel and keep it in Numba's cache on disk, or load it from there.

    Compiling takes about 50 s, once for each installation and processor; loading 0.2 s.
    ``python -m dropout_fast warmup`` is the same and says how long each took.

    Notes
    -----
    Without it, each kernel is compiled when first needed, which takes one to six seconds.
    """
    for _, step in steps():
        step()


def steps() -> Iterator[tuple[str, Step]]:
    """Each kernel's name, and the call that compiles or loads it."""
    if config.DISABLE_JIT:  # type: ignore[attr-defined]  # set at run time
        return
    address = _GENERATOR.ctypes.state_address
    bits = np.zeros(dropout.BLOCK_BYTES, np.uint8)
    for dtype, kernels in fast_stream.KERNELS.items():
        x: npt.NDArray[Any] = np.zeros(1, np.dtype(kernels.view or dtype))
        yield from _steps(kernels.draw_and_scale, x, bits, 0, 0, 0, 0.5, 2.0, x)
        yield from _steps(kernels.scale, x, bits, 0, 2.0, x)
    for dtype, engine_numpy in numpy_mask.KERNELS.items():
        x = np.zeros(1, dtype)
        for product in dict.fromkeys(engine_numpy):
            yield from _steps(product, x, bits, 0, 2.0, x)
        for dropouts in dict.fromkeys(numpy_stream.KERNELS[dtype]):
            yield from _steps(dropouts, address, x, bits, 1, 2.0, x)
    yield "draw_bits", partial(dropout.draw_bits, bits, 0, 0, 0, 0.5)
    yield "draw_bits of MT19937", partial(numpy_draws.draw_bits, address, 1, 1, bits)


def _steps(kernels: tuple[Any, ...], *arguments: Any) -> Iterator[tuple[str, Step]]:
    serial, *others = kernels
    yield serial.__name__, partial(serial, *arguments)
    for other in others:
        # As large as can be, so that it is the parallel kernel, unless this process must not run any.
        yield other.__name__, partial(runtime.run, (serial, other), sys.maxsize, False, arguments)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The command has none."""


def run(arguments: argparse.Namespace) -> int:
    """`warmup` as a command; the exit status is 0."""
    for name, step in steps():
        start = time.perf_counter()
        step()
        print(f"{name:36} {time.perf_counter() - start:5.2f} s", flush=True)
    return 0
