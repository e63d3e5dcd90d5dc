"""The dropouts of other libraries, where they are installed, and the fastest that NumPy alone can do."""

from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from .clock import Function


def other_libraries(x: npt.NDArray[Any], keep_prob: float) -> dict[str, Function]:
    """Make the forwards on x of NumPy's newer generators, of PyTorch and of JAX (compiled); the last two allocate their results."""
    made: dict[str, Function] = {}
    if x.dtype not in (np.float32, np.float64):
        return made
    made["best-effort NumPy forward"] = _of_numpy(x, keep_prob)
    if find_spec("torch"):
        made["PyTorch forward"] = _of_torch(x, keep_prob)
    if find_spec("jax") and x.dtype == np.float32:  # JAX computes in float32 by default
        made["JAX forward"] = _of_jax(x, keep_prob)
    return made


def _of_numpy(x: npt.NDArray[Any], keep_prob: float) -> Function:
    """Make a forward with NumPy's fastest generator, in x's own dtype, with a boolean mask and no new memory."""
    rng = np.random.Generator(np.random.SFC64(0))
    uniform, kept, out = np.empty_like(x), np.empty(x.shape, np.bool_), np.empty_like(x)
    scale = x.dtype.type(1 / keep_prob)

    def call() -> None:
        rng.random(x.shape, x.dtype, out=uniform)
        np.less(uniform, keep_prob, out=kept)
        np.multiply(x, scale, out=out)
        np.multiply(out, kept, out=out)

    return call


def _of_torch(x: npt.NDArray[Any], keep_prob: float) -> Function:
    import torch

    tensor = torch.from_numpy(x)
    return lambda: torch.nn.functional.dropout(tensor, 1.0 - keep_prob)


def _of_jax(x: npt.NDArray[Any], keep_prob: float) -> Function:
    import jax

    def dropout(key: Any, x: Any) -> tuple[Any, Any]:
        key, used = jax.random.split(key)
        return key, jax.numpy.where(jax.random.bernoulli(used, keep_prob, x.shape), x / keep_prob, 0)

    compiled = jax.jit(dropout)
    state = [jax.random.PRNGKey(0), jax.numpy.asarray(x)]

    def call() -> None:
        state[0], out = compiled(*state)
        out.block_until_ready()

    return call
