"""What the tests touch inside of the library. No other file of the tests knows a private name or a module of kernels.

A change of the library's inner names is followed here alone. Each function that changes something does so at once, which is
all that a program of `programs` needs; in a `with` statement, what it changed is put back at the end.
"""

import contextlib
import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import config
from numba.core.dispatcher import Dispatcher

from dropout_fast import fast_stream, numpy_mask, numpy_stream, numpy_strides, runtime, warming
from dropout_fast.bench.memory import peak_bytes
from dropout_fast.kernels import dropout, numpy_draws, numpy_dropout
from dropout_fast.kernels.bernoulli import BLOCK, CHUNK
from dropout_fast.kernels.memory import store_words
from dropout_fast.kernels.mt19937 import DRAWS_A_BLOCK
from dropout_fast.kernels.threefry import threefry
from dropout_fast.kernels.vectors import count_from, spread
from dropout_fast.kernels.xoshiro import next_word

__all__ = ["BLOCK", "CHUNK", "DRAWS_A_BLOCK", "count_from", "next_word", "peak_bytes", "spread", "store_words", "threefry"]

Bits = npt.NDArray[np.uint8]

#: Blocks of MT19937 that one thread draws in the time in which another jumps, and the shares of an array that follow from it.
BLOCKS_A_JUMP, shares = numpy_strides.BLOCKS_A_JUMP, numpy_strides.shares


class Changed:
    """Attributes set now, and put back at the end of a `with` block.

    Parameters
    ----------
    *changes : tuple
        Object, name of its attribute, value.
    """

    def __init__(self, *changes: tuple[Any, str, Any]) -> None:
        self._before = [(where, name, getattr(where, name)) for where, name, _ in changes]
        for where, name, value in changes:
            setattr(where, name, value)

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for where, name, value in self._before:
            setattr(where, name, value)


# How a call is launched.


def parallel_from() -> int:
    """Bytes of x from which several threads share it."""
    return runtime.PARALLEL_FROM


def force_parallel(from_bytes: int = 0) -> Changed:
    """Share out every array of that many bytes or more, where more than one thread may run at all."""
    return Changed((runtime, "PARALLEL_FROM", from_bytes))


def force_serial() -> Changed:
    """Run every call on the thread that makes it."""
    return Changed((runtime, "PARALLEL_FROM", 2**63))


def last_level_cache(nbytes: int) -> Changed:
    """Make the library believe that the processor's last cache has that many bytes."""
    return Changed((runtime, "last_level_cache", lambda: nbytes))


def force_streaming() -> Changed:
    """Write past the caches whatever the size, where a kernel runs in parallel and not in place."""
    return Changed((runtime, "STREAMING_FROM", 0))


def never_streaming() -> Changed:
    """Write to the caches whatever the size."""
    return Changed((runtime, "STREAMING_FROM", 10**6))


def threads(count: int) -> Changed:
    """Share arrays out among that many threads."""
    return Changed((config, "NUMBA_NUM_THREADS", count))


def threading_layer(name: str) -> Changed:
    """Make the library believe that Numba has loaded that threading layer, in a process that was not forked."""
    return Changed((runtime, "_threading_layer", lambda: name), (runtime, "_is_forked_child", False))


def load_threading_layer() -> str:
    """Load Numba's threading layer as the first parallel call does; returns its name."""
    return runtime._threading_layer.__wrapped__()


#: What the library sets GNU OpenMP's variable of the same name to, while that is loaded.
GOMP_SPINCOUNT = runtime.SPINS

#: Whether this thread may start a parallel kernel, and the function that calls one of several kernels.
may_launch, launch = runtime._may_launch, runtime.run


def launching() -> set[int]:
    """The threads that run a parallel kernel at this moment."""
    return set(runtime._launching)


@contextlib.contextmanager
def another_thread_launching() -> Iterator[None]:
    """Make the library believe that another thread runs a parallel kernel."""
    with Changed((runtime, "_launching", {-1})):
        yield
        assert runtime._launching == {-1}


