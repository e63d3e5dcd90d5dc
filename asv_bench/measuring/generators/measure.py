"""Clock forwards and backwards of NumPy's generators and forms, beside the NumPy lines with the same generator."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

import dropout_fast
from dropout_fast import reference

from ..clock import BLOCK, Function, median_ratio, seconds_a_call, seconds_after

#: Elements. 64 x 256 and 1024 x 1024 are arrays that a matrix product writes, too.
SIZES = (1_000, 2**14, 2**20)

DTYPE = "float32"

#: Divisions by 0.5 are multiplications, so forms that divide are measured at another probability, too.
KEEP_PROBS = (0.5, 0.8)

PAIRS = {"forward": ("our forward", "NumPy's forward"), "backward": ("our backward", "NumPy's backward")}


class Case(NamedTuple):
    """A generator and a form."""

    make_rng: Callable[[], Any]
    form: Any
    keep_prob: float


def _generator(kind: str) -> Callable[[], Any]:
    return lambda: np.random.Generator(getattr(np.random, kind)(0))


def cases() -> dict[str, Case]:
    """By name: every bit generator of NumPy's with CS231n's form, then other forms on `np.random`."""
    from dropout_fast import forms  # older commits have none

    kinds = ("PCG64", "PCG64DXSM", "MT19937", "SFC64", "Philox")
    made = {f"Generator, {kind}": Case(_generator(kind), forms.CS231N, 0.5) for kind in kinds}
    made["Generator, PCG64, float32 draws"] = Case(_generator("PCG64"), forms.NumpyForm(draw="random_float32"), 0.5)
    for keep_prob in KEEP_PROBS:
        for name in ("CS231N", "OREILLY", "NNFS", "CHOICE", "CHAINER", "DEZERO", "COURSERA"):
            made[f"np.random, {name}, keep_prob {keep_prob:g}"] = Case(lambda: np.random, forms.NAMED[name], keep_prob)
    return made


def calls(case: Case, size: int) -> dict[str, Function]:
    """Make ours and NumPy's forward and backward. Each is called once here, so all are compiled."""
    form, rng, keep_prob = case.form, case.make_rng(), case.keep_prob
    x = np.random.default_rng(0).standard_normal(size).astype(DTYPE)
    _, mask = dropout_fast.dropout(x, keep_prob=keep_prob, rng=rng, form=form)
    numpys_mask = reference.draw_mask(rng, x.shape, form, keep_prob, 1 - keep_prob)
    made: dict[str, Function] = {
        "our forward": lambda: dropout_fast.dropout(x, keep_prob=keep_prob, rng=rng, form=form),
        "NumPy's forward": partial(_forward, rng, x, form, keep_prob),
        "our backward": lambda: mask.apply(x),
        "NumPy's backward": lambda: reference.multiply(x, numpys_mask, form, keep_prob),
    }
    for function in made.values():
        function()
    return made


def _forward(rng: Any, x: npt.NDArray[Any], form: Any, keep_prob: float) -> Any:
    mask = reference.draw_mask(rng, x.shape, form, keep_prob, 1 - keep_prob)
    return reference.multiply(x, mask, form, keep_prob).astype(x.dtype, copy=False), mask


def measure(rounds: int, on_row: Callable[[], object]) -> dict[str, Any]:
    """Return the results of all cases; calls `on_row` after each."""
    product = matrix_product()
    rows = []
    for name, case in cases().items():
        row: dict[str, Any] = {"name": name, "hot_loop": {}, "after_product": {}}
        for size in SIZES:
            made = calls(case, size)
            row["hot_loop"][str(size)] = _ratios(seconds_a_call(made, rounds, BLOCK))
            row["after_product"][str(size)] = _ratios(seconds_after(product, made, rounds))
        rows.append(row)
        on_row()
    return {"dtype": DTYPE, "rows": rows}


def matrix_product() -> Function:
    """Make a function that does what stands before dropout in a network."""
    x, w = np.ones((256, 1024), np.float32), np.ones((1024, 512), np.float32)
    return partial(np.matmul, x, w, out=np.empty((256, 512), np.float32))


def _ratios(times: dict[str, list[float]]) -> dict[str, float]:
    return {direction: median_ratio(times[numpys], times[ours]) for direction, (ours, numpys) in PAIRS.items()}
