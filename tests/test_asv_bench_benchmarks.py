"""asv measures the dropout_fast that it installed, with the working tree's measuring code."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from asv_bench.paths import ASV_BENCH, REPOSITORY

PROGRAM = Path(__file__).parent / "asv_discovery.py"

#: As setuptools writes it for an editable install: Python asks this finder after all folders of sys.path.
EDITABLE = """
import sys
from importlib.util import spec_from_file_location


class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "dropout_fast":
            return spec_from_file_location(name, {file!r}, submodule_search_locations=[{folder!r}])


sys.meta_path.append(Finder)
"""


@pytest.mark.parametrize("editable", [False, True])
def test_the_installed_package_wins_over_the_working_trees(editable, tmp_path):
    installed = tmp_path / "installed" / "dropout_fast"
    shutil.copytree(REPOSITORY / "dropout_fast", installed, ignore=shutil.ignore_patterns("__pycache__"))
    arguments = [str(PROGRAM), str(ASV_BENCH / "benchmarks")]
    if editable:
        install = EDITABLE.format(file=str(installed / "__init__.py"), folder=str(installed))
    else:
        install = f"import sys; sys.path.append({str(installed.parent)!r})"
    # The virtual environment may hold an editable install of its own, whose finder must not answer.
    remove = "import sys; sys.meta_path = [f for f in sys.meta_path if '_EditableFinder' not in repr(f)]"
    run = f"{remove}\n{install}\nimport runpy\nsys.argv = {arguments!r}\nrunpy.run_path({str(PROGRAM)!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-P", "-c", run], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(installed / "__init__.py"), str(ASV_BENCH / "__init__.py")]