@contextlib.contextmanager
def kernels_called() -> Iterator[list[str]]:
    """A list of "serial", "parallel" and "streaming", one word for each kernel that a call reached in the block."""
    called: list[str] = []

    def counted(kernel: Callable[..., Any], word: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> None:
            called.append(word)
            kernel(*arguments)

        return call

    def run(kernels: tuple[Callable[..., Any], ...], *rest: Any) -> None:
        words = ("serial", "parallel", "streaming")
        launch(tuple(counted(kernel, word) for kernel, word in zip(kernels, words, strict=False)), *rest)

    with Changed((runtime, "run", run)):
        yield called


# The kernels.


class Kernels(NamedTuple):
    """The kernels of engine fast for one dtype: each serial, parallel and streaming."""

    draw_and_scale: tuple[Any, Any, Any]
    scale: tuple[Any, Any, Any]
    dtype: np.dtype[Any]  #: as which they take arrays


FAST = {
    str(name): Kernels(chosen.draw_and_scale, chosen.scale, np.dtype(chosen.view or name))
    for name, chosen in fast_stream.KERNELS.items()
}

#: Those of engine numpy that scale by bits already drawn, by dtype: pairs of serial and parallel.
NUMPY = {dtype: tuple(dict.fromkeys(chosen)) for dtype, chosen in numpy_mask.KERNELS.items()}

#: What draws the bits of engine fast alone, for whole blocks, and those of engine numpy, from an MT19937's state.
draw_whole_blocks, draw_from_mt19937 = dropout.draw_bits, numpy_draws.draw_bits

#: Bits that are not kept.
NO_BITS = fast_stream.NO_BITS


def dispatchers() -> dict[str, Any]:
    """Numba's dispatcher of the float32 forward of each engine, serial and parallel."""
    return {
        "fast serial": dropout.dropout_serial["float32"],
        "fast parallel": dropout.dropout_parallel["float32"],
        "numpy serial": numpy_dropout.numpy_dropout_serial["float32"],
        "numpy parallel": numpy_dropout.numpy_dropout_parallel["float32"],
    }


def all_dispatchers() -> list[Any]:
    """Numba's dispatchers of all compiled functions of the library."""
    dispatchers = [item for item in gc.get_objects() if isinstance(item, Dispatcher)]
    return [dispatcher for dispatcher in dispatchers if dispatcher.py_func.__module__.startswith("dropout_fast")]


def fast_kernels_named(kernels: tuple[Any, Any, Any]) -> Any:
    """Three functions in the place of the kernels of engine fast, for `scale_by_bits`."""
    return fast_stream.Kernels(kernels, kernels, None)


def scale_by_bits(kernels: Any, x: npt.NDArray[Any], out: npt.NDArray[Any]) -> None:
    """Let engine fast choose one of those kernels, for a mask without bits."""
    fast_stream.scale_by_bits(kernels, x, NO_BITS, (0, 0, 0, 0.5), True, out)


def empty_bits(size: int, offset: int = 0) -> Bits:
    """Room for the keep bits of engine fast."""
    return fast_stream.empty_bits(size, offset)


def empty_bits_of_numpy(count: int) -> Bits:
    """Room for the keep bits of engine numpy."""
    return numpy_stream.empty_bits(count)


def allocate_bits(allocate: Callable[[int], Bits]) -> Changed:
    """Have both engines put their keep bits where `allocate` says, which is given their bytes."""
    of_fast, of_numpy = fast_stream.empty_bits, numpy_stream.empty_bits
    return Changed(
        (fast_stream, "empty_bits", lambda size, offset: allocate(of_fast(size, offset).size)),
        (numpy_stream, "empty_bits", lambda count: allocate(of_numpy(count).size)),
    )


def keep_bits(seed: int, step: int, offset: int, keep_prob: float, size: int) -> Bits:
    """The bits of engine fast alone, whole blocks of them."""
    return fast_stream.draw((seed, step, offset, keep_prob), (size,))


def keep_bits_of_numpy(size: int, p: float) -> Bits:
    """The bits of engine numpy alone, drawn from `np.random`."""
    return numpy_stream.draw_keep_bits((size,), p)


def warmup_steps() -> dict[str, Callable[[], object]]:
    """The calls that `warmup` makes, by the name of the kernel that each compiles."""
    return dict(warming.steps())


def warmup_draws_by(draw: Callable[..., None]) -> tuple[Changed, str]:
    """Replace what draws from MT19937 in `warmup`; returns that, and the name of the step that calls it."""
    return Changed((numpy_draws, "draw_bits", draw)), "draw_bits of MT19937"


# Shares of MT19937's stream.


def blocks_a_jump(blocks: int) -> Changed:
    """Share arrays out as if a jump took as long as drawing that many blocks: by few blocks, a short array has many shares."""
    return Changed((numpy_strides, "BLOCKS_A_JUMP", blocks))


power_of_t, divided_by_block = numpy_strides._power_of_t, numpy_strides._divided_by_block


def product(left: int, right: int) -> int:
    """The product of two polynomials over GF(2), modulo the characteristic polynomial."""
    return numpy_strides._product(left, numpy_strides._multiples(right))


def jumps(first: int, stride: int, count: int) -> list[int]:
    """The polynomials that jump to that many strides, as integers and not yet as the kernel's digits."""
    with (
        Changed((numpy_strides, "_digits", lambda polynomial: polynomial)),
        Changed((np, "empty", lambda *_: [0] * 99)),  # an array has no room for such integers
    ):
        return numpy_strides._jumps.__wrapped__(first, stride, count)


# The files.


def kernel_folders(package: Path) -> list[Path]:
    """The folders of an installed package in which Numba would keep compiled kernels."""
    return sorted({file.parent for file in (package / "kernels").rglob("*.py")})


def change_a_helper(package: Path) -> None:
    """Change a constant in a file of that installed package that defines no kernel, but what all of engine fast's call."""
    (file,) = package.rglob("threefry.py")
    file.write_text(file.read_text().replace("0x1BD11BDAA9FC1A22", "0x1BD11BDAA9FC1A23"))
