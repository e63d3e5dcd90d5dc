"""Any generator of NumPy's, any bit generator and any form: NumPy itself draws and compares, and the result is packed to bits."""

import operator
from typing import Any

import numpy as np

from ..forms.form import NumpyForm
from .base import Bits, Stream

#: Some kernels read eight bytes of a mask at a time.
LEAST_BYTES = 8

_NONE_KEPT = np.zeros(LEAST_BYTES, np.uint8)

_COMPARISONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def draw_bits(key: tuple[Any, NumpyForm, Any, Any], shape: tuple[int, ...]) -> Bits:
    """The bits of what the form keeps; NumPy compares, as a probability of NumPy's own types may need.

    The draws are made by one call, so that no other thread's come in between. In blocks that stay in the cache the bits of 1 Mi
    elements took as long (SFC64 2.2 ms against 2.0, Philox 5.4 against 5.6).
    """
    rng, form, keep_prob, rate = key
    packed = np.packbits(np.ravel(_draw(rng, shape, form, keep_prob, rate)), bitorder="little")
    return packed if packed.size >= LEAST_BYTES else np.concatenate((packed, _NONE_KEPT))  # np.pad takes 10 us


def _draw(rng: Any, shape: tuple[int, ...], form: NumpyForm, keep_prob: Any, rate: Any) -> Any:
    """The call of NumPy code: what is not 0 is kept."""
    if form.draw == "binomial":
        return rng.binomial(1, keep_prob, shape)
    if form.draw == "choice":
        return rng.choice([0, 1], shape, p=[rate, keep_prob])
    if form.draw == "random_float32":
        draws = rng.random(shape, dtype=np.float32)
    else:
        draws = rng.random(shape) if isinstance(rng, np.random.Generator) else rng.rand(*shape)
    return _COMPARISONS[form.keep](draws, keep_prob if form.keep in ("<", "<=") else rate)


ANY_BIT_GENERATOR = Stream(
    name="any bit generator",
    is_repeatable=False,
    draw_bits=draw_bits,
    locks_generator=False,  # NumPy takes it itself
)
