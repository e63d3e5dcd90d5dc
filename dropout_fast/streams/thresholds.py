"""The draws that keep an element: a form of NumPy dropout, turned into what kernels compare with.

Every form draws a random number U an element, and keeps the element where U is below a limit, or where it is not.
"""

import functools
import math
from typing import NamedTuple

import numpy as np

from ..forms.form import NumpyForm
from ..kernels.rng.next_double import DRAWS
from .given_draws import generator_that_draws


class Comparison(NamedTuple):
    """What keeps an element.

    Attributes
    ----------
    threshold : int
        For draws of 53 bits, as integers: see `mt19937_keep_bits.comparison_of`.
    limit : float
    keeps_upper : bool
        Whether U is kept from the limit on, and not below it.
    """

    threshold: int
    limit: float
    keeps_upper: bool


@functools.lru_cache(maxsize=256)
def comparison_of(form: NumpyForm, keep_prob: float, rate: float) -> Comparison | None:
    """The comparison that a form makes; None where nothing can be kept, or not always just one draw decides about an element."""
    found: tuple[float, bool] | None
    if form.draw == "binomial":
        found = _limit_of_binomial(keep_prob)
    elif form.draw == "choice":  # the index is the number of cumulated probabilities that U reaches
        found = rate / (rate + keep_prob), True
    else:
        keeps_upper, includes = form.keep in (">", ">="), form.keep in ("<=", ">")
        limit = float(rate if keeps_upper else keep_prob)
        if form.draw == "random_float32":  # NumPy compares in float32
            limit = float(np.float32(limit))
        found = math.nextafter(limit, 2.0) if includes else limit, keeps_upper
    if found is None:
        return None
    limit, keeps_upper = found
    below = min(math.ceil(limit * DRAWS), DRAWS)
    count = DRAWS - below if keeps_upper else below
    return Comparison(~count if keeps_upper else count, limit, keeps_upper) if count else None


def _limit_of_binomial(keep_prob: float) -> tuple[float, bool] | None:
    """NumPy's ``binomial(1, keep_prob)`` inverts the distribution function.

    It compares one U with the probability of 0, or for keep_prob above 1/2 with that of 1, which it takes by exp and log. Where U
    lay above the sum of both probabilities, which is rounded, it would draw another (of 300,000 probabilities none has such a U).
    Source: numpy/random/src/distributions/distributions.c. NumPy is asked whether it does so here.
    """
    mirrored = keep_prob > 0.5
    p = 1.0 - keep_prob if mirrored else keep_prob
    limit = math.nextafter(math.exp(math.log(1.0 - p)), 2.0)
    below = math.ceil(limit * DRAWS)
    for draw in {0, below - 1, below, DRAWS - 1}:
        if 0 <= draw < DRAWS and not _binomial_agrees(draw, keep_prob, kept=(draw < below) == mirrored):
            return None
    return limit, not mirrored


def _binomial_agrees(draw: int, keep_prob: float, kept: bool) -> bool:
    """Whether NumPy makes that of one draw, and draws no other."""
    for kind in (np.random.RandomState, np.random.Generator):
        bit_generator = generator_that_draws([draw])
        if kind(bit_generator).binomial(1, keep_prob, 1)[0] != kept or bit_generator.state["state"]["pos"] != 2:
            return False
    return True
