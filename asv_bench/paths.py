"""Folders that several modules use."""

from pathlib import Path

#: The folder of `asv.conf.json`. asv has to run here.
ASV_BENCH = Path(__file__).parent

REPOSITORY = ASV_BENCH.parent

#: The results files whose figures the documents show, written by `python -m dropout_fast bench --json`.
PUBLISHED_RESULTS = ASV_BENCH / "published_results"

#: What git ignores: asv's results and environments, the gate's builds, the dashboard's scripts.
WORKING_FILES = ASV_BENCH / ".asv"
