"""The machine code of kernels for processors and systems other than this one, by the code generators in llvmlite.

    .venv/bin/python tests/other_processors.py

prints a line for each kernel and processor: instructions an element of the loop that scales x, bytes of the kernel's frame on the
stack, and the functions that it calls. The instructions of a forward are counted with the parts of its loop that hardly ever run.
"""

import functools
import json
import re
from collections.abc import Iterable
from typing import NamedTuple

import internals
import llvmlite.binding as llvm
from helpers import run_program


class Processor(NamedTuple):
    """What code is generated for."""

    triple: str
    cpu: str


_LINUX, _WINDOWS = "x86_64-unknown-linux-gnu", "x86_64-pc-windows-msvc"
_ARM, _MAC = "aarch64-unknown-linux-gnu", "arm64-apple-macosx"

PROCESSORS = {
    "x86-64-v3": Processor(_LINUX, "x86-64-v3"),
    "x86-64-v4": Processor(_LINUX, "x86-64-v4"),
    "x86-64-v3, Windows": Processor(_WINDOWS, "x86-64-v3"),
    "neoverse-n1": Processor(_ARM, "neoverse-n1"),
    "neoverse-v1": Processor(_ARM, "neoverse-v1"),
    "apple-m1": Processor(_MAC, "apple-m1"),
}


class Code(NamedTuple):
    """What was counted in a kernel's machine code."""

    instructions: float  #: an element, in the loop that scales most elements
    frame: int  #: bytes
    calls: list[str]


class Loop(NamedTuple):
    """Instructions between a label and a branch back to it."""

    elements: int  #: that are multiplied
    instructions: int


def can_generate(processor: str) -> bool:
    """Whether this llvmlite has the code generator."""
    _start_llvm()
    try:
        llvm.Target.from_triple(PROCESSORS[processor].triple)
    except RuntimeError:
        return False
    return True


def counted(processors: Iterable[str], kernels: Iterable[str]) -> dict[tuple[str, str], Code]:
    """Count in the code for processors of one system; in a process of its own, whose Numba compiles for nothing else."""
    found = json.loads(run_program("code_for_other_processors", json.dumps([*processors]), json.dumps([*kernels]), timeout=600))
    return {(kernel, processor): Code(*counts) for kernel, processor, *counts in found}


def code_of(unoptimised: str, processor: Processor) -> Code:
    """Count in the code that LLVM makes of a kernel for a processor."""
    lines = _lines_of_kernel(assembly(unoptimised, processor))
    loop = max(_loops(lines), key=lambda loop: (loop.elements, -loop.instructions))
    return Code(loop.instructions / loop.elements, _frame(lines), _calls(lines))


def assembly(unoptimised: str, processor: Processor) -> str:
    """Optimise LLVM code as Numba does, and generate the assembly for a processor.

    Numba goes two rounds over each function that a kernel calls, and two more over the kernel that they are a part of.
    """
    _start_llvm()
    machine = llvm.Target.from_triple(processor.triple).create_target_machine(cpu=processor.cpu, opt=3, codemodel="small")
    moved = re.sub(r'(?m)^target triple = ".*"', f'target triple = "{processor.triple}"', unoptimised)
    module = llvm.parse_assembly(re.sub(r'(?m)^target datalayout = ".*"', f'target datalayout = "{machine.target_data}"', moved))
    for level in (0, 3, 0, 3):
        options = llvm.create_pipeline_tuning_options(speed_level=level)
        options.loop_vectorization = options.slp_vectorization = level == 3
        builder = llvm.create_pass_builder(machine, options)
        passes = builder.getModulePassManager()
        if level == 0:
            passes.add_loop_rotate_pass()
            passes.add_instruction_combine_pass()
            passes.add_jump_threading_pass()
        passes.add_refprune_pass(llvm.RefPruneSubpasses.ALL)
        passes.run(module, builder)
    return machine.emit_assembly(module)


@functools.cache
def _start_llvm() -> None:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()


def _lines_of_kernel(text: str) -> list[str]:
    """Instructions, labels and directives of the function that is not a part of another."""
    (name,) = re.findall(r"(?m)^\s*\.globl\s+(_\w*kernels\w*_serial_\w*)", text)
    body = text.partition(f"\n{name}:")[2]
    code = re.split(r"(?m)^\s*\.(?:globl|section|def)\b", body)[0]
    return [line.strip() for line in code.splitlines() if line.strip()]


def _loops(lines: list[str]) -> list[Loop]:
    """All loops; one that holds another counts that one's instructions too."""
    labels: dict[str, int] = {}
    code: list[str] = []
    loops = []
    for line in lines:
        label = re.match(r"(\.?L\w+):", line)
        if label:
            labels[label.group(1)] = len(code)
        elif line[0].isalpha():
            code.append(line)
            start = labels.get(re.split(r"[\s,]+", re.split(r"\s(?:#|//|;) ", line)[0].strip())[-1])
            if start is not None and re.match(r"(j|b\b|b\.|b[a-z]{2}\b|cbn?z|tbn?z)", line):
                loops.append(Loop(sum(map(_elements, code[start:])), len(code) - start))
    return loops


def _elements(instruction: str) -> int:
    """How many elements a multiplication of floats is of; 0 for another instruction."""
    x86 = re.match(r"v?mulp([sd])\s.*%([xyz])mm\d+(\s|$)", instruction)
    if x86:
        return {"x": 16, "y": 32, "z": 64}[x86.group(2)] // {"s": 4, "d": 8}[x86.group(1)]
    arm = re.match(r"fmul(?:\.|\s+v\d+\.)([24])[sd]\b", instruction)
    return int(arm.group(1)) if arm else 0


def _frame(lines: list[str]) -> int:
    """Bytes that the function takes from the stack at its start, besides the registers that it saves."""
    text = "\n".join(lines)
    told = re.findall(r"\.seh_stackalloc (\d+)", text)  # on Windows, for whoever unwinds the stack
    if told:
        return sum(map(int, told))
    x86 = re.findall(r"subq\s+\$(\d+), %rsp", text)
    arm = re.findall(r"sub\s+(?:sp|x9), (?:sp|x9), #(\d+)(?:, lsl #(\d+))?", text)
    return sum(map(int, x86)) + sum(int(size) << int(shift or 0) for size, shift in arm)


def _calls(lines: list[str]) -> list[str]:
    """Names of the functions that are called."""
    called = (re.match(r"(?:callq|bl)\s+\"?([\w.]+)", line) for line in lines)
    return sorted({call.group(1).lstrip("_") for call in called if call})


def main() -> None:
    for triple in dict.fromkeys(processor.triple for processor in PROCESSORS.values()):
        names = [name for name, processor in PROCESSORS.items() if processor.triple == triple and can_generate(name)]
        for (kernel, processor), code in counted(names, internals.EMITTED).items() if names else ():
            print(f"{kernel:24}{processor:20}{code.instructions:6.2f}{code.frame:6}  {' '.join(code.calls)}", flush=True)


if __name__ == "__main__":
    main()
