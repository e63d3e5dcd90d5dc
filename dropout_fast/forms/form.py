"""NumpyForm: one way of writing dropout with NumPy."""

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

Draw = Literal["random", "random_float32", "binomial", "choice"]
Keep = Literal["<", "<=", ">", ">="]
Scale = Literal["mask", "divide", "multiply"]

#: Draws that are compared with a probability; the others give 0 or 1 themselves.
COMPARED: tuple[Draw, ...] = ("random", "random_float32")


@dataclass(frozen=True)
class NumpyForm:
    """How NumPy code draws a mask and multiplies by it; `dropout` and the others give the same numbers.

    >>> import numpy as np
    >>> from dropout_fast import dropout
    >>> from dropout_fast.forms import NumpyForm
    >>> form = NumpyForm(keep=">", scale="divide")  # x * (np.random.rand(*x.shape) > rate) / (1 - rate)
    >>> np.random.seed(0)
    >>> dropout(np.ones(4), rate=0.6, rng=np.random, form=form)[0]
    array([0. , 2.5, 2.5, 0. ])
    >>> np.random.seed(0)
    >>> np.ones(4) * (np.random.rand(4) > 0.6) / (1 - 0.6)
    array([0. , 2.5, 2.5, 0. ])

    Attributes
    ----------
    draw : {"random", "random_float32", "binomial", "choice"}
        The call that draws, of x's shape: ``rng.random(shape)`` (``np.random.rand(*shape)``),
        ``rng.random(shape, dtype=np.float32)`` of a Generator, ``rng.binomial(1, keep_prob, shape)``, or
        ``rng.choice([0, 1], shape, p=[rate, keep_prob])``.
    keep : {"<", "<=", ">", ">="}
        Which random numbers keep their element: those below `keep_prob`, or those above `rate`. The other draws leave it at "<".
    scale : {"mask", "divide", "multiply"} or None
        Where kept elements are scaled: ``x * (kept / keep_prob)``, ``x * kept / keep_prob``, ``x * kept * (1 / keep_prob)``, or not
        at all in training; mode "test" multiplies by `keep_prob` then.
    mask_dtype : dtype, optional
        What the mask is cast to before it is scaled. None: as the call gives it, bool for a comparison and int64 for the others.
        NumPy's rules of promotion decide the rest: a float32 x times a mask of bool stays float32, times one of int64 it becomes
        float64.

    Raises
    ------
    ValueError
        An argument is none of these.
    TypeError
        `mask_dtype` is no dtype.

    Notes
    -----
    `rate` is 1 - keep_prob and `keep_prob` is 1 - rate, as floats: of the two, what the caller gives is compared as it is.
    """

    draw: Draw = "random"
    keep: Keep = "<"
    scale: Scale | None = "mask"
    mask_dtype: npt.DTypeLike | None = None
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _one_of("draw", self.draw, get_args(Draw))
        _one_of("keep", self.keep, get_args(Keep))
        _one_of("scale", self.scale, (*get_args(Scale), None))
        if self.keep != "<" and self.draw not in COMPARED:
            raise ValueError(f"`keep` is {self.keep!r} and `draw` is {self.draw!r}; expected '<', because nothing is compared.")
        if self.mask_dtype is not None:
            dtype = np.dtype(self.mask_dtype)
            if dtype.kind not in "biuf":
                raise ValueError(f"`mask_dtype` is {dtype}; expected bool, an integer or a floating dtype, or None.")
            object.__setattr__(self, "mask_dtype", dtype)
        # A form is part of the key of each call's plan, and to hash a dtype takes a microsecond.
        object.__setattr__(self, "_hash", hash((self.draw, self.keep, self.scale, self.mask_dtype)))

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[Any, ...]:
        return NumpyForm, (self.draw, self.keep, self.scale, self.mask_dtype)  # hashes differ from process to process

    def mask(self, kept: Any, keep_prob: Any) -> Any:
        """The mask that the NumPy code keeps, of booleans that say what is kept: an array, or a Python bool."""
        mask = kept if self.draw in COMPARED else np.asarray(kept).astype(np.int64)
        if self.mask_dtype is not None:
            mask = np.asarray(mask).astype(self.mask_dtype)
        return mask / keep_prob if self.scale == "mask" else mask


def _one_of(name: str, value: Any, known: tuple[Any, ...]) -> None:
    if (value is not None and not isinstance(value, str)) or value not in known:
        raise ValueError(f"`{name}` is {value!r}; expected {' or '.join(map(repr, known))}.")
