"""What the tests touch inside the library. No other file of the tests knows a private name or a module of kernels.

A change of the library's inner names is followed here alone. Each function that changes something does so at once, which is
all that a program of `programs` needs; in a `with` statement, what it changed is put back at the end.
"""

import contextlib
import dataclasses
import functools
import gc
import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt
from numba import njit, types
from numba.core import codegen
from numba.core.compiler_lock import global_compiler_lock
from numba.core.dispatcher import Dispatcher

from dropout_fast import _dispatch, _launch, _process, _small
from dropout_fast.forms import CS231N, matching
from dropout_fast.kernels import bit_runs, factory
from dropout_fast.kernels.bernoulli import BLOCK, CHUNK
from dropout_fast.kernels.epilogues import multiply, multiply_in_float64, scale_or_zero
from dropout_fast.kernels.helper_compiler import UnoptimisedLibrary
from dropout_fast.kernels.options import OPTIONS, helper
from dropout_fast.kernels.passes import broadcast_bits, counter, mt19937, pcg64, region, stored_bits
from dropout_fast.kernels.rng import jump_polynomials, mt19937_keep_bits
from dropout_fast.kernels.rng.mt19937 import DRAWS_PER_BLOCK
from dropout_fast.kernels.rng.threefry import threefry
from dropout_fast.kernels.rng.xoshiro import next_word
from dropout_fast.kernels.simd import memory
from dropout_fast.kernels.simd.memory import store_uint64s
from dropout_fast.kernels.simd.vectors import count_from, splat_uint64
from dropout_fast.mask import ARRAY_METHODS
from dropout_fast.streams import mt19937 as mt19937_stream
from dropout_fast.streams import thresholds
from dropout_fast.streams.base import Stream
from dropout_fast.streams.counter import COUNTER
from dropout_fast.streams.given_draws import generator_that_draws
from dropout_fast.streams.numpy_generators import numpy_stream

__all__ = [
    "ARRAY_METHODS",
    "BLOCK",
    "CHUNK",
    "DRAWS_PER_BLOCK",
    "UnoptimisedLibrary",
    "count_from",
    "generator_that_draws",
    "helper",
    "next_word",
    "splat_uint64",
    "store_uint64s",
    "threefry",
]  # fmt: skip

Bits = npt.NDArray[np.uint8]

#: Blocks of MT19937 that one thread draws in the time in which another jumps, and the shares of an array that follow from it.
BLOCKS_PER_JUMP, shares = mt19937_stream.BLOCKS_PER_JUMP, mt19937_stream.shares_in_blocks


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

_NOTHING_IS_SMALL = (_dispatch, "SMALL", 0), (_small, "SMALL", 0)


def nothing_is_small() -> Changed:
    """Have calls on small arrays go the way of large ones."""
    return Changed(*_NOTHING_IS_SMALL)


def small() -> int:
    """Elements from which an array is not small."""
    return _small.SMALL


def measured_from() -> int:
    """Bytes of x from which calls are clocked."""
    return _launch.MEASURED_FROM


def force_parallel(from_bytes: int = 0) -> Changed:
    """Share every array of that many bytes or more, where more than one thread may run at all."""
    return Changed(
        (_launch, "mode", "parallel"), (_launch, "PARALLEL_FROM", from_bytes), (_launch, "MEASURED_FROM", 0), *_NOTHING_IS_SMALL
    )


def force_serial() -> Changed:
    """Run every call on the thread that makes it."""
    return Changed((_launch, "mode", "serial"))


def clock(tell: Callable[[], int]) -> Changed:
    """Let the library clock its calls by this function, in nanoseconds."""
    return Changed((_launch.time, "perf_counter_ns", tell))


#: What is remembered of the calls of one kernel and size class.
Costs = _launch.Costs


def last_level_cache(nbytes: int) -> Changed:
    """Make the library believe that the processor's last cache has that many bytes."""
    return Changed((_process, "last_level_cache", lambda: nbytes))


def force_nontemporal() -> Changed:
    """Write past the caches whatever the size, where a kernel runs in parallel and not in place."""
    return Changed((_launch, "NONTEMPORAL_FROM", 0))


def never_nontemporal() -> Changed:
    """Write to the caches whatever the size."""
    return Changed((_launch, "NONTEMPORAL_FROM", 10**6))


def threads(count: int) -> Changed:
    """Share arrays out as if Numba had that many threads."""
    return Changed((_launch, "_threads", lambda most_threads: count))


