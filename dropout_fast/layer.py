"""Dropout: a layer that counts its steps."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from ._process import counter_lock
from ._validate import (
    as_counter,
    as_numeric_array,
    as_probability,
    both_probabilities,
    check_form_has_rng,
    check_keeps_some,
    check_out,
    check_rng,
    check_sharing,
    refuse_beside_rng,
    refuse_positional,
    shared_along,
    shown,
)
from .forms.form import NumpyForm
from .functional import dropout, pass_through
from .mask import KeepMask
from .streams.rounding import multiply_by_numpy
from .streams.seeds import fresh_seed, seed_of_layer

#: How many calls of a thread may wait for their backward, unless the layer says otherwise.
MAX_WAITING = 256


class Dropout:
    """A dropout layer: one mask a call, in training only. It draws as engine fast does, or from a generator of NumPy's.

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
    *positional
        Must be empty: a bare ``Dropout(0.1)`` would drop nine tenths for someone who comes from PyTorch or Keras.
    keep_prob : float, 0 to 1
        Probability of KEEPING an element; 0.5 where neither this nor `rate` is given.
    rate : float, 0 to 1
        Probability of dropping an element, in the place of `keep_prob`, which is then ``1.0 - rate``.
    seed : int, 0 to 2**64 - 1, optional
        The masks are a function of it, of `layer` and of the number of calls; without it, a fresh one.
    layer : str, optional
        Name of the layer in its net. Layers with one seed and different names draw different masks; with one seed and no
        names, or the same, they draw the same masks.
    rng : np.random, numpy.random.Generator or numpy.random.RandomState, optional
        Draw from this generator, as `dropout` does with its `rng`. `seed`, `layer` and ``store_mask=False`` are refused beside it.
        Saving its state is up to you: `state_dict` holds `keep_prob` and `step` only.
    form : dropout_fast.forms.NumpyForm, optional
        With `rng`: draw, compare and scale as this form of NumPy code does. One that does not scale in training (``scale=None``)
        multiplies by `keep_prob` in evaluation mode.
    noise_shape : tuple of int or None, optional
        As for `dropout`: the shape of the mask that is drawn, with None for an axis of any length.
    axes : tuple of int, optional
        In the place of `noise_shape`: the axes along which elements share a bit, counted from the last if negative. ``axes=(2, 3)``
        drops whole maps of images of shape (batch, channels, height, width), and ``axes=(1,)`` of an array of shape (batch, time,
        units) the same units at each time.
    inplace : bool
        True: a call writes to x itself, and `backward` to dout, where no `out` is given. This takes half the time for large
        arrays.
    store_mask : bool
        False: masks hold no bits, and `backward` draws them again; the memory of a waiting call is a constant.
    max_waiting : int
        How many calls of a thread may wait for their backward. A further call in training mode forgets the oldest, so that
        prediction in training mode (Monte-Carlo dropout) takes no more and more memory. `backward` says so if it
        comes to a forgotten call.

    Attributes
    ----------
    keep_prob, seed, layer, rng, form, noise_shape, axes, inplace, store_mask, max_waiting
        As given or taken; `seed` is None beside `rng`.
    step : int
        Calls in training mode so far.
    training : bool
        Whether calls drop; see `train`, `eval` and `evaluating`.
    masks : list of KeepMask
        Of this thread's calls in training mode that wait for their backward, the last call's last. To forget them:
        ``drop.masks.clear()``.

    Raises
    ------
    TypeError
        An argument has another type than above, both `keep_prob` and `rate` are given, or one by position.
    ValueError
        An argument is out of its range.

    Notes
    -----
    Threads may share a layer: each call gets a step of its own, and `backward` answers the calling thread's calls.
    With `layer`, the seed of the masks is the first eight bytes, low byte first, of the SHA-256 of `seed` (eight bytes, low
    byte first) followed by the name in UTF-8.
    """

    def __init__(
        self,
        *positional: Any,
        keep_prob: float | None = None,
        rate: float | None = None,
        seed: int | None = None,
        layer: str | None = None,
        rng: Any = None,
        form: NumpyForm | None = None,
        noise_shape: Sequence[int | None] | None = None,
        axes: Sequence[int] | None = None,
        inplace: bool = False,
        store_mask: bool = True,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        if positional:
            refuse_positional("Dropout(...)", positional)
        if layer is not None and not isinstance(layer, str):
            raise TypeError(f"`layer` has type {type(layer).__name__}; expected a str or None.")
        self.keep_prob, self._rate = both_probabilities(keep_prob, rate)
        if form is not None:
            check_form_has_rng(form, rng)
        if rng is not None:
            check_rng("rng", rng)
            values = {"seed": seed, "layer": layer, "store_mask": bool(store_mask)}
            refuse_beside_rng("rng", values, {"seed": None, "layer": None, "store_mask": True})
            check_keeps_some(self.keep_prob, rate, form)
        self.form = form
        self.noise_shape, self.axes = check_sharing(noise_shape, axes)
        self._draws_globally, self._generator = rng is np.random, None if rng is np.random else rng  # modules have no copies
        self.layer = layer
        self._seed_of_masks: int | None = None
        self.seed = (fresh_seed() if seed is None else as_counter("seed", seed, 64)) if rng is None else None
        self.inplace = bool(inplace)
        self.store_mask = bool(store_mask)
        self.max_waiting = as_counter("max_waiting", max_waiting, 62)
        self.step = 0
        self.training = True
        self._calls = _WaitingByThread()

    @property
    def seed(self) -> int | None:
        """Seed that all layers of a net may share; None beside `rng`."""
        return self._seed

    @seed.setter
    def seed(self, seed: int | None) -> None:
        if seed is not None and self.rng is not None:
            refuse_beside_rng("rng", {"seed": seed})
        self._seed = seed
        self._seed_of_masks = seed if seed is None or self.layer is None else seed_of_layer(seed, self.layer)

    @property
    def rng(self) -> Any:
        """The generator that is drawn from: `np.random`, a Generator, a RandomState, or None in engine fast."""
        return np.random if self._draws_globally else self._generator

    @property
    def masks(self) -> list[KeepMask]:
        """Masks of this thread's calls that wait for their backward, the last call's last."""
        return self._calls.mine.masks

    def __call__(self, x: npt.ArrayLike, *, region: Any = None, out: npt.NDArray[Any] | None = None) -> Any:
        """Drop elements of x, or return x itself in evaluation mode; arguments and errors as for `dropout`.

        In evaluation mode an `out` other than x gets a copy, and a form that does not scale in training gives ``x * keep_prob``.
        """
        calls = self._calls.mine
        if not self.training:
            result = self._evaluated("x", x, out)
            calls.last_was_evaluation = True
            return result
        if out is None and self.inplace:
            out = self._itself("x", x)
        with counter_lock:
            step = self.step
            self.step = step + 1
        try:
            if self.noise_shape is not None or self.axes is not None or region is not None:
                result, mask = self._dropped_by_shape(x, step, region, out)
            elif self._seed_of_masks is None:
                result, mask = dropout(x, **self._probability(), rng=self.rng, form=self.form, out=out)
            else:
                result, mask = dropout(
                    x, keep_prob=self.keep_prob, seed=self._seed_of_masks, step=step, out=out, store_mask=self.store_mask
                )
        except BaseException:
            self._give_back(step)
            raise
        calls.last_was_evaluation = False
        masks = calls.masks
        masks.append(mask)
        if len(masks) > self.max_waiting:
            del masks[0]
            calls.forgotten += 1
        return result

    def _dropped_by_shape(self, x: Any, step: int, region: Any, out: npt.NDArray[Any] | None) -> tuple[Any, KeepMask]:
        """`dropout` with a noise shape, or of a block of a larger array."""
        shape: dict[str, Any] = {"noise_shape": self.noise_shape, "region": region, "out": out}
        if self.axes is not None:
            shape["noise_shape"] = shared_along(self.axes, np.ndim(x))
        if self._seed_of_masks is None:
            return dropout(x, **self._probability(), rng=self.rng, form=self.form, **shape)
        options: dict[str, Any] = {"seed": self._seed_of_masks, "step": step, "store_mask": self.store_mask}
        return dropout(x, keep_prob=self.keep_prob, **options, **shape)

    def _probability(self) -> dict[str, Any]:
        """What was given is compared as it is: 1 - (1 - 0.1) is not 0.1."""
        return {"rate": self._rate} if 1.0 - self._rate == self.keep_prob else {"keep_prob": self.keep_prob}

    def _evaluated(self, name: str, array: Any, out: npt.NDArray[Any] | None) -> Any:
        """What a call in evaluation mode makes of x, and its backward of dout: itself, or scaled where training does not scale."""
        if self.form is None or self.form.scale is not None:
            return pass_through(name, array, out)
        array = as_numeric_array(name, array)
        if out is None and self.inplace:
            out = self._itself(name, array)
        if out is not None:
            check_out(out, name, array)
        return multiply_by_numpy(array, self.keep_prob, out)

    @staticmethod
    def _itself(name: str, array: Any) -> npt.NDArray[Any]:
        """The array, to be written to."""
        if not isinstance(array, np.ndarray):
            raise TypeError(
                f"`{name}` has type {type(array).__name__}; expected a numpy.ndarray, because the layer works in place."
            )
        return array

    def _give_back(self, step: int) -> None:
        """A call that fails counts as none, unless another thread's call came after it."""
        with counter_lock:
            if self.step == step + 1:
                self.step = step

    def backward(self, dout: npt.ArrayLike, mask: KeepMask | None = None, *, out: npt.NDArray[Any] | None = None) -> Any:
        """Gradient with respect to the x of a call: the mode of that call counts, not today's.

        Without `mask`, the calling thread's last call is answered if it was in evaluation mode and has had no backward; and
        otherwise its last call in training mode that has had none. An evaluation waits for its backward only until the
        next call.

        Parameters
        ----------
        dout : array_like, shape of the call's x
            Gradient with respect to the call's result.
        mask : KeepMask, optional
            Of the call in question, one of `masks`.
        out : ndarray, optional
            Where the result goes: ``out=dout`` (in place), or a separate array of dout's shape and dtype.

        Returns
        -------
        ndarray
            `out` if given. ``dout`` times the mask, in dout's dtype; for a call in evaluation mode `dout` itself.

        Raises
        ------
        TypeError
            `dout` holds no numbers, `mask` is no KeepMask, or `out` is no array.
        ValueError
            No call waits for a backward, or it was forgotten, or an array has another shape or dtype than it must. The call
            then still waits.
        """
        calls = self._calls.mine
        if mask is None and calls.last_was_evaluation:
            result = self._evaluated("dout", dout, out)
            calls.last_was_evaluation = False
            return result
        if mask is None and not calls.masks:
            raise ValueError(calls.complaint(self.max_waiting))
        answered = calls.masks[-1] if mask is None else mask
        if not isinstance(answered, KeepMask):
            raise TypeError(f"`mask` has type {type(answered).__name__}; expected a KeepMask or None.")
        if out is None and self.inplace:
            out = self._itself("dout", dout)
        result = answered.apply(dout, out)
        if mask is None:
            calls.masks.pop()
        else:
            calls.masks[:] = [waiting for waiting in calls.masks if waiting is not answered]
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
        """Evaluation mode inside a ``with``; afterwards the mode that was before."""
        before = self.training
        self.training = False
        try:
            yield self
        finally:
            self.training = before

    def state_dict(self) -> dict[str, Any]:
        """What training must save to go on with the same masks: plain numbers, and the layer's name if it has one.

        Beside `rng` there is no seed in it; the generator's own state must be saved too. With a `form` the rate is in it.
        """
        state: dict[str, Any] = {"keep_prob": self.keep_prob, "seed": self.seed, "step": self.step}
        if self.rng is not None:
            del state["seed"]
        if self.form is not None:
            state["rate"] = self._rate
        return state if self.layer is None else state | {"layer": self.layer}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another layer's `state_dict` was taken.

        Raises
        ------
        TypeError
            `state` is no mapping, or a value is no number.
        ValueError
            A key is missing or unknown, a value is out of its range, or it is the state of a layer with another name.
            The layer is as it was then.
        """
        if not isinstance(state, Mapping):
            raise TypeError(f"`state` has type {type(state).__name__}; expected a dict from state_dict.")
        if set(state) != set(self.state_dict()):
            raise ValueError(f"`state` has the keys {sorted(map(str, state))}; expected {sorted(self.state_dict())}.")
        if state.get("layer") != self.layer:
            raise ValueError(f"`state['layer']` is {shown(state.get('layer'))}; expected {self.layer!r}, the name of this layer.")
        keep_prob = float(as_probability("state['keep_prob']", state["keep_prob"]))
        rate = float(as_probability("state['rate']", state.get("rate", 1.0 - keep_prob), meaning="dropping"))
        counters = {key: as_counter(f"state[{key!r}]", state[key], 64) for key in ("seed", "step") if key in state}
        self.keep_prob, self._rate, self.seed, self.step = keep_prob, rate, counters.get("seed"), counters["step"]

    def __repr__(self) -> str:
        given = {"noise_shape": self.noise_shape, "axes": self.axes}
        shared = "".join(f", {name}={value}" for name, value in given.items() if value is not None)
        if self.rng is not None:
            form = "" if self.form is None else f", form={self.form}"
            return f"Dropout(keep_prob={self.keep_prob}, rng={'np.random' if self.rng is np.random else self.rng}{form}{shared})"
        name = "" if self.layer is None else f", layer={self.layer!r}"
        return f"Dropout(keep_prob={self.keep_prob}, seed={self.seed}{name}{shared})"


class _Waiting:
    """The calls of one thread that wait for their backward."""

    __slots__ = ("forgotten", "last_was_evaluation", "masks")

    def __init__(self) -> None:
        self.masks: list[KeepMask] = []
        self.last_was_evaluation = False
        self.forgotten = 0

    def complaint(self, max_waiting: int) -> str:
        """Why there is no mask for a backward."""
        text = "`backward` has no mask: as many calls have been answered as there were in training mode"
        if self.forgotten:
            text += f", or they were forgotten: {self.forgotten} calls came while {max_waiting} (max_waiting) were waiting"
        return text + "."


class _WaitingByThread(threading.local):
    """Each thread's calls."""

    def __init__(self) -> None:
        self.mine = _Waiting()

    def __reduce__(self) -> tuple[Any, ...]:
        return _waiting_by_thread, (self.mine,)


def _waiting_by_thread(mine: _Waiting) -> _WaitingByThread:
    """Restore a copy or a pickle, for the calling thread."""
    made = _WaitingByThread()
    made.mine = mine
    return made
