"""Compile every kernel now, so that no later call, in this process or another, has to."""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import config

from . import _dispatch, _launch
from .kernels.bernoulli import BLOCK_BYTES
from .kernels.bit_runs import levels_of
from .kernels.factory import Kernels
from .kernels.passes import broadcast_bits, column_sums, counter, mt19937, pcg64, region, stored_bits
from .kernels.periodic import reciprocal_of
from .kernels.rng import mt19937_keep_bits
from .kernels.simd.vectors import GROUP
from .streams.base import Drawing, threads_alone
from .streams.bits_alone import by_next_double, by_next_float32, of_pcg64_float32, of_pcg64dxsm_float32
from .streams.mt19937 import shares

Step = Callable[[], object]

#: To draw from while compiling. The steps know only the address of its state, so it must live as long as they can.
_GENERATOR, _PCG64, _PCG64DXSM, _SFC64 = np.random.MT19937(0), np.random.PCG64(0), np.random.PCG64DXSM(0), np.random.SFC64(0)

#: Of the command. More would each need memory, and compile little.
MOST_PROCESSES = 8

_LEVELS = levels_of((1,), (1,))


def warmup(*, fused: bool = False, shared: bool = False) -> None:
    """Compile every kernel of dropout and keep it in Numba's cache on disk, or load it from there.

    Compiling takes one to two minutes, once for each installation and processor; loading 0.2 s.
    ``python -m dropout_fast warmup`` does the same on all cores, and says how long each kernel took.

    Parameters
    ----------
    fused : bool
        Those of `relu_dropout`, `dropout_add` and ``apply(bias_gradient=...)`` too, which takes about 50 s more.
    shared : bool
        Those of `noise_shape` and `region` too, which takes about 30 s more.

    Notes
    -----
    Without it, each kernel is compiled when it is first needed, which takes one to three seconds.
    """
    for _, step in steps(fused, shared):
        step()


def steps(fused: bool, shared: bool = False) -> Iterator[tuple[str, Step]]:
    """Each kernel's name, and the call that compiles or loads it."""
    if config.DISABLE_JIT:  # type: ignore[attr-defined]  # set at run time
        return
    yield from _steps_of_table(_dispatch.TABLE)
    yield from _steps_of_bits_alone()
    if fused:
        yield from _steps_of_table(_dispatch.FUSED_TABLE)
    if shared:
        yield from _steps_of_table(_dispatch.SHARED_TABLE)
        yield from _steps(region.draw_bits, (0, 0, 0, 0.5, _LEVELS, 0, 1, np.zeros(BLOCK_BYTES, np.uint8)), threads_alone)


def _steps_of_table(table: _dispatch.Table) -> Iterator[tuple[str, Step]]:
    address, of_pcg64, of_dxsm = (generator.ctypes.state_address for generator in (_GENERATOR, _PCG64, _PCG64DXSM))
    bits = np.zeros(BLOCK_BYTES, np.uint8)
    of_counter, of_mt19937 = (0, 0, 0, 0.5), (address, 1)
    leading: dict[Any, tuple[Any, ...]] = {
        counter.counter: of_counter,
        counter.counter_positive: of_counter,
        stored_bits.stored_bits: (0,),
        broadcast_bits.broadcast_bits: (0, 0, _LEVELS),
        column_sums.column_sums: (0,),
        mt19937.mt19937: of_mt19937,
        mt19937.mt19937_positive: of_mt19937,
        pcg64.pcg64: (of_pcg64, 1),
        pcg64.pcg64dxsm: (of_dxsm, 1),
    }
    for make_pass, epilogue, dtypes in table:
        for dtype in dtypes:
            x: npt.NDArray[Any] = np.zeros(1, _dispatch.VIEWS.get(dtype, dtype))
            kernels = _dispatch.kernels_for(make_pass, epilogue, dtype)
            arguments = (*leading[make_pass], x, bits, 2.0, x)
            if make_pass is column_sums.column_sums:
                sums = np.zeros((1, 1), np.float32 if dtype in _dispatch.VIEWS else dtype)
                arguments = (*arguments, sums[0], sums)
            elif table is _dispatch.FUSED_TABLE:
                operands = (2.0, np.zeros(2 * GROUP, x.dtype), GROUP, reciprocal_of(GROUP), x)
                arguments = (*leading[make_pass], x, bits, operands, x)
            yield from _steps(kernels, arguments, shares if leading[make_pass] is of_mt19937 else threads_alone)