def threading_layer(name: str) -> Changed:
    """Make the library believe that Numba has loaded that threading layer, in a process that was not forked."""
    return Changed((_process, "threading_layer", lambda: name), (_process, "is_forked_child", False))


def load_threading_layer() -> str:
    """Load Numba's threading layer as the first parallel call does; returns its name."""
    return _process.threading_layer.__wrapped__()


def hide_tbb() -> Changed:
    """Do not look for the library of the tbb wheel."""
    return Changed((_process, "_preload_tbb", lambda: None))


#: What the library sets GNU OpenMP's variable of the same name to, while that is loaded.
GOMP_SPINCOUNT = _process.SPINS

#: Whether this thread may start a parallel kernel, and the function that calls a variant of a kernel.
may_launch, launch = _launch.may_launch, _launch.run


def launching() -> set[int]:
    """The threads that run a parallel kernel at this moment."""
    return set(_launch._launching)


@contextlib.contextmanager
def another_thread_launching() -> Iterator[None]:
    """Make the library believe that another thread runs a parallel kernel."""
    with Changed((_launch, "_launching", {-1})):
        yield
        assert _launch._launching == {-1}


VARIANTS = ("serial", "parallel", "nontemporal")


def variants(call: Callable[[str], Callable[..., None]]) -> Any:
    """Kernels whose variants are `call(name)`."""
    return _dispatch.Kernels(**{name: call(name) for name in VARIANTS}, dispatchers={}, compiled=set(VARIANTS))


@contextlib.contextmanager
def kernels_called() -> Iterator[list[str]]:
    """A list of "serial", "parallel" and "nontemporal", one word for each kernel that a call reached in the block."""
    called: list[str] = []

    def run(kernels: Any, *rest: Any) -> None:
        def counted(name: str) -> Callable[..., None]:
            def call(*arguments: Any) -> None:
                called.append(name)
                getattr(kernels, name)(*arguments)

            return call

        seen = variants(counted)
        seen.compiled, seen.costs = kernels.compiled, kernels.costs
        launch(seen, *rest)

    with Changed((_launch, "run", run), *_NOTHING_IS_SMALL):  # small arrays are not launched by `run`
        yield called


# The kernels.


class Kernels(NamedTuple):
    """The kernels of engine fast for one dtype."""

    draw_and_apply: Any
    apply: Any
    dtype: np.dtype[Any]  #: as which they take arrays


FAST = {
    name: Kernels(
        _dispatch.kernels_for(counter.counter, scale_or_zero, name),
        _dispatch.kernels_for(stored_bits.stored_bits, scale_or_zero, name),
        np.dtype(_dispatch.VIEWS.get(name, name)),
    )
    for name in ("float32", "float64", "float16", "bfloat16")
}

#: Kernels of engine numpy that apply bits already drawn, with their dtypes.
NUMPY = [
    (np.dtype(name), _dispatch.kernels_for(stored_bits.stored_bits, epilogue, name))
    for name, epilogue in (("float32", multiply), ("float32", multiply_in_float64), ("float64", multiply))
]

#: What draws the bits of engine fast alone, for whole blocks, and those of engine numpy, from an MT19937's state.
draw_whole_blocks, draw_from_mt19937 = counter.draw_bits, mt19937_keep_bits.draw_bits

#: The float32 kernels for bits that elements share.
SHARED = _dispatch.kernels_for(broadcast_bits.broadcast_bits, scale_or_zero, "float32")

#: What draws the bits of a block of a larger array, serial and parallel.
DRAW_REGION = region.draw_bits


def levels(shape: tuple[int, ...], drawn: tuple[int, ...]) -> Any:
    """Where the bits of an array lie in those that are drawn for another shape, as the kernels take it."""
    return bit_runs.levels_of(shape, bit_runs.bit_strides(drawn))


#: Bits that are not kept.
NO_BITS = _dispatch.NO_BITS


def dispatchers() -> dict[str, Any]:
    """Numba's dispatcher of the float32 forward of each engine, serial and parallel."""
    fast = _dispatch.kernels_for(counter.counter, scale_or_zero, "float32").dispatchers
    numpy = _dispatch.kernels_for(mt19937.mt19937, multiply, "float32").dispatchers
    return {f"{engine} {name}": found[name] for engine, found in (("fast", fast), ("numpy", numpy)) for name in VARIANTS[:2]}


def all_dispatchers() -> list[Any]:
    """Numba's dispatchers of all compiled functions of the library."""
    dispatchers = [item for item in gc.get_objects() if isinstance(item, Dispatcher)]
    return [dispatcher for dispatcher in dispatchers if dispatcher.py_func.__module__.startswith("dropout_fast")]


