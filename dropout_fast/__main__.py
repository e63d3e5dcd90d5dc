"""The command line: ``python -m dropout_fast [demo | bench | warmup | match]``."""

import argparse
import importlib
import sys

DESCRIPTIONS = {
    "demo": "train on handwritten digits with NumPy's dropout and with ours; compare bits, accuracy and time",
    "bench": "measure dropout on this machine, beside a copy, NumPy and other libraries",
    "warmup": "compile every kernel now and keep it in Numba's cache, so that no later call has to",
    "match": "find which form of NumPy dropout a function is, and print the line that gives the same numbers",
}
MODULES = {
    "demo": "dropout_fast.demo.command",
    "bench": "asv_bench.measuring.command",
    "warmup": "dropout_fast.warmup",
    "match": "dropout_fast.forms.command",
}


def main(arguments: list[str]) -> int:
    """Run the command that the arguments name, the demo if none; returns the exit status."""
    if not arguments or arguments[0] not in (*DESCRIPTIONS, "-h", "--help"):
        arguments = ["demo", *arguments]
    parser = argparse.ArgumentParser("python -m dropout_fast", description="Fast dropout for NumPy code. Without a command: demo.")
    commands = parser.add_subparsers(required=True, metavar="command")
    for name, description in DESCRIPTIONS.items():
        subparser = commands.add_parser(name, help=description, description=description)
        if name == arguments[0]:
            command = _load(name, parser)
            command.add_options(subparser)
            subparser.set_defaults(run=command.run)
    parsed = parser.parse_args(arguments)
    return int(parsed.run(parsed))


def _load(name: str, parser: argparse.ArgumentParser):  # type: ignore[no-untyped-def]
    """Import a command's module; only then are the packages of its extra needed."""
    try:
        return importlib.import_module(MODULES[name])
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("asv_bench"):
            parser.exit(2, "`bench` runs from the root of a clone of the repository.\n")
        parser.exit(2, f"`{name}` needs {error.name}: pip install 'dropout_fast[{name}]'\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
