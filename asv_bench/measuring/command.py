"""`python -m dropout_fast bench`: measure dropout on this machine, print the results, write and draw them if asked to."""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from tqdm import tqdm

from . import hot_loop, results
from .after_other_work import measure as after_other_work
from .generators import measure as generators
from .in_step import measure as in_step
from .in_step import nets
from .plot import plot
from .printed import printed
from .shaped import measure as shaped
from .with_pytorch import measure as with_pytorch

HOT_LOOP, IN_STEP, AFTER_OTHER_WORK, GENERATORS, SHAPED, TORCH = PARTS = (
    "hot-loop",
    "in-step",
    "after-other-work",
    "generators",
    "shaped",
    "torch",
)

SIZES = (2**10, 2**14, 3 * 2**14, 2**18, 2**20, 2**24)
UNITS = {"Ki": 2**10, "Mi": 2**20}

Part = TypeVar("Part")


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    parts = [part for part in PARTS if (part in arguments.only if arguments.only else part != TORCH or with_pytorch.is_possible())]
    if TORCH in parts and not with_pytorch.is_possible():
        print(f"The part {TORCH} needs torch: pip install 'dropout_fast[torch]'")
        return 2
    if arguments.plot is not None and HOT_LOOP not in parts:
        print(f"--plot draws the part {HOT_LOOP}, which --only leaves out.")
        return 2
    measured = _measure(arguments, parts)
    print("\n" + printed(measured))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(measured, indent=1) + "\n")
        print(f"\nJSON: {arguments.json.resolve()}")
    if arguments.plot is not None:
        plot(measured, arguments.plot)
        print(f"\nPlot: {arguments.plot.resolve()}")
    return 0


def _measure(arguments: argparse.Namespace, parts: list[str]) -> dict[str, Any]:
    """Measure the parts; of several, each in a process of its own.

    What a process has measured and loaded changes what follows: dropout_fast remembers what calls have cost, and the idle threads
    of other libraries stay awake for a while.
    """
    if len(parts) > 1:
        measured: dict[str, Any] = {}
        for part in parts:
            measured |= _in_a_process(part, arguments)
        return measured
    (part,) = parts
    dtype, keep_prob, rounds, steps = arguments.dtype, arguments.keep_prob, arguments.rounds, arguments.steps
    count = {
        HOT_LOOP: lambda: hot_loop.count_of_rows(arguments.sizes),
        IN_STEP: lambda: in_step.count_of_rows(arguments.nets),
        AFTER_OTHER_WORK: lambda: len(after_other_work.SIZES),
        GENERATORS: lambda: len(generators.cases()),
        SHAPED: lambda: len(shaped.CASES),
        TORCH: with_pytorch.count_of_rows,
    }[part]()
    measured = {
        "machine": results.machine(),
        "settings": {"dtype": dtype, "keep_prob": keep_prob, "rounds": rounds, "steps": steps},
    }
    with tqdm(total=count, unit="table row", desc=f"measuring, {part}") as progress:
        if part == AFTER_OTHER_WORK:
            measured["after_other_work"] = after_other_work.measure(rounds, progress.update)
        elif part == GENERATORS:
            measured["generators"] = generators.measure(rounds, progress.update)
        elif part == SHAPED:
            measured["shaped"] = shaped.measure(keep_prob, rounds, progress.update)
        elif part == TORCH:
            measured["with_pytorch"] = with_pytorch.measure(rounds, progress.update)
        elif part == IN_STEP:
            measured["in_step"] = in_step.measure(arguments.nets, keep_prob, steps, progress.update)
            in_step.add_pytorch(measured["in_step"], arguments.nets, keep_prob, steps, progress.update)
        else:
            measured |= hot_loop.measure(arguments.sizes, dtype, keep_prob, rounds, progress.update)
    return measured


def _in_a_process(part: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Run this command for one part; returns its results."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "results.json")
        options = {
            "--only": part,
            "--json": file,
            "--keep-prob": arguments.keep_prob,
            "--sizes": ",".join(map(str, arguments.sizes)),
            "--dtype": arguments.dtype,
            "--rounds": arguments.rounds,
            "--nets": ",".join(net.name for net in arguments.nets),
            "--steps": arguments.steps,
        }
        words = [str(word) for option in options.items() for word in option]
        subprocess.run([sys.executable, "-m", "dropout_fast", "bench", *words], stdout=subprocess.DEVNULL, check=True)
        measured: dict[str, Any] = json.loads(file.read_text())
    return measured


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--only", action="append", choices=PARTS, help="measure this part; may be repeated (default: all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the measurements there")
    parser.add_argument("--keep-prob", type=_keep_prob, default=0.5, help="probability of keeping (default: %(default)s)")
    loop = parser.add_argument_group(HOT_LOOP, "one function again and again")
    loop.add_argument("--sizes", type=_list_of(_size), default=SIZES, help="elements, for example 1000,48Ki,1Mi")
    loop.add_argument("--dtype", choices=("float16", "float32", "float64"), default="float32", help="(default: %(default)s)")
    loop.add_argument("--plot", type=Path, metavar="FILE", help="draw the measurements there (needs matplotlib)")
    loop.add_argument(
        "--rounds",
        type=_size,
        default=25,
        help=f"times each function has its turn, {AFTER_OTHER_WORK}, {GENERATORS}, {SHAPED} and {TORCH} too (default: %(default)s)",
    )
    step = parser.add_argument_group(IN_STEP, "dropout inside a step of training")
    step.add_argument("--nets", type=_list_of(_net), default=nets.NETS, help="batch x inputs x hidden: 128x64x512,1024x256x1024")
    step.add_argument("--steps", type=_size, default=25, help="times each kind of step has its turn (default: %(default)s)")


def _list_of(read: Callable[[str], Part]) -> Callable[[str], tuple[Part, ...]]:
    return lambda text: tuple(read(part.strip()) for part in text.split(","))


def _net(text: str) -> nets.Net:
    try:
        return nets.named(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is not batch x inputs x hidden units, such as 128x64x512") from error


def _size(text: str) -> int:
    number, unit = (text[:-2], UNITS[text[-2:]]) if text[-2:] in UNITS else (text, 1)
    size = int(number) * unit
    if size < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return size


def _keep_prob(text: str) -> float:
    number = float(text)
    if not 0 < number <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not in (0, 1]")
    return number
