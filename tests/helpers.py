"""What the tests share: awkward arrays, comparison with NumPy bit for bit, programs in processes of their own."""

import importlib.util
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

import dropout_fast
from dropout_fast import reference

#: Sizes around what kernels take at a time: vectors (16), words of bits (64), blocks of MT19937 (312 draws) and of engine
#: fast (512), buffers (2496), chunks (32768).
SIZES = sorted({base * k + d for base in (8, 16, 64, 312, 512, 2496, 16384) for k in (1, 2) for d in (-1, 0, 1)} | {0, 1, 2, 5000})

TESTS = Path(__file__).parent

#: Whether the extra tbb is installed.
TBB = importlib.util.find_spec("tbb") is not None or bool(list(Path(sys.prefix, "lib").glob("libtbb.so*")))

#: Processors of this kind with narrower vectors than most.
NARROW_CPUS = ["generic", "x86-64-v3"] if platform.machine().lower() in ("x86_64", "amd64") else ["generic"]

#: How many cases Hypothesis draws of a property in the default profile, where the property names no number.
DEFAULT_EXAMPLES = 1000

LAYOUTS = ("c", "fortran", "strided", "reversed", "broadcast", "read-only", "unaligned", "byte-swapped")

keep_probs = st.one_of(
    st.sampled_from([1.0, 1, 0.5, 0.25, 0.125, 0.9, 0.8, 1 / 3, 2.0**-60, 5e-324, 1 - 2.0**-53, np.float64(0.3), np.float32(0.3)]),
    st.floats(0, 1, exclude_min=True),
    st.integers(1, 2**53).map(lambda numerator: numerator / 2**53),
)

shapes = st.one_of(
    st.sampled_from(SIZES).map(lambda size: (size,)),
    st.lists(st.integers(0, 9), max_size=4).map(tuple),
    st.tuples(st.integers(1, 70), st.integers(1, 300)),
)


def floats(shape, dtype, rng, kind="any bits"):
    """Draw normal numbers, or random bits: NaN with payload, inf, -0.0 and subnormal numbers among them."""
    if kind == "normal":
        return rng.standard_normal(shape).astype(dtype)
    raw = rng.integers(0, 256, (*shape, np.dtype(dtype).itemsize), np.uint8)
    x = np.ascontiguousarray(raw).view(dtype).reshape(shape)
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, np.finfo(dtype).max], dtype)
    return np.where(rng.random(shape) < 0.3, special[rng.integers(0, len(special), shape)], x)[()] if shape else np.array(x)


def laid_out(x, layout):
    """Return the same values in another memory layout ("broadcast" repeats the first row)."""
    if layout == "fortran":
        return np.asfortranarray(x)
    if layout == "strided" and x.ndim:
        wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)
        wide[..., ::2] = x
        return wide[..., ::2]
    if layout == "reversed":
        return x[::-1] if x.ndim else x
    if layout == "broadcast" and x.ndim and x.shape[0]:
        return np.broadcast_to(x[:1], x.shape)
    if layout == "read-only":
        x = x.copy()
        x.flags.writeable = False
    if layout == "unaligned":
        buffer = np.zeros(x.nbytes + 1, np.uint8)
        moved = buffer[1:].view(x.dtype).reshape(x.shape)
        moved[...] = x
        return moved
    if layout == "byte-swapped":
        return x.astype(x.dtype.newbyteorder())
    return x


def move_stream(words):
    """Draw that many 32-bit words from np.random, so that the next draw starts anywhere in a block."""
    np.random.randint(0, 2**32, words, np.uint32)
    np.random.standard_normal(words % 2)  # leaves a cached normal behind


def state():
    """Return the whole state of np.random in a form that can be compared."""
    name, *rest = np.random.get_state()
    return name, rest[0].tobytes(), *rest[1:]


def forward_of_both(x, dropout_param, words=0):
    """Return our result and the reference's, from the same state of np.random; checks that both leave the same state."""
    move_stream(words)
    before = np.random.get_state()
    theirs = reference.dropout_forward(x, dropout_param)
    after = state()
    np.random.set_state(before)
    ours = dropout_fast.dropout_forward(x, dropout_param)
    if dropout_param.get("seed", 0) is not None:
        assert state() == after
    return ours, theirs


def assert_same(ours, theirs):
    """Check that both have the same type, dtype, shape and bits."""
    assert type(ours) is type(theirs)
    assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
    if ours.dtype.char in "gG":  # long doubles are padded with bytes of no meaning
        assert np.array_equal(ours, theirs)
    else:
        assert ours.tobytes() == theirs.tobytes()


def run_program(name, *arguments, timeout=120, **environment):
    """Run that file of `programs` in a process of its own, with these variables set; returns what it printed."""
    return printed_by(start_program(name, *arguments, **environment), timeout)


def start_program(name, *arguments, **environment):
    """Start that file of `programs` with these variables set; returns the process at once."""
    environment = {**os.environ, "PYTHONPATH": str(TESTS), **environment}
    return subprocess.Popen(
        command_of(name, *arguments), env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def command_of(name, *arguments):
    """The command line that runs that file of `programs`."""
    return [sys.executable, str(TESTS / "programs" / f"{name}.py"), *map(str, arguments)]


def printed_by(process, timeout=120):
    """Wait for a started program, check that it ends without an error, and return what it printed."""
    with process:
        try:
            printed, complaints = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert process.returncode == 0, f"exit status {process.returncode}: {complaints}"
    return printed


def examples(count):
    """Settings for a property of `count` cases in the default profile of Hypothesis; other profiles multiply them."""
    return settings(max_examples=count * settings().max_examples // DEFAULT_EXAMPLES)