#: What a kernel is after its first call, and the address by which parallel kernels call it.
without_dispatcher, address_of_kernel = factory._without_dispatcher, factory._address_of


def kernel_that_counts_calls() -> Any:
    """Made as every kernel is; adds 1 to the array that it is given."""

    def count_call(calls):
        calls += 1

    return factory.make_kernel(count_call, "count_call")


@njit
def call_compiled(address, array):
    """Call a kernel at an address with one array, as a parallel kernel does."""
    memory.call_compiled(address, (array,))


def empty_bits(size: int, offset: int = 0) -> Bits:
    """An array for the keep bits of engine fast."""
    return COUNTER.empty_bits((0, 0, offset, 0.5), size)


def empty_bits_of_numpy(count: int) -> Bits:
    """An array for the keep bits of engine numpy."""
    return mt19937_stream.empty_bits(None, count)


def allocate_bits(allocate: Callable[[int], Bits]) -> Changed:
    """Have both engines put their keep bits where `allocate` says, which is given their bytes."""

    def replaced(stream: Stream) -> Stream:
        def empty_bits(key: Any, size: int) -> Bits:
            return allocate(stream.empty_bits(key, size).size)

        return dataclasses.replace(stream, empty_bits=empty_bits)

    from dropout_fast import functional
    from dropout_fast.streams import numpy_generators

    return Changed(
        (functional, "COUNTER", replaced(COUNTER)),
        (numpy_generators, "STREAMS", {kind: replaced(stream) for kind, stream in numpy_generators.STREAMS.items()}),
    )


@contextlib.contextmanager
def state_in_another_layout() -> Iterator[Any]:
    """Make the library believe that PCG64's state lies in memory as its kernels do not read it; the bit generators with kernels."""
    from dropout_fast.streams import numpy_generators

    with Changed((numpy_generators, "has_known_layout", lambda: False)):
        streams, of_float32 = numpy_generators._streams_with_kernels()
    with Changed((numpy_generators, "STREAMS", streams), (numpy_generators, "FLOAT32_STREAMS", of_float32)):
        yield streams


def keep_bits(seed: int, step: int, offset: int, keep_prob: float, size: int) -> Bits:
    """The bits of engine fast alone, whole blocks of them."""
    return COUNTER.draw_bits((seed, step, offset, keep_prob), (size,))


def keep_bits_of_numpy(size: int, p: float) -> Bits:
    """The bits of engine numpy alone, drawn from `np.random`."""
    stream, key, _ = numpy_stream(np.random, (size,), CS231N, p)
    return stream.draw_bits(key, (size,))


def draws_near(probability: dict[str, float]) -> list[int]:
    """Draws at and beside the limits of each form, as integers of 53 bits; the argument has "keep_prob" or "rate"."""
    return sorted(set(matching._draws_near(probability)))


def comparison_of(form: Any, keep_prob: float) -> Any:
    """What kernels compare draws with; None where NumPy draws."""
    return thresholds.comparison_of(form, keep_prob, 1 - keep_prob)


@contextlib.contextmanager
def binomial_of_another_numpy() -> Iterator[None]:
    """Make the library find that NumPy's binomial compares otherwise than it thinks."""
    with Changed((thresholds, "_binomial_agrees", lambda *_, **__: False)):
        thresholds.comparison_of.cache_clear()
        yield
    thresholds.comparison_of.cache_clear()


def warmup_steps(shared: bool = False) -> dict[str, Callable[[], object]]:
    """The calls that `warmup` makes, by the name of the kernel that each compiles."""
    return dict(importlib.import_module("dropout_fast.warmup").steps(fused=False, shared=shared))  # the function has the same name


def warmup_of(*names: str) -> tuple[Changed, list[str]]:
    """Replace the steps of `warmup` by some of these names; returns that, and the list of those that have been taken."""
    taken: list[str] = []
    module = importlib.import_module("dropout_fast.warmup")
    return Changed((module, "steps", lambda *_: iter([(name, functools.partial(taken.append, name)) for name in names]))), taken


def warmup_part(part: int, parts: int) -> None:
    """Take the steps that one process of the command takes."""
    importlib.import_module("dropout_fast.warmup").compile_part(part, parts, fused=False, shared=False)


def warmup_draws_by(draw: Callable[..., None]) -> tuple[Changed, str]:
    """Replace what draws from MT19937 in `warmup`; returns that, and the name of the step that calls it."""
    return Changed((mt19937_keep_bits, "draw_bits", draw)), "mt19937_draw_bits"


