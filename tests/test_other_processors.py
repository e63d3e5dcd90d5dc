"""What LLVM makes of the main kernels for processors and systems that this machine is not: code only, nothing is run."""

import textwrap

import other_processors
import pytest
from other_processors import Code, counted

#: More than each kernel takes by a tenth, an element; the forward with the parts of its loop that hardly ever run.
MOST_INSTRUCTIONS = {"backward, float32": 1.8, "engine fast, float32": 6.6}

#: Bytes of stack from which a function on Windows calls one of the C library's.
PAGE = 4096

#: Functions that kernels may call: they are Numba's own, or a part of every system's C library.
KNOWN = {"NRT_incref", "NRT_decref", "NRT_MemInfo_alloc_aligned", "memcpy", "memmove", "memset"}


def code_for(processors: list[str], kernels: list[str]) -> dict[tuple[str, str], Code]:
    if not all(map(other_processors.can_generate, processors)):
        pytest.skip(f"llvmlite generates no code for {', '.join(processors)}")
    return counted(processors, kernels)


def test_aarch64_takes_few_instructions_an_element():
    codes = code_for(["neoverse-n1"], [*MOST_INSTRUCTIONS])
    for (kernel, _), code in codes.items():
        assert 1 < code.instructions < MOST_INSTRUCTIONS[kernel], kernel
        assert KNOWN >= {*code.calls}, kernel


def test_frames_on_windows_are_below_a_page():
    codes = code_for(["x86-64-v3, Windows"], ["engine numpy, float32"])  # the largest frame
    for (kernel, _), code in codes.items():
        assert 0 < code.frame < PAGE, kernel
        assert KNOWN >= {*code.calls}, kernel


def test_code_is_read_right():
    """A loop in the assembly of each kind of processor, with what is to be counted in it."""
    x86 = """
        .globl  _a_kernels_serial_x
        _a_kernels_serial_x:
            subq    $120, %rsp
            .LBB0_1:
            vmulps  (%rdi), %ymm0, %ymm1 {%k1} {z}
            mulpd   %xmm2, %xmm3   # two more
            callq   __chkstk
            jne     .LBB0_1
            retq
        .section other
            callq   not_here
    """
    lines = other_processors._lines_of_kernel(textwrap.dedent(x86))
    assert other_processors._loops(lines) == [(10, 4)]
    assert (other_processors._frame(lines), other_processors._calls(lines)) == (120, ["chkstk"])
    arm = """
        sub sp, sp, #1, lsl #12
        sub sp, sp, #16
        LBB0_1:
        fmul.4s v0, v1, v2[0]
        fmul v1.2d, v2.2d, v3.2d
        bl _memcpy
        tbz w1, #3, LBB0_1
        b.ne LBB0_1
    """
    arm = textwrap.dedent(arm).split("\n")[1:-1]
    assert other_processors._loops(arm) == [(6, 4), (6, 5)]
    assert (other_processors._frame(arm), other_processors._calls(arm)) == (4112, ["memcpy"])
