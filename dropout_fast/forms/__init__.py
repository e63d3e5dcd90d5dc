"""The forms in which people write dropout with NumPy: give one as ``form=``, and get the numbers of that code.

`NumpyForm` describes a form; the constants are those of courses, books and libraries, and ``help(forms.DEZERO)``'s text, or
``forms.DEZERO.__doc__``, is the code that it equals.
"""

from typing import TYPE_CHECKING, Any

from .form import NumpyForm
from .named import (
    CHAINER,
    CHOICE,
    COURSERA,
    COURSERA_BOOL,
    CS231N,
    CS231N_2016,
    DEZERO,
    HOLBERTON,
    NAMED,
    NEEDLE,
    NNFS,
    NUMPY_ML,
    OREILLY,
    VANILLA,
)

__all__ = [
    "CHAINER",
    "CHOICE",
    "COURSERA",
    "COURSERA_BOOL",
    "CS231N",
    "CS231N_2016",
    "DEZERO",
    "HOLBERTON",
    "NAMED",
    "NEEDLE",
    "NNFS",
    "NUMPY_ML",
    "OREILLY",
    "VANILLA",
    "Match",
    "NumpyForm",
    "match",
]  # fmt: skip

if TYPE_CHECKING:
    from .matching import Match, match


def __getattr__(name: str) -> Any:
    """Import what few programs need when it is first asked for: `import dropout_fast` takes less time without it."""
    if name in ("Match", "match"):
        from . import matching

        return getattr(matching, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
