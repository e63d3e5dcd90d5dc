"""Which stream draws as a generator of NumPy's does: `np.random` (whatever it is at the moment), a RandomState or a Generator."""

from typing import Any

import numpy as np
from numba import config

from ..forms.form import COMPARED, Draw, NumpyForm
from .any_bit_generator import ANY_BIT_GENERATOR
from .base import Key, Stream
from .bits_alone import NEXT_DOUBLE, NEXT_FLOAT32, PCG64_FLOAT32, PCG64DXSM_FLOAT32, offers_next_double
from .mt19937 import MT19937
from .pcg64 import PCG64, PCG64DXSM, has_known_layout
from .rounding import NUMPY, OPERATOR, Rounding
from .thresholds import comparison_of

#: Types of p whose mask is a float64 array, which NumPy compares with and multiplies by as Python and the kernels do. np.float64 is
#: a float, but what is divided by it, or multiplied by it, becomes float64.
PLAIN_NUMBERS = (float, int)


def _streams_with_kernels() -> tuple[dict[type[Any], Stream], dict[type[Any], Stream]]:
    if not has_known_layout():
        return {np.random.MT19937: MT19937}, {}
    of_float32 = {np.random.PCG64: PCG64_FLOAT32, np.random.PCG64DXSM: PCG64DXSM_FLOAT32}
    return {np.random.MT19937: MT19937, np.random.PCG64: PCG64, np.random.PCG64DXSM: PCG64DXSM}, of_float32


#: By type of the bit generator; the state of a subclass may lie elsewhere. And those for ``random(dtype=np.float32)``.
STREAMS, FLOAT32_STREAMS = _streams_with_kernels()

_GLOBAL = np.random
_get_bit_generator = np.random.get_bit_generator  # type: ignore[attr-defined]  # documented, absent from NumPy's stubs


def numpy_stream(
    rng: Any, shape: tuple[int, ...], form: NumpyForm, keep_prob: Any, rate: Any = None
) -> tuple[Stream, Key, Rounding]:
    """The stream and key for the draws of a form, and the rounding rule of the mask that NumPy code makes of them.

    None stands for `np.random`; `rate` is ``1 - keep_prob`` where it is None. A kernel draws where it compares as NumPy does.
    """
    if rate is None:
        rate = 1 - keep_prob
    if rng is None:
        rng = _GLOBAL
    bit_generator = bit_generator_of(rng)
    is_plain = isinstance(keep_prob, PLAIN_NUMBERS) if form.scale in ("mask", None) else type(keep_prob) in PLAIN_NUMBERS
    stream, comparison = stream_of(bit_generator, form.draw), None
    if stream is not None and is_plain:
        comparison = comparison_of(form, keep_prob, rate)
    key: Key = (bit_generator, *(comparison or ()))
    if stream is None or comparison is None:
        stream, key = ANY_BIT_GENERATOR, (rng, form, keep_prob, rate)
    # `np.random.rand()` is a Python number: the mask of a 0-d x is one too, and NumPy multiplies by it in x's own dtype.
    is_array = shape or isinstance(rng, np.random.Generator) or form.draw not in COMPARED
    return stream, key, NUMPY if is_array and (is_plain or form.scale is None) else OPERATOR


def stream_of(bit_generator: Any, draw: Draw) -> Stream | None:
    """The stream whose kernels make those draws of a bit generator, if there is one."""
    if config.DISABLE_JIT:  # type: ignore[attr-defined]  # set at run time
        return None
    known, other = (FLOAT32_STREAMS, NEXT_FLOAT32) if draw == "random_float32" else (STREAMS, NEXT_DOUBLE)
    return known.get(type(bit_generator)) or (other if offers_next_double(bit_generator) else None)


def bit_generator_of(rng: Any) -> Any:
    """The bit generator of `np.random`, a Generator or a RandomState; None for a subclass, which may draw in another way."""
    if rng is _GLOBAL:
        return _get_bit_generator()
    if type(rng) is np.random.Generator:
        return rng.bit_generator
    # A RandomState tells it by a private name only.
    return getattr(rng, "_bit_generator", None) if type(rng) is np.random.RandomState else None
