"""Which stream draws as a generator of NumPy's does: `np.random` (whatever it is at the moment), a RandomState or a Generator."""

from typing import Any

import numpy as np
from numba import config

from .any_bit_generator import ANY_BIT_GENERATOR
from .base import Key, Stream
from .mt19937 import MT19937
from .next_double import BIT_GENERATORS, NEXT_DOUBLE
from .pcg64 import PCG64, PCG64DXSM, has_known_layout
from .rounding import NUMPY, OPERATOR, Rounding

#: Types of p whose mask is a float64 array, which NumPy compares with and multiplies by as Python and the kernels do.
PLAIN_NUMBERS = (float, int)


def _streams_with_kernels() -> dict[type[Any], Stream]:
    of_pcg64: dict[type[Any], Stream] = {np.random.PCG64: PCG64, np.random.PCG64DXSM: PCG64DXSM}
    return {np.random.MT19937: MT19937} | dict.fromkeys(BIT_GENERATORS, NEXT_DOUBLE) | (of_pcg64 if has_known_layout() else {})


#: By type of the bit generator; a subclass may draw in another way.
STREAMS = _streams_with_kernels()

_GLOBAL = np.random
_get_bit_generator = np.random.get_bit_generator  # type: ignore[attr-defined]  # documented, absent from NumPy's stubs


def numpy_stream(rng: Any, shape: tuple[int, ...], p: Any, scaled: bool) -> tuple[Stream, Key, Rounding]:
    """The stream and key for ``np.random.rand(*shape) < p``, and the rounding rule of the mask that NumPy code makes of it.

    For a Generator it is ``rng.random(shape) < p``; None stands for `np.random`. A kernel draws where it compares as NumPy does.
    """
    if rng is None:
        rng = _GLOBAL
    bit_generator = _get_bit_generator() if rng is _GLOBAL else _bit_generator_of(rng)
    is_plain = isinstance(p, PLAIN_NUMBERS)
    stream, source = STREAMS.get(type(bit_generator)), bit_generator
    if stream is None or not is_plain or config.DISABLE_JIT:  # type: ignore[attr-defined]  # set at run time
        stream, source = ANY_BIT_GENERATOR, rng
    # `np.random.rand()` is a Python number: the mask of a 0-d x is one too, and NumPy multiplies by it in x's own dtype.
    is_array = shape or isinstance(rng, np.random.Generator)
    return stream, (source, p), NUMPY if is_array and (is_plain or not scaled) else OPERATOR


def _bit_generator_of(rng: Any) -> Any:
    """The bit generator of a Generator or RandomState; None for a subclass, which may draw in another way."""
    if type(rng) is np.random.Generator:
        return rng.bit_generator
    # A RandomState tells it by a private name only.
    return getattr(rng, "_bit_generator", None) if type(rng) is np.random.RandomState else None
