"""`warmup` compiles every kernel, and draws from a generator of its own."""

import gc

import internals
import numpy as np
import pytest
from helpers import run_program

from dropout_fast.__main__ import main


def test_no_call_waits_for_a_kernel_afterwards():
    assert run_program("after_warmup", timeout=300) == ""


def test_the_kernels_of_shared_masks_are_an_option():
    """All of them would take a minute: two steps stand for the others."""
    steps = internals.warmup_steps(shared=True)
    of_shared = steps.keys() - internals.warmup_steps().keys()
    kernels = {name.split(",")[0] for name in of_shared}
    assert {f"broadcast_bits_scale_or_zero_{dtype}" for dtype in ("float16", "bfloat16", "float32", "float64")} <= kernels
    assert len(kernels) == 11
    for name in ("broadcast_bits_scale_or_zero_float32, serial", "region_draw_bits, serial"):
        assert name in of_shared
        steps[name]()


def test_warmup_draws_from_a_generator_that_is_there():
    def draw(address, *_):
        assert address in [item.ctypes.state_address for item in gc.get_objects() if type(item) is np.random.MT19937]
        called.append(address)

    called = []
    change, step = internals.warmup_draws_by(draw)
    with change:
        internals.warmup_steps()[step]()
    assert called


@pytest.mark.parametrize("parts", [1, 2, 3, 8])
def test_the_processes_of_the_command_take_all_steps(parts):
    change, taken = internals.warmup_of(*"abcdefg")
    with change:
        for part in range(parts):
            internals.warmup_part(part, parts)
    assert taken == list("abcdefg")


def test_the_command_takes_every_step_whatever_the_other_processes_do(capsys, monkeypatch):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")  # of the others, which have nothing to do then
    change, taken = internals.warmup_of("first", "second", "third")
    with change:
        assert main(["warmup"]) == 0
    assert taken == ["first", "second", "third"]
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == taken
