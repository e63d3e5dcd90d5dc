"""Run somebody's forward on random numbers that we choose, and leave the generators as they were."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..streams.given_draws import generator_that_draws

Array = npt.NDArray[Any]

#: Functions of `np.random` that people draw masks by.
WATCHED = ("binomial", "choice", "rand", "random", "random_sample", "randn", "standard_normal", "normal", "uniform", "randint")


@dataclass
class Trial:
    """What a forward made of an array.

    Attributes
    ----------
    x, out : ndarray
    draws, seed
        Given to `Forward.run`.
    mask : ndarray or None
        Where the forward returned a second array of x's shape.
    calls : set of str
        Functions of `np.random` that were called.
    state : object
        Of the bit generator afterwards, in a form that can be compared.
    """

    x: Array
    draws: Sequence[int]
    seed: int
    out: Any
    mask: Any
    calls: set[str]
    state: Any


class Forward:
    """A forward to be tried: a function of x, or an object that has one as `forward`.

    Parameters
    ----------
    function : callable or object with a method `forward`
        Returns out, or a tuple that starts with out.
    rng : Generator, RandomState or None
        What it draws from, if not from `np.random` or a generator that it makes by `np.random.default_rng`.
    """

    def __init__(self, function: Any, rng: Any) -> None:
        self.call: Callable[[Array], Any] = getattr(function, "forward", function)
        self.rng = np.random if rng is None else rng
        self.made_generator = False

    @property
    def may_be_given_draws(self) -> bool:
        """Whether its generator can be put in a state whose next draws are given."""
        return isinstance(self._bit_generator(), np.random.MT19937)

    def run(self, x: Array, draws: Sequence[int] = (), seed: int = 0) -> Trial:
        """Run it with these draws, as `generator_that_draws` takes them, or with those of a seed."""
        with self._drawing(draws, seed) as (bit_generator, calls):
            made = self.call(x.copy())
            state = _comparable(bit_generator.state)
        out, mask = (made[0], made[1:]) if isinstance(made, tuple) and made else (made, ())
        arrays = [item for item in _flattened(mask) if isinstance(item, np.ndarray) and item.shape == x.shape]
        return Trial(x, draws, seed, out, arrays[0] if arrays else None, calls, state)

    @property
    def draws_by_generator(self) -> bool:
        """Whether it draws from a Generator, and not in the legacy way; known after a run."""
        return self.made_generator or isinstance(self.rng, np.random.Generator)

    @property
    def name(self) -> str:
        """What its generator is called in the line that is printed."""
        return "np.random" if self.rng is np.random and not self.made_generator else "rng"

    def generator_of(self, trial: Trial) -> Any:
        """A generator of the same kind as the function's, in the state that it had before that trial."""
        return self._owner_of(self._new_bit_generator(trial.draws, trial.seed))

    def uniform_numbers(self, trial: Trial) -> tuple[Array, Any]:
        """One random number an element, from the state before that trial, and the state afterwards."""
        bit_generator = self._new_bit_generator(trial.draws, trial.seed)
        numbers: Array = self._owner_of(bit_generator).uniform(size=trial.x.shape)  # the same draws as those of rand and random
        return numbers, _comparable(bit_generator.state)

    def _owner_of(self, bit_generator: Any) -> Any:
        return (np.random.Generator if self.draws_by_generator else np.random.RandomState)(bit_generator)

    def _bit_generator(self) -> Any:
        if self.rng is np.random:
            return np.random.MT19937()
        return self.rng.bit_generator if isinstance(self.rng, np.random.Generator) else self.rng._bit_generator

    def _new_bit_generator(self, draws: Sequence[int], seed: int) -> Any:
        return generator_that_draws(draws) if len(draws) else type(self._bit_generator())(seed)

    @contextlib.contextmanager
    def _drawing(self, draws: Sequence[int], seed: int) -> Iterator[tuple[Any, set[str]]]:
        calls: set[str] = set()
        if self.rng is not np.random:
            bit_generator = self._bit_generator()
            before = bit_generator.state
            bit_generator.state = self._new_bit_generator(draws, seed).state
            try:
                yield bit_generator, calls
            finally:
                bit_generator.state = before
            return
        chosen = self._new_bit_generator(draws, seed)
        before = np.random.get_bit_generator()  # type: ignore[attr-defined]  # documented, absent from NumPy's stubs
        functions = {name: getattr(np.random, name) for name in (*WATCHED, "default_rng")}
        np.random.set_bit_generator(chosen)  # type: ignore[attr-defined]
        try:
            for name in WATCHED:
                setattr(np.random, name, _watched(name, functions[name], calls))
            np.random.default_rng = lambda *_, **__: self._make_generator(chosen)
            yield chosen, calls
        finally:
            for name, function in functions.items():
                setattr(np.random, name, function)
            np.random.set_bit_generator(before)  # type: ignore[attr-defined]

    def _make_generator(self, bit_generator: Any) -> np.random.Generator:
        self.made_generator = True
        return np.random.Generator(bit_generator)


def _watched(name: str, function: Callable[..., Any], calls: set[str]) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        calls.add(name)
        return function(*arguments, **options)

    return call


def _flattened(value: Any) -> Iterator[Any]:
    if isinstance(value, (tuple, list)):
        for item in value:
            yield from _flattened(item)
    else:
        yield value


def _comparable(state: Any) -> Any:
    """A bit generator's state in a form that can be compared."""
    if isinstance(state, dict):
        return {key: _comparable(value) for key, value in state.items()}
    return state.tolist() if isinstance(state, np.ndarray) else state
