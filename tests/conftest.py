"""Every test starts from kernels compiled now, and leaves np.random as it found it."""

import os
import tempfile

_cache = tempfile.TemporaryDirectory()
os.environ["NUMBA_CACHE_DIR"] = _cache.name  # before numba is imported: an old cache may hold old kernels

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

_common = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]}
# The same cases in each run, so that a failure is the commit's; `many` looks for others.
settings.register_profile("default", max_examples=1000, derandomize=True, **_common)
settings.register_profile("many", max_examples=10_000, **_common)
settings.load_profile("default")


@pytest.fixture(autouse=True)
def np_random_as_it_was():
    bit_generator, state = np.random.get_bit_generator(), np.random.get_state()
    yield
    np.random.set_bit_generator(bit_generator)
    np.random.set_state(state)
