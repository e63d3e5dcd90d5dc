"""The command line: ``python -m asv_bench gate | dashboard | once | scatter``, from the repository's root."""

import argparse
import importlib
import sys

DESCRIPTIONS = {
    "gate": "compare two commits; exit status 0 not worse, 1 worse, 2 nothing was measured, 3 could not build",
    "dashboard": "publish what asv has measured as pages that open without a network",
    "readme": "write the figures of bench.json into the README",
    "once": "run every benchmark once at its smallest size; nothing is timed",
    "scatter": "what chance does to each tracked ratio, from process to process",
}


def main(arguments: list[str]) -> int:
    """Run the command that the arguments name; returns the exit status."""
    parser = argparse.ArgumentParser("python -m asv_bench", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    for name, description in DESCRIPTIONS.items():
        subparser = commands.add_parser(name, help=description, description=description)
        if arguments[:1] == [name]:
            command = importlib.import_module(f"asv_bench.{name}")
            command.add_options(subparser)
            subparser.set_defaults(run=command.run)
    parsed = parser.parse_args(arguments)
    return int(parsed.run(parsed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
