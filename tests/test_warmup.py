"""`warmup` compiles every kernel, and draws from a generator of its own."""

import gc

import internals
import numpy as np
from helpers import run_program


def test_no_call_waits_for_a_kernel_afterwards():
    assert run_program("after_warmup", timeout=300) == ""


def test_warmup_draws_from_a_generator_that_is_there():
    def draw(address, *_):
        assert address in [item.ctypes.state_address for item in gc.get_objects() if type(item) is np.random.MT19937]
        called.append(address)

    called = []
    change, step = internals.warmup_draws_by(draw)
    with change:
        internals.warmup_steps()[step]()
    assert called
