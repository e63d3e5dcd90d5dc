"""No kernel reads or writes outside of its arrays: pages of no access lie at both their ends."""

import gc
import sys

import numpy as np
import pytest
from helpers import run_python

from dropout_fast import warming

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="mprotect is POSIX's")

DOORS = """
import numpy as np, ml_dtypes, dropout_fast
from dropout_fast import fast_stream, numpy_stream, runtime
from guarded import guarded
blocks_of = fast_stream.empty_bits
fast_stream.empty_bits = lambda size, offset: guarded(blocks_of(size, offset).size, np.uint8, at_end)
bits_of = numpy_stream.empty_bits
numpy_stream.empty_bits = lambda count: guarded(bits_of(count).size, np.uint8, at_end)
for at_end, runtime.PARALLEL_FROM in ((True, 0), (True, 2**62), (False, 0), (False, 2**62)):
    for size in SIZES:
        for dtype in (np.float16, ml_dtypes.bfloat16, np.float32, np.float64):
            x, out = guarded(size, dtype, at_end), guarded(size, dtype, at_end)
            x[:] = np.arange(size) % 9 + 1
            before = x.tobytes()
            for keep_prob in (0.5, 0.9):
                for offset in (0, 1, 511, 32768 - 5):
                    for store_mask in (True, False):
                        _, mask = dropout_fast.dropout(x, keep_prob, seed=size, offset=offset, out=out, store_mask=store_mask)
                        drawn = out.tobytes()
                        assert mask.apply(x, out=out).tobytes() == drawn == dropout_fast.dropout(
                            np.array(x), keep_prob, seed=size, offset=offset)[0].tobytes()
                if dtype in (np.float32, np.float64):
                    param = {"p": keep_prob, "mode": "train", "seed": size}
                    _, cache = dropout_fast.dropout_forward(x, param, out=out)
                    drawn = out.tobytes()
                    assert drawn == dropout_fast.dropout_forward(np.array(x), param)[0].tobytes()
                    assert dropout_fast.dropout_backward(x, cache, out=out).tobytes() == drawn
                    wide = guarded(size, np.float64, at_end)
                    dropout_fast.dropout_backward(x, cache, out=wide)
            assert x.tobytes() == before
            dropout_fast.dropout(x, 0.9, out=x)
print("all inside")
"""

# Every kernel of a dtype, its bits guarded as well.
KERNELS = """
import numpy as np
from dropout_fast import fast_stream, numpy_mask, numpy_stream
from dropout_fast.kernels import dropout, numpy_draws
from guarded import guarded
for at_end in (True, False):
    for size in SIZES:
        for dtype, kernels in fast_stream.KERNELS.items():
            dtype = kernels.view or dtype
            x, out = guarded(size, dtype, at_end), guarded(size, dtype, at_end)
            for offset in (0, 511):
                bits = guarded(fast_stream.empty_bits(size, offset).size, np.uint8, at_end)
                dropout.draw_bits(bits, 1, 2, offset, 0.9)
                for draw, scale, threads in zip(kernels.draw_and_scale, kernels.scale, ((), (2,), (2,))):
                    draw(x, bits, 1, 2, offset, 0.9, 1 / 0.9, out, *threads)
                    draw(x, bits[:0], 1, 2, offset, 0.9, 1 / 0.9, out, *threads)
                    scale(x, bits, offset, 1 / 0.9, out, *threads)
        bits = guarded(numpy_stream.empty_bits(size).size, np.uint8, at_end)
        generator = np.random.MT19937(0)
        numpy_draws.draw_bits(generator.ctypes.state_address, size, 2**52, bits)
        for dtype, kernels in numpy_mask.KERNELS.items():
            x, out = guarded(size, dtype, at_end), guarded(size, dtype, at_end)
            for serial, parallel in kernels:
                serial(x, bits, 0, 2.0, out)
                parallel(x, bits, 0, 2.0, out, 2)
print("all inside")
"""

SIZES = [0, 1, 7, 15, 16, 17, 33, 312, 512, 513, 1025, 1041, 4097]


@pytest.mark.parametrize("program", [DOORS, KERNELS], ids=["doors", "kernels"])
@pytest.mark.parametrize("sizes", [SIZES, pytest.param([*range(1100), 4096, 70_001], marks=pytest.mark.long)], ids=["some", "all"])
def test_nothing_is_touched_outside(program, sizes):
    assert run_python(f"SIZES = {sizes}\n{program}", 3600) == "all inside\n"


def test_warmup_draws_from_a_generator_that_is_there(monkeypatch):
    def draw_bits(address, *_):
        assert address in [item.ctypes.state_address for item in gc.get_objects() if type(item) is np.random.MT19937]
        called.append(address)

    called = []
    monkeypatch.setattr("dropout_fast.kernels.numpy_draws.draw_bits", draw_bits)
    dict(warming.steps())["draw_bits of MT19937"]()
    assert called