def _steps_of_bits_alone() -> Iterator[tuple[str, Step]]:
    bits = np.zeros(BLOCK_BYTES, np.uint8)
    address, of_pcg64, of_dxsm = (generator.ctypes.state_address for generator in (_GENERATOR, _PCG64, _PCG64DXSM))
    yield "counter_draw_bits", partial(counter.draw_bits, 0, 0, 0, 0.5, bits)
    yield "mt19937_draw_bits", partial(mt19937_keep_bits.draw_bits, address, 1, 1, bits)
    yield "pcg64_draw_bits", partial(pcg64.draw_bits_of_pcg64, of_pcg64, 1, 1, bits)
    drawings: tuple[tuple[Any, Drawing], ...] = (
        (_SFC64, by_next_double),
        (_SFC64, by_next_float32),
        (_PCG64, of_pcg64_float32),
        (_PCG64DXSM, of_pcg64dxsm_float32),
    )
    for bit_generator, drawing in drawings:
        kernel, addresses = drawing(bit_generator)
        yield kernel.py_func.__name__, partial(kernel, *addresses, 0.5, False, 1, bits)
    yield "pcg64dxsm_draw_bits", partial(pcg64.draw_bits_of_pcg64dxsm, of_dxsm, 1, 1, bits)


def _steps(
    kernels: Kernels, arguments: tuple[Any, ...], trailing: Callable[[int, int], tuple[Any, ...]]
) -> Iterator[tuple[str, Step]]:
    yield f"{kernels.name}, serial", partial(kernels.serial, *arguments)
    if _launch.may_launch():
        for variant in ("parallel", "nontemporal"):
            call = getattr(kernels, variant)
            if call is not None:
                yield f"{kernels.name}, {variant}", partial(call, *arguments, *trailing(1, 1))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--fused", action="store_true", help="the kernels of relu_dropout, dropout_add and bias_gradient too")
    parser.add_argument("--shared", action="store_true", help="the kernels of noise_shape and region too")


def run(arguments: argparse.Namespace) -> int:
    """`warmup` as a command, on all cores; the exit status is 0."""
    for name, step in _while_others_compile(arguments.fused, arguments.shared):
        start = time.perf_counter()
        step()
        print(f"{name:44} {time.perf_counter() - start:5.2f} s", flush=True)
    return 0


def _while_others_compile(fused: bool, shared: bool) -> Iterator[tuple[str, Step]]:
    """All steps, while other processes take a part each: Numba compiles on one thread, and all meet in its cache on disk.

    This process takes every step, and loads what was compiled meanwhile. So it does not matter if another fails.
    """
    every = list(steps(fused, shared))
    parts = min(int(config.NUMBA_NUM_THREADS), MOST_PROCESSES, len(every))  # type: ignore[attr-defined]  # set at run time
    others = [_start_part(part, parts, fused, shared) for part in range(1, parts)]
    try:
        yield from every
    finally:
        for process in others:
            process.kill()
            process.wait()


def _start_part(part: int, parts: int, fused: bool, shared: bool) -> "subprocess.Popen[bytes]":
    code = f"from dropout_fast.warmup import compile_part; compile_part({part}, {parts}, {fused}, {shared})"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def compile_part(part: int, parts: int, fused: bool, shared: bool) -> None:
    """Compile one of so many parts of the kernels."""
    every = list(steps(fused, shared))
    for _, step in every[part * len(every) // parts : (part + 1) * len(every) // parts]:
        step()
