"""Nothing is read or written outside of the arrays: each lies between two pages of memory that may not be touched."""

import sys

import pytest
from helpers import run_program

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="mprotect is POSIX's")

SIZES = [0, 1, 7, 15, 16, 17, 33, 312, 512, 513, 1025, 1041, 4097]


@pytest.mark.parametrize("program", ["guarded_calls", "guarded_kernels", "guarded_fused"])
@pytest.mark.parametrize("sizes", [SIZES, pytest.param([*range(1100), 4096, 70_001], marks=pytest.mark.long)], ids=["some", "all"])
def test_nothing_is_touched_outside(program, sizes):
    assert run_program(program, *sizes, timeout=3600) == "all inside\n"
