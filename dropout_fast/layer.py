"""Dropout: a layer that counts its steps."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy.typing as npt

from .checks import as_counter, as_keep_prob
from .entropy import fresh_seed
from .functional import dropout, pass_on
from .mask import KeepMask


class Dropout:
    """A dropout layer of engine fast: one mask a call, in training only.

    >>> import numpy as np
    >>> from dropout_fast import Dropout
    >>> drop = Dropout(keep_prob=0.5, seed=3)
    >>> h = np.ones((2, 4))
    >>> drop(h)
    array([[0., 2., 2., 0.],
           [0., 0., 0., 2.]])
    >>> drop.backward(np.full((2, 4), 10.0))
    array([[ 0., 20., 20.,  0.],
           [ 0.,  0.,  0., 20.]])
    >>> with drop.evaluating():
    ...     drop(h) is h
    True

    Parameters
    ----------
    keep_prob : float, 0 to 1
        Probability of KEEPING an element.
    seed : int, 0 to 2**64 - 1, optional
        The masks are a function of it and of the number of calls; without it, a fresh one. Layers with
        the same seed draw the same masks: give each its own.

    Attributes
    ----------
    keep_prob, seed
        As given or taken.
    step : int
        Calls in training mode so far.
    training : bool
        Whether calls drop; see `train`, `eval` and `evaluating`.
    masks : list of KeepMask
        Of the calls that no `backward` has answered yet, the last call's last. Calls that are to have no backward
        leave theirs there: ``drop.masks.clear()``.

    Raises
    ------
    TypeError, ValueError
        `keep_prob` or `seed` is not of the type above or out of its range.
    """

    def __init__(self, keep_prob: float = 0.5, *, seed: int | None = None) -> None:
        self.keep_prob = float(as_keep_prob("keep_prob", keep_prob))
        self.seed = fresh_seed() if seed is None else as_counter("seed", seed, 64)
        self.step = 0
        self.training = True
        self.masks: list[KeepMask] = []

    def __call__(self, x: npt.ArrayLike, *, out: npt.NDArray[Any] | None = None) -> Any:
        """Drop elements of x, or return x itself in evaluation mode; arguments and errors as for `dropout`.

        In evaluation mode an `out` other than x gets a copy.
        """
        if not self.training:
            return pass_on("x", x, out)
        out, mask = dropout(x, self.keep_prob, seed=self.seed, step=self.step, out=out)
        self.step += 1
        self.masks.append(mask)
        return out

    def backward(self, dout: npt.ArrayLike, mask: KeepMask | None = None, *, out: npt.NDArray[Any] | None = None) -> Any:
        """Gradient with respect to a call's x; in evaluation mode `dout` itself.

        Parameters
        ----------
        dout : array_like, shape of the call's x
            Gradient with respect to the call's result.
        mask : KeepMask, optional
            Of the call in question, one of `masks`; without it the last call that has had no backward.
        out : ndarray, optional
            Where the result goes: ``out=dout`` (in place), or an array apart of dout's shape and dtype.

        Returns
        -------
        ndarray
            `out` if given. ``dout`` times the mask, in dout's dtype.

        Raises
        ------
        TypeError
            `dout` holds no numbers, `mask` is no KeepMask, or `out` is no array.
        ValueError
            No call waits for a backward, or an array has another shape or dtype than it must. The call
            then still waits.
        """
        if mask is None and not self.training:
            return pass_on("dout", dout, out)
        if mask is None and not self.masks:
            raise ValueError("`backward` has no mask: as many calls have been answered as there were in training mode.")
        answered = self.masks[-1] if mask is None else mask
        if not isinstance(answered, KeepMask):
            raise TypeError(f"`mask` has type {type(answered).__name__}; expected a KeepMask or None.")
        result = answered.apply(dout, out)
        self.masks = [waiting for waiting in self.masks if waiting is not answered]
        return result

    def train(self) -> "Dropout":
        """Let calls drop; returns the layer."""
        self.training = True
        return self

    def eval(self) -> "Dropout":
        """Let calls return their x; returns the layer."""
        self.training = False
        return self

    @contextmanager
    def evaluating(self) -> Iterator["Dropout"]:
        """Evaluation mode inside of a ``with``; afterwards the mode that was before."""
        before = self.training
        self.training = False
        try:
            yield self
        finally:
            self.training = before

    def state_dict(self) -> dict[str, Any]:
        """What training must save to go on with the same masks: plain numbers."""
        return {"keep_prob": self.keep_prob, "seed": self.seed, "step": self.step}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another layer's `state_dict` was taken.

        Raises
        ------
        TypeError
            `state` is no mapping, or a value is no number.
        ValueError
            A key is missing or unknown, or a value is out of its range. The layer is as it was then.
        """
        if not isinstance(state, Mapping):
            raise TypeError(f"`state` has type {type(state).__name__}; expected a dict from state_dict.")
        if set(state) != set(self.state_dict()):
            raise ValueError(f"`state` has the keys {sorted(map(str, state))}; expected {sorted(self.state_dict())}.")
        keep_prob = float(as_keep_prob("state['keep_prob']", state["keep_prob"]))
        seed, step = (as_counter(f"state[{key!r}]", state[key], 64) for key in ("seed", "step"))
        self.keep_prob, self.seed, self.step = keep_prob, seed, step

    def __repr__(self) -> str:
        return f"Dropout(keep_prob={self.keep_prob}, seed={self.seed})"
