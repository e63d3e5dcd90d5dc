"""Both engines still draw the values written down: by plain NumPy 2.4, by MT19937's authors, and by engine fast when it was new."""

import internals
import numpy as np
import pytest
from golden import FORWARDS, GENERATORS, STREAM, check_forward, check_generator, check_stream

# First outputs after init_by_array({0x123, 0x234, 0x345, 0x456}): Matsumoto and Nishimura, mt19937ar.out.
PUBLISHED = (1067595299, 955945823, 477289528, 4107218783, 4228976476, 3344332714, 3355579695, 227628506)


@pytest.mark.parametrize("draw", range(4))
@pytest.mark.parametrize("count", [4, 40])
def test_known_answers_of_mt19937(draw, count):
    value = (PUBLISHED[2 * draw] >> 5) << 26 | PUBLISHED[2 * draw + 1] >> 6
    for threshold, kept in ((value, False), (value + 1, True)):
        np.random.seed([0x123, 0x234, 0x345, 0x456])
        bits = np.empty((count + 7) // 8, np.uint8)
        internals.draw_from_mt19937(np.random.get_bit_generator().ctypes.state_address, threshold, count, bits)
        assert np.unpackbits(bits, bitorder="little")[draw] == kept


@pytest.mark.parametrize("forward", FORWARDS, ids=str)
def test_forward_of_plain_numpy(forward):
    check_forward(*forward)


@pytest.mark.parametrize("generator", GENERATORS, ids=str)
def test_generators_of_plain_numpy(generator):
    check_generator(*generator)


@pytest.mark.parametrize("masks", STREAM, ids=str)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_stream_of_engine_fast(masks, dtype):
    check_stream(*masks, dtype)
