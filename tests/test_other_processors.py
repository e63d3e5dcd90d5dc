"""What LLVM makes of the main kernels for processors and systems that this machine is not: code only, nothing is run."""

import textwrap

import internals
import other_processors
import pytest
from other_processors import Code, counted

#: More than a float32 backward takes on AArch64 by a tenth, an element.
MOST_INSTRUCTIONS = 1.8

#: Bytes of stack from which a function on Windows calls one of the C library's.
PAGE = 4096

#: Functions that kernels may call: they are Numba's own, or a part of every system's C library.
KNOWN = {"NRT_incref", "NRT_decref", "NRT_MemInfo_alloc_aligned", "memcpy", "memmove", "memset"}


def code_for(processors: list[str], kernels: list[str]) -> dict[tuple[str, str], Code]:
    if not all(map(other_processors.can_generate, processors)):
        pytest.skip(f"llvmlite generates no code for {', '.join(processors)}")
    return counted(processors, kernels)


def test_a_backward_on_aarch64_takes_few_instructions_an_element():
    ((_, code),) = code_for(["neoverse-n1"], ["backward, float32"]).items()
    assert 1 < code.instructions < MOST_INSTRUCTIONS
    assert KNOWN >= {*code.calls}


def test_the_largest_frame_on_windows_is_below_a_page():
    ((_, code),) = code_for(["x86-64-v3, Windows"], ["engine numpy, float32"]).items()
    assert 0 < code.frame < PAGE
    assert KNOWN >= {*code.calls}


@pytest.mark.long
@pytest.mark.parametrize("processor", other_processors.PROCESSORS)
def test_every_kernel_calls_known_functions_only(processor):
    for (kernel, _), code in code_for([processor], [*internals.EMITTED]).items():
        assert code.instructions > 0 and KNOWN >= {*code.calls}, kernel
        assert "Windows" not in processor or code.frame < PAGE, kernel


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
