"""Build a commit's wheel and install it in a folder of its own, once for each commit."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ..paths import REPOSITORY, WORKING_FILES

BUILDS = WORKING_FILES / "gate"


class BuildError(Exception):
    """The commit does not exist, or no wheel can be built from it."""


def build(revision: str, side: str) -> Path:
    """Return the folder in which the revision's package is installed without its dependencies, and build it if needed.

    Both sides use the dependencies of the Python that runs the gate. Each side has a folder of its own, because a commit that
    is compared with itself must not load the kernels that the other side compiled.
    """
    folder = BUILDS / f"{commit_hash(revision)}-{side}"
    if not folder.exists():
        BUILDS.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=BUILDS) as scratch:
            sources, installed = Path(scratch, "sources"), Path(scratch, "installed")
            sources.mkdir()
            archive = Path(scratch, "sources.tar")
            _run("git", "-C", str(REPOSITORY), "archive", "--output", str(archive), commit_hash(revision))
            shutil.unpack_archive(archive, sources, filter="data")
            _run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(installed), str(sources))
            installed.rename(folder)
    return folder


def commit_hash(revision: str) -> str:
    """Return the full hash of a branch, a tag or a short hash."""
    options = ("--verify", "--quiet", "--end-of-options")
    return _run("git", "-C", str(REPOSITORY), "rev-parse", *options, f"{revision}^{{commit}}").strip()


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{' '.join(command)}: exit status {done.returncode}\n{done.stderr.strip()}")
    return done.stdout
