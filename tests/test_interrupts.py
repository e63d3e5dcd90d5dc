"""After Ctrl-C or lack of memory, locks are free and np.random is as before or as after the call."""

import dis
import sys
import threading

import internals
import numpy as np
import pytest
from helpers import run_program, state

import dropout_fast

# CPython looks for signals after these instructions, and the next one raises KeyboardInterrupt.
SIGNAL_POINTS = {"CALL", "CALL_FUNCTION_EX", "CALL_KW", "RESUME", "JUMP_BACKWARD"}


def interrupt_at(number, call):
    """Run `call` and interrupt it at the signal point of that number within the package; returns whether it has so many."""
    seen = 0
    previous = {}

    def trace(frame, event, argument):
        nonlocal seen
        if "dropout_fast" not in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            name = dis.opname[frame.f_code.co_code[frame.f_lasti]]
            before, previous[frame] = previous.get(frame), name
            if before in SIGNAL_POINTS:
                seen += 1
                if seen > number:
                    sys.settrace(None)
                    raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        call()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(None)
    return False


@pytest.mark.parametrize("engine", ["numpy", "fast"])
def test_an_interrupt_anywhere_leaves_locks_free_and_np_random_legal(engine):
    x = np.ones(1000, np.float32)
    dropout_param = {"p": 0.5, "mode": "train", "engine": engine}

    def step():
        _, cache = dropout_fast.dropout_forward(x, dropout_param)
        dropout_fast.dropout_backward(x, cache)

    np.random.seed(3)
    before = np.random.get_state()
    with internals.force_parallel(), internals.kernels_called() as called:
        step()
    assert called == ["parallel", "parallel"]
    legal = {state()}
    np.random.set_state(before)
    legal.add(state())
    number = 0
    while True:
        np.random.set_state(before)
        with internals.force_parallel():
            interrupted = interrupt_at(number, step)
        assert state() in legal
        assert internals.launching() == set()
        other = threading.Thread(target=np.random.seed, daemon=True)
        other.start()
        other.join(timeout=10)
        assert not other.is_alive()
        if not interrupted:
            break
        number += 1
    assert number > 15


@pytest.mark.skipif(sys.platform == "win32", reason="sends itself a signal")
def test_ctrl_c_during_a_long_call():
    assert run_program("ctrl_c") == "True\n"


IMPOSSIBLE = [2**45, 2**37]  # 128 TiB of float32; 512 GiB, of which the keep bits alone (16 GiB) might fit


@pytest.mark.parametrize("size", IMPOSSIBLE)
@pytest.mark.parametrize("param", [{}, {"seed": 3}, {"engine": "fast", "seed": 3}])
def test_an_impossible_shape(size, param):
    x = np.broadcast_to(np.float32(1), (size,))
    before = state()
    with pytest.raises(MemoryError):
        dropout_fast.dropout_forward(x, {"p": 0.5, "mode": "train", **param})
    layer = dropout_fast.Dropout(seed=1)
    with pytest.raises(MemoryError):
        layer(x)
    assert (state(), layer.step, layer.masks, internals.launching()) == (before, 0, [], set())
