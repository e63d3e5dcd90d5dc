"""Find the form of somebody's dropout by trial, and the line that replaces it."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from .. import reference
from .._validate import both_probabilities
from ..kernels.rng.next_double import DRAWS
from ..streams.thresholds import comparison_of
from .form import COMPARED, Draw, Keep, NumpyForm, Scale
from .named import NAMED
from .trial import Forward, Trial

Array = npt.NDArray[Any]

#: What is tried: as many elements as draws can be given at once.
SHAPE = (12, 26)

#: What NumPy's masks are cast to.
MASK_DTYPES = (None, np.dtype(np.int64), np.dtype(np.float64), np.dtype(np.float32))

#: Functions of `np.random`, and what they draw.
DRAWN_BY: dict[str, Draw] = {
    "binomial": "binomial",
    "choice": "choice",
    "rand": "random",
    "random": "random",
    "random_sample": "random",
    "uniform": "random",
}


@dataclass(frozen=True)
class Match:
    """What `match` found.

    Attributes
    ----------
    form : NumpyForm or None
        None where no form gives the same numbers.
    name : str or None
        Of the form in `dropout_fast.forms`.
    probability : dict
        ``{"keep_prob": ...}`` or ``{"rate": ...}``: as the code has it.
    line : str
        The call that replaces the code, with the same numbers; empty where there is none.
    remarks : tuple of str
        What differs, if anything.
    """

    form: NumpyForm | None
    name: str | None
    probability: dict[str, float]
    line: str
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join((*((self.line,) if self.line else ()), *self.remarks))


def match(function: Any, *, rng: Any = None) -> Match:
    """Find which form of NumPy dropout a forward is, and the line that gives the same numbers.

    Parameters
    ----------
    function : callable, or an object with a method `forward`
        Takes an array x of shape (12, 26), float64 or float32, and returns out, or a tuple that starts with out. It must be in
        training mode.
    rng : numpy.random.Generator or RandomState, optional
        What it draws from. None: `np.random`, or a generator that it makes by `np.random.default_rng` at each call.

    Returns
    -------
    Match
        Printed, it is the line; where no form fits, it says what differs.

    Notes
    -----
    The function runs a few dozen times, on draws that are chosen: random ones, and ones at the limit between kept and dropped. The
    generator is then as it was before.

    Examples
    --------
    >>> import numpy as np
    >>> from dropout_fast import forms
    >>> def forward(x):
    ...     return x * (np.random.rand(*x.shape) > 0.2) / (1 - 0.2)
    >>> print(forms.match(forward))
    out, mask = dropout(x, rate=0.2, rng=np.random, form=forms.DEZERO)
    """
    forward = Forward(function, rng)
    trial = forward.run(_inputs(np.float64))
    complaint = _complaint(forward, trial)
    if complaint:
        return Match(None, None, {}, "", (complaint,))
    trials = [trial, forward.run(_inputs(np.float32), seed=1)]
    fitting: list[tuple[NumpyForm, dict[str, float]]] = []
    for probability in _probabilities(forward, trial):
        at_limits = [forward.run(_inputs(np.float64), _draws_near(probability))] if forward.may_be_given_draws else []
        for form in _forms(trial):
            if all(_fits(form, probability, forward, made) for made in trials + at_limits):
                fitting.append((form, probability))
    if not fitting:
        return Match(None, None, {}, "", (_nearest(forward, trial),))
    return _matched(sorted(fitting, key=_is_unusual), forward, trial)


def _inputs(dtype: Any) -> Array:
    """Numbers of all significant bits, none of them 0."""
    return (np.random.default_rng(0).random(SHAPE) + 0.5).astype(dtype)


def _complaint(forward: Forward, trial: Trial) -> str:
    """Why the function is no dropout that we could find, if so."""
    x, out = trial.x, np.asarray(trial.out)
    if out.shape != x.shape:
        return f"It returns an array of shape {out.shape} for one of {x.shape}: no dropout."
    if not _is_same(out, forward.run(x).out):
        return "Two runs on the same draws differ: it draws from another generator. Give that as rng=."
    if _is_same(out, forward.run(x, seed=5).out):
        return "It makes the same of x whatever is drawn: no dropout, or not in training mode."
    factors = out[out != 0] / x[out != 0]
    if not (out == 0).any() or not np.allclose(factors, factors[0], rtol=1e-6):
        return "Its elements are not 0 or x times one number: no dropout, or more than dropout."
    return ""


def _probabilities(forward: Forward, trial: Trial) -> Iterator[dict[str, float]]:
    """Probabilities that the code may have, written with as few digits as may be; of keeping and of dropping."""
    out = np.asarray(trial.out)
    scale = float((out[out != 0] / trial.x[out != 0])[0])
    if abs(scale - 1) > 1e-6:
        lowest = highest = 1 / scale
        lowest, highest = lowest * (1 - 4e-16), highest * (1 + 4e-16)
    else:
        lowest, highest = _kept_between(forward)
    seen = set()
    for digits in range(1, 18):
        for name, low, high in (("keep_prob", lowest, highest), ("rate", 1 - highest, 1 - lowest)):
            for value in (round(low, digits), round(high, digits)):
                if low - 1e-16 <= value <= high + 1e-16 and 0 < value < 1 and (name, value) not in seen:
                    seen.add((name, value))
                    yield {name: value}
        if len(seen) >= 6:
            return


def _kept_between(forward: Forward) -> tuple[float, float]:
    """Between which probabilities that of keeping lies, by which draws are kept; for code that does not scale."""
    trial = forward.run(np.ones((1000, 300)))
    kept, (draws, _) = np.asarray(trial.out) != 0, forward.uniform_numbers(trial)
    below, above = draws[kept].max() < draws[~kept].min(), draws[kept].min() > draws[~kept].max()
    if below:
        return float(draws[kept].max()), float(draws[~kept].min())
    if above:
        return 1 - float(draws[kept].min()), 1 - float(draws[~kept].max())
    fraction, error = float(kept.mean()), 2 / math.sqrt(kept.size)
    return fraction - error, fraction + error


def _draws_near(probability: dict[str, float]) -> list[int]:
    """Draws at and beside the limits of every form with this probability, again and again, one for each element."""
    keep_prob, rate = _both(probability)
    limits = {int(value * DRAWS) for value in (keep_prob, rate, 1 - keep_prob, 1 - rate)}
    for draw in ("binomial", "choice"):
        comparison = comparison_of(NumpyForm(draw=draw), keep_prob, rate)
        if comparison is not None:
            limits.add(int(comparison.limit * DRAWS))
    near = sorted({limit + step for limit in limits for step in range(-3, 4) if 0 <= limit + step < DRAWS})
    return list(itertools.islice(itertools.cycle(near), SHAPE[0] * SHAPE[1]))


def _forms(trial: Trial) -> list[NumpyForm]:
    """Every form: first those whose draw was seen to be called, the named ones and the simplest."""
    draws = {DRAWN_BY[call] for call in trial.calls if call in DRAWN_BY} or set(get_args(Draw))  # a Generator is not watched
    scales = (*get_args(Scale), None)
    compared = itertools.product([draw for draw in COMPARED if draw in draws], get_args(Keep), scales, MASK_DTYPES)
    others = itertools.product(sorted(draws.difference(COMPARED)), ["<"], scales, MASK_DTYPES)
    named = [form for form in NAMED.values() if form.draw in draws]
    return list(dict.fromkeys([*named, *(NumpyForm(*fields) for fields in (*compared, *others))]))


def _fits(form: NumpyForm, probability: dict[str, float], forward: Forward, trial: Trial) -> bool:
    """Whether the form makes the same of the same draws."""
    generator = forward.generator_of(trial)
    if form.draw == "random_float32" and not isinstance(generator, np.random.Generator):
        return False
    keep_prob, rate = _both(probability)
    mask = reference.draw_mask(generator, trial.x.shape, form, keep_prob, rate)
    out = reference.multiply(trial.x, mask, form, keep_prob).astype(trial.x.dtype)
    return _is_same(out, np.asarray(trial.out).astype(trial.x.dtype))


def _is_unusual(fit: tuple[NumpyForm, dict[str, float]]) -> tuple[int, bool]:
    """How rare the draw is, and whether the code would have to compare with another probability than the one that it has."""
    form, probability = fit
    return get_args(Draw).index(form.draw), (form.keep in ("<", "<=")) != ("keep_prob" in probability)


def _matched(fitting: list[tuple[NumpyForm, dict[str, float]]], forward: Forward, trial: Trial) -> Match:
    def keeps_the_mask(fit: tuple[NumpyForm, dict[str, float]]) -> bool:
        form, probability = fit
        mask = reference.draw_mask(forward.generator_of(trial), trial.x.shape, form, *_both(probability))
        return trial.mask is not None and mask.dtype == trial.mask.dtype and np.array_equal(mask, trial.mask)

    with_mask = [fit for fit in fitting if keeps_the_mask(fit)]
    form, probability = (with_mask or fitting)[0]
    name = next((name for name, known in NAMED.items() if known == form), None)
    remarks = []
    if trial.mask is not None and not with_mask:
        remarks.append("Its mask is another array than np.asarray(mask): use mask.apply(dout) for the backward.")
    if form.scale is None:
        remarks.append("It does not scale in training: multiply by the probability of keeping when the net is used.")
    (given, value), source = next(iter(probability.items())), forward.name
    written = f"forms.{name}" if name else f"forms.{form}"
    line = f"out, mask = dropout(x, {given}={value}, rng={source}, form={written})"
    return Match(form, name, probability, line, tuple(remarks))


def _nearest(forward: Forward, trial: Trial) -> str:
    """What is unusual about code that no form fits."""
    kept = np.asarray(trial.out) != 0
    if trial.calls & {"randn", "standard_normal", "normal"}:
        fraction = (np.asarray(forward.run(np.ones((1000, 300))).out) != 0).mean()
        return (
            f"It compares normal numbers (np.random.randn), a known bug: it keeps {fraction:.1%} of the elements, the part of a "
            "normal distribution below the number that they are compared with. Draw by np.random.rand."
        )
    draws, state = forward.uniform_numbers(trial)
    if state != trial.state:
        called = f" It calls np.random.{', np.random.'.join(sorted(trial.calls))}." if trial.calls else ""
        return f"It draws other random numbers than one an element, in x's order.{called}"
    is_limit = draws[kept].max() < draws[~kept].min() or draws[kept].min() > draws[~kept].max()
    if not is_limit:
        return "It keeps neither the numbers below a limit nor those above one: is its mask drawn in another order?"
    return (
        "It keeps what lies on one side of a limit, but scales otherwise than by the probability of keeping, or rounds otherwise."
    )


def _both(probability: dict[str, float]) -> tuple[float, float]:
    return both_probabilities(probability.get("keep_prob"), probability.get("rate"))


def _is_same(left: Any, right: Any) -> bool:
    left, right = np.asarray(left), np.asarray(right)
    return left.shape == right.shape and np.array_equal(left, right)
