"""From the arguments of a door to a stream, which of its bits, and a mask for them."""

from typing import Any

from ._validate import (
    as_noise_shape,
    as_region,
    both_probabilities,
    check_form_has_rng,
    check_keeps_some,
    check_rng,
    counter_key,
    refuse_beside_rng,
    refuse_region_beside,
)
from .forms.form import NumpyForm
from .forms.named import CS231N
from .mask import KeepMask
from .streams.base import Key, Stream
from .streams.counter import COUNTER
from .streams.numpy_generators import numpy_stream
from .streams.region import REGION, RegionKey
from .streams.rounding import ZERO


def draws(
    shape: tuple[int, ...],
    keep_prob: Any,
    rate: Any,
    seed: Any,
    step: Any,
    offset: Any,
    rng: Any,
    form: NumpyForm | None = None,
    noise_shape: Any = None,
    region: Any = None,
) -> tuple[Stream, Key, KeepMask]:
    """The stream, which of its bits, and a mask for them without bits.

    Raises
    ------
    TypeError, ValueError
        As `dropout` for each of these arguments.
    """
    if form is not None:
        check_form_has_rng(form, rng)
    if region is not None:
        refuse_region_beside(rng, offset)
        block = as_region(region, shape, noise_shape)
        key: RegionKey = (*counter_key(keep_prob, rate, seed, step, 0), block)
        drawn = block.drawn_shape()
        mask = KeepMask(shape, key[3], CS231N, ZERO, key, drawn_shape=None if drawn == shape else drawn)
        return REGION, key, mask
    drawn_shape = as_noise_shape("noise_shape", noise_shape, shape)
    if rng is None:
        counter = counter_key(keep_prob, rate, seed, step, offset)
        return COUNTER, counter, KeepMask(shape, counter[3], CS231N, ZERO, counter, drawn_shape=drawn_shape)
    refuse_beside_rng("rng", {"seed": seed, "step": step, "offset": offset}, {"seed": None, "step": 0, "offset": 0})
    check_rng("rng", rng)
    of_keeping, of_dropping = both_probabilities(keep_prob, rate)
    check_keeps_some(of_keeping, rate, form)
    form = form or CS231N
    stream, key_of_numpy, rounding = numpy_stream(rng, drawn_shape or shape, form, of_keeping, of_dropping)
    return stream, key_of_numpy, KeepMask(shape, of_keeping, form, rounding, None, drawn_shape=drawn_shape)
