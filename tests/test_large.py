"""Arrays of more than 2**31 elements are right at both ends and in the middle."""

import gc

import internals
import numpy as np
import pytest

import dropout_fast
from dropout_fast import reference

SIZE = 2**31 + 5
END = 1000

pytestmark = pytest.mark.long


def ends(array):
    return [array[:END].tobytes(), array[2**31 - END : 2**31].tobytes(), array[-END:].tobytes()]


@pytest.mark.parametrize(("launched", "kernel"), [(internals.force_serial, "serial"), (internals.force_parallel, "parallel")])
@pytest.mark.parametrize("store_mask", [True, False])
def test_engine_fast_in_place(store_mask, launched, kernel):
    """Takes 4 GiB for x, in place, and 0.25 GiB for the keep bits."""
    x = np.ones(SIZE, np.float16)
    with launched(), internals.kernels_called() as called:
        _, mask = dropout_fast.dropout(x, keep_prob=0.9, seed=1, out=x, store_mask=store_mask)
    expected = [
        dropout_fast.dropout(np.ones(END, np.float16), keep_prob=0.9, seed=1, offset=offset)[0].tobytes()
        for offset in (0, 2**31 - END, SIZE - END)
    ]
    assert ends(x) == expected
    kept = sum(np.count_nonzero(x[first : first + 2**28]) for first in range(0, SIZE, 2**28))
    assert abs(kept - 0.9 * SIZE) < 5 * np.sqrt(SIZE * 0.09)
    x[:] = 1
    with launched(), internals.kernels_called() as called_again:
        assert mask.apply(x, out=x) is x and ends(x) == expected
    assert called == called_again == [kernel]
    del x, mask
    gc.collect()


def test_engine_numpy_in_place():
    """Takes 8 GiB for x, in place."""
    x = np.ones(SIZE, np.float32)
    param = {"p": 0.5, "mode": "train", "seed": 4}
    _, cache = dropout_fast.dropout_forward(x, param, out=x)
    after = np.random.rand()
    assert x[:END].tobytes() == reference.dropout_forward(np.ones(END, np.float32), param)[0].tobytes()
    np.random.seed(4)
    for first in range(0, SIZE - END, 2**24):
        np.random.rand(min(2**24, SIZE - END - first))
    assert x[-END:].tobytes() == (np.ones(END, np.float32) * (np.random.rand(END) < 0.5) * 2).astype(np.float32).tobytes()
    assert np.random.rand() == after
    expected = ends(x)
    x[:] = 1
    dropout_fast.dropout_backward(x, cache, out=x)
    assert ends(x) == expected


def test_bits_alone():
    assert internals.keep_bits_of_numpy(SIZE, 0.5).size == (SIZE + 7) // 8
    whole = internals.keep_bits(1, 0, 0, 0.9, SIZE)
    assert whole[-64:].tobytes() == internals.keep_bits(1, 0, 2**31, 0.9, 5).tobytes()
