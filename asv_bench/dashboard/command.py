"""`python -m asv_bench dashboard`: publish what asv has measured as pages that open from a disk, without a network."""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

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
    if arguments.out:
        shutil.copytree(HTML, arguments.out)
        page = arguments.out / page.name
    print(f"\nSummary, without scripts: {page}\nAll benchmarks: {page.parent / 'index.html'}")
    return 0


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--out", metavar="FOLDER", type=_new, help="copy the pages there: a static folder, for any web server")


def _new(text: str) -> Path:
    path = Path(text)
    if path.exists():
        raise argparse.ArgumentTypeError(f"{path} is there already")
    return path
