"""Kernels on disk: the next process loads them, and results stay right where the cache cannot be written or is damaged or old."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import internals
import numpy as np
import pytest
from helpers import command_of, printed_by, run_program, start_program

import dropout_fast

PACKAGE = Path(dropout_fast.__file__).parent


@pytest.fixture(scope="module")
def expected():
    return run_program("few_bits")


@pytest.fixture
def install(tmp_path):
    """A folder with a copy of the package, so that its cache is its own."""
    shutil.copytree(PACKAGE, tmp_path / "install" / "dropout_fast", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "install"


def run_install(install, *arguments, **environment):
    """Run few_bits.py on the copy with these variables alone; returns what it printed, and checks that it warned of nothing."""
    essentials = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    environment = essentials | {"PYTHONPATH": str(install), "HOME": str(install), "PYTHONDONTWRITEBYTECODE": "1"} | environment
    command = command_of("few_bits", *arguments)
    command[1:1] = ["-W", "error"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False, cwd=install)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def cached(folder):
    return sorted(folder.rglob("*.nb[ic]"))


def test_a_second_process_compiles_nothing():
    """Two processes share a cache; each calls one forward of each engine, serial and parallel."""
    run_program("compiled_or_loaded")
    loaded = [f"{kernel}: loaded 1" for kernel in ("fast serial", "fast parallel", "numpy serial", "numpy parallel")]
    assert run_program("compiled_or_loaded").splitlines() == [*loaded, "compiled:"]


def test_numba_s_private_names_are_not_needed():
    assert run_program("without_private_names") == "right\n"


def test_a_kernel_is_called_through_its_dispatcher_where_numba_shows_no_entry_point():
    class Dispatcher:
        overloads = {"signature": object()}  # noqa: RUF012

    for dispatcher in (Dispatcher(), len):
        assert internals.without_dispatcher(dispatcher) is dispatcher


def test_the_address_of_a_kernel_without_numba_s_private_names():
    """Such a kernel is compiled once more, as a callback: parallel kernels call either."""

    class Dispatcher:
        def __init__(self, of):
            self.overloads, self.nopython_signatures, self.py_func = {0: None}, of.nopython_signatures, of.py_func

    count_call = internals.kernel_that_counts_calls()
    calls = np.zeros(1)
    count_call(calls)
    for dispatcher in (count_call, Dispatcher(count_call)):
        internals.call_compiled(internals.address_of_kernel(dispatcher), calls)
    assert calls == [3]


def test_with_and_without_a_folder_of_the_users(install, tmp_path, expected):
    assert run_install(install) == expected
    assert {file.parent.name for file in cached(install)} == {"__pycache__"}
    assert run_install(install, NUMBA_CACHE_DIR=str(tmp_path / "elsewhere")) == expected
    assert cached(tmp_path / "elsewhere")


@pytest.mark.parametrize("writable_home", [True, False])
def test_a_read_only_install(install, tmp_path, expected, writable_home):
    for folder in internals.kernel_folders(install / "dropout_fast"):
        (folder / "__pycache__").write_text("no folder can be made here, even by root")
    home = tmp_path / "home"
    home.mkdir() if writable_home else home.write_text("no folder either")
    assert run_install(install, HOME=str(home), XDG_CACHE_HOME=str(home / "cache")) == expected
    assert bool(cached(tmp_path)) == writable_home


@pytest.mark.skipif(sys.platform == "win32", reason="resource is POSIX's")
def test_a_full_disk(install, expected):
    assert run_install(install, "--largest-file", 9000) == expected
    assert run_install(install) == expected


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting takes root")
def test_a_full_disk_of_its_own(install, tmp_path, expected):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", disk], capture_output=True, check=False).returncode:
        pytest.skip("may not mount")
    try:
        assert run_install(install, NUMBA_CACHE_DIR=str(disk)) == expected
    finally:
        subprocess.run(["umount", disk], check=True)


DAMAGE = {
    "empty": lambda content, middle: b"",
    "cut": lambda content, middle: content[:middle],
    "random": lambda content, middle: np.random.default_rng(0).bytes(len(content)),
    "zeros": lambda content, middle: content[:middle] + bytes(len(content) - middle),  # as a loss of power may leave it
    "one byte": lambda content, middle: content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :],
}


@pytest.mark.parametrize(
    ("suffix", "kinds"),
    [
        (".nbi", ["empty", "cut"]),
        (".nbc", ["cut", "one byte"]),
        *(pytest.param(suffix, list(DAMAGE), marks=pytest.mark.long) for suffix in (".nbi", ".nbc")),
    ],
)
def test_a_damaged_file_is_written_anew(install, expected, suffix, kinds):
    run_install(install)
    (file,) = (file for file in cached(install) if file.suffix == suffix)
    content = file.read_bytes()
    for kind in kinds:
        damaged = DAMAGE[kind](content, len(content) // 2)
        file.write_bytes(damaged)
        assert run_install(install) == expected
        assert file.read_bytes() != damaged


def test_an_upgrade_of_a_helper_alone(install, expected):
    """The new code is used, even where the new index points to old data, as it does if a process ends between writing the two."""
    run_install(install)
    (data,) = (file for file in cached(install) if file.suffix == ".nbc")
    old = data.read_bytes()
    internals.change_a_helper(install / "dropout_fast")
    fresh = run_install(install)
    assert fresh != expected
    data.write_bytes(old)
    assert run_install(install) == fresh


@pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=pytest.mark.long)])
def test_two_cold_processes_at_once(install, tmp_path, expected, rounds):
    for number in range(rounds):
        environment = {"PYTHONPATH": str(install), "NUMBA_CACHE_DIR": str(tmp_path / str(number))}
        pair = [start_program("few_bits", **environment) for _ in range(2)]
        assert [printed_by(process) for process in pair] == [expected] * 2
        assert run_program("few_bits", **environment) == expected
