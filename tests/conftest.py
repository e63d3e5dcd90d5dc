"""Every test starts from kernels compiled now, and leaves np.random as it found it."""

import os
import subprocess
import sys
import tempfile

_cache = tempfile.TemporaryDirectory()
# Before numba is imported. An old cache may hold old kernels; on one core Numba would run no parallel kernel.
os.environ["NUMBA_CACHE_DIR"] = _cache.name
os.environ.setdefault("NUMBA_NUM_THREADS", "2")
# The layer that most users have; where the extra tbb is installed, Numba would prefer that.
os.environ.setdefault("NUMBA_THREADING_LAYER_PRIORITY", "omp tbb workqueue")

import numpy as np
import pytest
from helpers import DEFAULT_EXAMPLES
from hypothesis import HealthCheck, settings

collect_ignore = ["programs"]  # run by tests, in processes of their own

_common = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]}
# The same cases in each run, so that a failure is the commit's; `many` looks for others.
settings.register_profile("default", max_examples=DEFAULT_EXAMPLES, derandomize=True, **_common)
settings.register_profile("many", max_examples=10 * DEFAULT_EXAMPLES, **_common)
settings.load_profile("default")

#: From so many tests on, most kernels are needed.
MANY_TESTS = 200


@pytest.fixture(scope="session", autouse=True)
def kernels_compiled_meanwhile(request):
    """For a long run compile every kernel beside the first tests: what is ready in time they load (two cores: 40 s less)."""
    if len(request.session.items) < MANY_TESTS:
        yield
        return
    with subprocess.Popen([sys.executable, "-m", "dropout_fast", "warmup"], stdout=subprocess.DEVNULL) as process:
        yield
        process.terminate()


@pytest.fixture(autouse=True)
def np_random_as_it_was():
    bit_generator, state = np.random.get_bit_generator(), np.random.get_state()
    yield
    np.random.set_bit_generator(bit_generator)
    np.random.set_state(state)
