"""A commit as an installed package: built once, kept by its hash."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
KEPT = Path(__file__).parent / ".asv" / "gate"


class NotBuilt(Exception):
    """A commit that does not exist, or of which no wheel can be made."""


def build(revision: str, side: str) -> Path:
    """The folder in which the revision's wheel is installed, and nothing else.

    The dependencies are those of the Python that runs this, for both sides alike. The sides have folders of their
    own, so that neither meets the other's compiled kernels where both are of one commit.
    """
    folder = KEPT / f"{commit_hash(revision)}-{side}"
    if not folder.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=KEPT) as scratch:
            sources, installed = Path(scratch, "sources"), Path(scratch, "installed")
            sources.mkdir()
            archive = Path(scratch, "sources.tar")
            _run("git", "-C", str(ROOT), "archive", "--output", str(archive), commit_hash(revision))
            shutil.unpack_archive(archive, sources, filter="data")
            _run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(installed), str(sources))
            installed.rename(folder)
    return folder


def commit_hash(revision: str) -> str:
    """Of a branch, a tag, a short hash."""
    return _run("git", "-C", str(ROOT), "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").strip()


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotBuilt(f"{' '.join(command)}: exit status {done.returncode}\n{done.stderr.strip()}")
    return done.stdout
