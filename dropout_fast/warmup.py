"""Compile every kernel now, so that no later call, in this process or another, has to."""

import argparse
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import config

from . import _dispatch, _launch
from .kernels.bernoulli import BLOCK_BYTES
from .kernels.factory import Kernels
from .kernels.passes import counter, mt19937, pcg64, stored_bits
from .kernels.rng import mt19937_keep_bits, next_double
from .streams.base import threads_alone
from .streams.mt19937 import shares
from .streams.next_double import next_double_address

Step = Callable[[], object]

#: To draw from while compiling. The steps know only the address of its state, so it must live as long as they can.
_GENERATOR, _PCG64, _PCG64DXSM, _SFC64 = np.random.MT19937(0), np.random.PCG64(0), np.random.PCG64DXSM(0), np.random.SFC64(0)


def warmup() -> None:
    """Compile every kernel and keep it in Numba's cache on disk, or load it from there.

    Compiling takes about 65 s, once for each installation and processor; loading 0.2 s.
    ``python -m dropout_fast warmup`` does the same and says how long each kernel took.

    Notes
    -----
    Without it, each kernel is compiled when it is first needed, which takes one to three seconds.
    """
    for _, step in steps():
        step()


def steps() -> Iterator[tuple[str, Step]]:
    """Each kernel's name, and the call that compiles or loads it."""
    if config.DISABLE_JIT:  # type: ignore[attr-defined]  # set at run time
        return
    address, of_pcg64, of_dxsm = (generator.ctypes.state_address for generator in (_GENERATOR, _PCG64, _PCG64DXSM))
    bits = np.zeros(BLOCK_BYTES, np.uint8)
    leading: dict[Any, tuple[Any, ...]] = {
        counter.counter: (0, 0, 0, 0.5),
        stored_bits.stored_bits: (0,),
        mt19937.mt19937: (address, 1),
        pcg64.pcg64: (of_pcg64, 1),
        pcg64.pcg64dxsm: (of_dxsm, 1),
    }
    for make_pass, epilogue, dtypes in _dispatch.TABLE:
        for dtype in dtypes:
            x: npt.NDArray[Any] = np.zeros(1, _dispatch.VIEWS.get(dtype, dtype))
            kernels = _dispatch.kernels_for(make_pass, epilogue, dtype)
            trailing = shares if make_pass is mt19937.mt19937 else threads_alone
            yield from _steps(kernels, (*leading[make_pass], x, bits, 2.0, x), trailing)
    yield "counter_draw_bits", partial(counter.draw_bits, 0, 0, 0, 0.5, bits)
    yield "mt19937_draw_bits", partial(mt19937_keep_bits.draw_bits, address, 1, 1, bits)
    yield "pcg64_draw_bits", partial(pcg64.draw_bits_of_pcg64, of_pcg64, 1, 1, bits)
    of_sfc64 = next_double_address(type(_SFC64)), _SFC64.ctypes.state_address
    yield "next_double_draw_bits", partial(next_double.draw_bits, *of_sfc64, 0.5, 1, bits)
    yield "pcg64dxsm_draw_bits", partial(pcg64.draw_bits_of_pcg64dxsm, of_dxsm, 1, 1, bits)


def _steps(
    kernels: Kernels, arguments: tuple[Any, ...], trailing: Callable[[int, int], tuple[Any, ...]]
) -> Iterator[tuple[str, Step]]:
    yield f"{kernels.name}, serial", partial(kernels.serial, *arguments)
    if _launch.may_launch():
        for variant in ("parallel", "nontemporal"):
            yield f"{kernels.name}, {variant}", partial(getattr(kernels, variant), *arguments, *trailing(1, 1))


def add_options(parser: argparse.ArgumentParser) -> None:
    """The command has none."""


def run(arguments: argparse.Namespace) -> int:
    """`warmup` as a command; the exit status is 0."""
    for name, step in steps():
        start = time.perf_counter()
        step()
        print(f"{name:44} {time.perf_counter() - start:5.2f} s", flush=True)
    return 0