# The code of kernels.

_FIRST_ARGUMENTS = {
    stored_bits.stored_bits: (types.int64,),
    counter.counter: (types.int64, types.int64, types.int64, types.float64),
    mt19937.mt19937: (types.int64, types.int64),
    pcg64.pcg64: (types.int64, types.int64),
}

#: Kernels whose code for other processors is looked at: pass, epilogue and dtype.
EMITTED = {
    "backward, float32": (stored_bits.stored_bits, scale_or_zero, "float32"),
    "backward, float64": (stored_bits.stored_bits, scale_or_zero, "float64"),
    "engine fast, float32": (counter.counter, scale_or_zero, "float32"),
    "engine numpy, float32": (mt19937.mt19937, multiply, "float32"),
    "PCG64, float32": (pcg64.pcg64, multiply, "float32"),
}


def generate_nothing(triple: str) -> None:
    """From now on let Numba only translate functions to LLVM's language, as if for that system; none can be called."""

    def nothing(*_: Any) -> None:
        pass

    codegen.CPUCodegen.magic_tuple = lambda self: (triple, "", "")
    codegen.CPUCodeLibrary._optimize_final_module = nothing
    codegen.JITCodeLibrary._finalize_specific = nothing
    codegen.JITCodeLibrary.get_pointer_to_function = lambda *_: 0
    codegen.JITCPUCodegen._add_module = nothing
    codegen.JITCPUCodegen.set_env = nothing


def unoptimised_code(name: str) -> str:
    """The serial kernel of that name, and all that it calls, in LLVM's language; call `generate_nothing` before."""
    make_pass, epilogue, dtype = EMITTED[name]
    x, bits = getattr(types, dtype)[::1], types.uint8[::1]
    serial = _dispatch.kernels_for(make_pass, epilogue, dtype).dispatchers["serial"].py_func
    kernel = numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **OPTIONS)(serial)
    kernel.compile((*_FIRST_ARGUMENTS[make_pass], x, bits, types.float64, x))
    (overload,) = kernel.overloads.values()
    with global_compiler_lock:
        overload.library.finalize()
    return overload.library.get_llvm_str()


def portable_code() -> Changed:
    """Have kernels compiled from now on take the forms that other processors and Windows need, which this one can run."""
    return Changed((memory, "is_x86", lambda context: False), (memory, "is_windows", lambda context: True))


def last_level_cache_told_by(folder: Path) -> int:
    """Bytes of the largest cache by the files of that folder, as Linux has one."""
    with Changed((_process, "CACHES", folder)):
        return _process.last_level_cache.__wrapped__()


#: Bytes of cache where the system does not tell.
USUAL_CACHE = _process.USUAL_CACHE


# Shares of MT19937's stream.


def blocks_per_jump(blocks: int) -> Changed:
    """Share arrays out as if a jump took as long as drawing that many blocks: by few blocks, a short array has many shares."""
    return Changed((mt19937_stream, "BLOCKS_PER_JUMP", blocks))


power_of_t, divided_by_block = jump_polynomials._power_of_t, jump_polynomials._divided_by_block


def product(left: int, right: int) -> int:
    """The product of two polynomials over GF(2), modulo the characteristic polynomial."""
    return jump_polynomials._product(left, jump_polynomials._multiples(right))


def jumps(first: int, stride: int, count: int) -> list[int]:
    """The polynomials that jump to that many strides, as integers and not yet as the kernel's digits."""
    with (
        Changed((jump_polynomials, "_digits", lambda polynomial: polynomial)),
        Changed((np, "empty", lambda *_: [0] * 99)),  # an array cannot hold such integers
    ):
        return jump_polynomials.jumps_over.__wrapped__(first, stride, count)


# The files.


def kernel_folders(package: Path) -> list[Path]:
    """The folders of an installed package in which Numba would keep compiled kernels."""
    return sorted({file.parent for file in (package / "kernels").rglob("*.py")})


def change_a_helper(package: Path) -> None:
    """Change a constant in a file of that installed package that defines no kernel, but what all of engine fast's call."""
    (file,) = package.rglob("threefry.py")
    file.write_text(file.read_text().replace("0x1BD11BDAA9FC1A22", "0x1BD11BDAA9FC1A23"))


# PyTorch, which is imported here alone: it may not be installed.


def from_which_size_torch_is_ours(elements: int) -> Changed:
    """Have `dropout_fast.torch` leave smaller tensors to PyTorch."""
    return Changed((importlib.import_module("dropout_fast.torch.functional"), "SMALL", elements - 1))
