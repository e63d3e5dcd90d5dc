"""Every test starts from kernels compiled now, and leaves np.random as it found it."""

import os
import tempfile

# Before numba is imported. An old cache may hold old kernels; the workers of pytest-xdist share one. On one core Numba would run
# no parallel kernel.
if "PYTEST_XDIST_WORKER" not in os.environ:
    _cache = tempfile.TemporaryDirectory()
    os.environ["NUMBA_CACHE_DIR"] = _cache.name
os.environ.setdefault("NUMBA_NUM_THREADS", "2")
# The layer that most users have; where the extra tbb is installed, Numba would prefer that.
os.environ.setdefault("NUMBA_THREADING_LAYER_PRIORITY", "omp tbb workqueue")

import numpy as np
import pytest
from helpers import DEFAULT_EXAMPLES, NARROW_CPUS, start_program
from hypothesis import HealthCheck, settings

collect_ignore = ["programs"]  # run by tests, in processes of their own

_common = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]}
# The same cases in each run, so that a failure is the commit's; `many` looks for others.
settings.register_profile("default", max_examples=DEFAULT_EXAMPLES, derandomize=True, **_common)
settings.register_profile("many", max_examples=10 * DEFAULT_EXAMPLES, **_common)
settings.load_profile("default")


@pytest.fixture(scope="session")
def narrow_cpus():
    """By program and processor, a process that runs it on code for that processor: 55 s together, most of it compiling."""
    started = {
        (program, cpu): start_program(program, NUMBA_CPU_NAME=cpu, NUMBA_CPU_FEATURES="")
        for program in ("engine_numpy_is_numpy", "digest_of_engine_fast")
        for cpu in NARROW_CPUS
    }
    for process in started.values():
        if hasattr(os, "setpriority"):
            os.setpriority(os.PRIO_PROCESS, process.pid, 10)  # what the other tests leave
    yield started
    for process in started.values():
        with process:
            process.kill()  # of one that has ended, nothing


@pytest.fixture(autouse=True)
def np_random_as_it_was():
    bit_generator, state = np.random.get_bit_generator(), np.random.get_state()
    yield
    np.random.set_bit_generator(bit_generator)
    np.random.set_state(state)
