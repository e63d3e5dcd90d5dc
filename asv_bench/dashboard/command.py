"""`python -m asv_bench dashboard`: publish what asv has measured as pages that open from a disk, without a network."""

import argparse
import shutil
import subprocess
import sys

from ..paths import ASV_BENCH, PUBLISHED_RESULTS, WORKING_FILES
from ..report import tables
from . import offline, summary, third_party

#: Where asv publishes (`html_dir` in asv.conf.json).
HTML = WORKING_FILES / "html"


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns asv's exit status, or 1 if npm is missing."""
    if shutil.which("npm") is None:
        print("`npm` is missing. It downloads the page's scripts, once. On Debian: apt-get install npm")
        return 1
    published = subprocess.run([sys.executable, "-m", "asv", "publish"], cwd=ASV_BENCH, check=False)
    if published.returncode:
        return published.returncode
    third_party.place(HTML)
    offline.bundle(HTML)
    page = summary.write(HTML, tables.load(PUBLISHED_RESULTS / "bench.json"))
    print(f"\nSummary, without scripts: {page}\nAll benchmarks: {HTML / 'index.html'}")
    return 0


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options: none."""
