"""`python -m asv_bench dashboard`: what asv has measured as pages that open from a disk, with no network."""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from . import offline, readme, summary, third_party

HERE = Path(__file__).parent
HTML = HERE / ".asv" / "html"


def run(arguments: argparse.Namespace) -> int:
    """Publish, complete, say where; the exit status is asv's, or 1 if something is missing."""
    if shutil.which("npm") is None:
        print("The page's scripts come from the npm registry, once: `npm` is not here. On Debian: apt-get install npm")
        return 1
    published = subprocess.run([sys.executable, "-m", "asv", "publish"], cwd=HERE, check=False)
    if published.returncode:
        return published.returncode
    third_party.place(HTML)
    offline.bundle(HTML)
    page = summary.write(HTML, readme.load(readme.BENCH))
    print(f"\nSummary, without scripts: {page}\nAll benchmarks: {HTML / 'index.html'}")
    return 0


def add_options(parser: argparse.ArgumentParser) -> None:
    """The command has none."""
