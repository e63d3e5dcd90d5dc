"""In both engines, a fraction keep_prob of the elements is kept, and the mean of out is x.

Seeds are fixed, so the tests always say the same; with fresh seeds each assertion would fail by
chance once in a million runs (two-sided normal bound of 4.9 standard deviations).
"""

import numpy as np
import pytest

import dropout_fast

DEVIATIONS = 4.9

ENGINES = ("numpy", "fast")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("p", [0.01, 0.1, 0.25, 1 / 3, 0.5, 0.8, 0.9, 0.999])
def test_keep_fraction(p, engine):
    size = 2**20
    dropout_param = {"p": p, "mode": "train", "seed": 2024, "engine": engine}
    _, (_, mask) = dropout_fast.dropout_forward(np.ones(size, np.float32), dropout_param)
    kept = np.count_nonzero(np.asarray(mask))
    assert mask.keep_fraction() == kept / size
    assert abs(kept - size * p) < DEVIATIONS * np.sqrt(size * p * (1 - p))


def outs_of(engine, x, p, repeats):
    """Yield the results of many calls: the next draws of np.random, or consecutive steps."""
    np.random.seed(99)
    for step in range(repeats):
        if engine == "numpy":
            yield dropout_fast.dropout_forward(x, {"p": p, "mode": "train"})[0]
        else:
            yield dropout_fast.dropout(x, keep_prob=p, seed=99, step=step)[0]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("p", [0.25, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_expectation_of_out_is_x(p, dtype, engine):
    repeats = 2000
    x = np.linspace(0.5, 4, 48).astype(dtype)
    mean = sum(out.astype(np.float64) for out in outs_of(engine, x, p, repeats)) / repeats
    deviation = x * np.sqrt((1 - p) / p / repeats)
    # 48 elements share one false alarm in a million runs: 5.6 standard deviations each.
    assert (np.abs(mean - x) < 5.6 * deviation).all()
    assert abs((mean - x).sum()) < DEVIATIONS * np.sqrt((deviation**2).sum())
