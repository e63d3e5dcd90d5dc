"""The command line ``python -m asv_bench``, for the root of a clone of the repository."""

import argparse
import importlib
import sys

#: For each command its module and its description.
COMMANDS = {
    "gate": (
        "gate.command",
        "compare two commits; exit status 0: not worse, 1: worse, 2: nothing measured, 3: could not build",
    ),
    "collect": ("dashboard.collect", "take in what asv has measured on other machines, for one dashboard of all"),
    "dashboard": ("dashboard.command", "publish what asv has measured as web pages that open without a network"),
    "report": ("report.command", "write the tables in README.md and asv_bench/README.md from the published results"),
    "once": ("checks.smoke", "run every benchmark once at its smallest size, without timing, to see whether it works"),
    "scatter": ("checks.noise", "measure how much the tracked ratios vary from process to process"),
}


def main(arguments: list[str]) -> int:
    """Run the command that the arguments name; returns the exit status."""
    parser = argparse.ArgumentParser("python -m asv_bench", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    for name, (module, description) in COMMANDS.items():
        subparser = commands.add_parser(name, help=description, description=description)
        if arguments[:1] == [name]:
            command = importlib.import_module(f"asv_bench.{module}")
            command.add_options(subparser)
            subparser.set_defaults(run=command.run)
    parsed = parser.parse_args(arguments)
    return int(parsed.run(parsed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
