"""Caches on disk: none, read-only, full, damaged, old, fought over; and no compilation at all."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import run_python
from test_narrow_cpus import DIGEST, FAST, PROGRAM

import dropout_fast

PACKAGE = Path(dropout_fast.__file__).parent

# Of long doubles the kernel that draws is the only one: the quickest to compile.
SMALL = """
import numpy as np, dropout_fast
out, mask = dropout_fast.dropout(np.ones(600, np.longdouble), 0.9, seed=1)
print(np.packbits(out > 0).tobytes().hex())
"""


@pytest.fixture(scope="module")
def expected():
    return run_python(SMALL)


@pytest.fixture
def install(tmp_path):
    """A copy of the package, as an installation of its own."""
    shutil.copytree(PACKAGE, tmp_path / "install" / "dropout_fast", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "install"


def run_install(install, program=SMALL, **environment):
    """Run the copy with these variables alone; returns what it printed, and that it said nothing else."""
    essentials = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    environment = essentials | {"PYTHONPATH": str(install), "HOME": str(install), "PYTHONDONTWRITEBYTECODE": "1"} | environment
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False, cwd=install)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def cached(folder):
    return sorted(folder.rglob("*.nb[ic]"))


def test_with_and_without_a_folder_of_the_users(install, tmp_path, expected):
    assert run_install(install) == expected
    assert {file.parent.name for file in cached(install)} == {"__pycache__"}
    assert run_install(install, NUMBA_CACHE_DIR=str(tmp_path / "elsewhere")) == expected
    assert cached(tmp_path / "elsewhere")


@pytest.mark.parametrize("writable_home", [True, False])
def test_a_read_only_install(install, tmp_path, expected, writable_home):
    (install / "dropout_fast" / "kernels" / "__pycache__").write_text("no folder can be made here, even by root")
    home = tmp_path / "home"
    home.mkdir() if writable_home else home.write_text("no folder either")
    assert run_install(install, HOME=str(home), XDG_CACHE_HOME=str(home / "cache")) == expected
    assert bool(cached(tmp_path)) == writable_home


@pytest.mark.skipif(sys.platform == "win32", reason="resource is POSIX's")
def test_a_full_disk(install, expected):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))\n"
    assert run_install(install, limit + SMALL) == expected  # the limit is one of files: a pipe is none
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
    "empty": lambda octets, middle: b"",
    "cut": lambda octets, middle: octets[:middle],
    "random": lambda octets, middle: np.random.default_rng(0).bytes(len(octets)),
    "zeros": lambda octets, middle: octets[:middle] + bytes(len(octets) - middle),  # after a loss of power
    "one byte": lambda octets, middle: octets[:middle] + bytes([octets[middle] ^ 255]) + octets[middle + 1 :],
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
    octets = file.read_bytes()
    for kind in kinds:
        damaged = DAMAGE[kind](octets, len(octets) // 2)
        file.write_bytes(damaged)
        assert run_install(install) == expected
        assert file.read_bytes() != damaged


def test_an_upgrade_of_a_helper_alone(install, expected):
    """New results, also where the index vouches for old data, as a process leaves it that ended before writing its own."""
    run_install(install)
    (data,) = (file for file in cached(install) if file.suffix == ".nbc")
    old = data.read_bytes()
    file = install / "dropout_fast" / "kernels" / "threefry.py"
    file.write_text(file.read_text().replace("0x1BD11BDAA9FC1A22", "0x1BD11BDAA9FC1A23"))
    fresh = run_install(install)
    assert fresh != expected
    data.write_bytes(old)
    assert run_install(install) == fresh


@pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=pytest.mark.long)])
def test_two_cold_processes_at_once(install, tmp_path, expected, rounds):
    for number in range(rounds):
        environment = {**os.environ, "PYTHONPATH": str(install), "NUMBA_CACHE_DIR": str(tmp_path / str(number))}
        command = [sys.executable, "-W", "error", "-c", SMALL]
        pair = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        assert [process.communicate()[0] for process in pair] == [expected] * 2
        assert run_python(SMALL, **environment) == expected


def test_without_compilation(expected):
    assert run_python(SMALL, NUMBA_DISABLE_JIT="1") == expected
    assert run_python(FAST, NUMBA_DISABLE_JIT="1") == DIGEST + "\n"
    assert run_python(PROGRAM, NUMBA_DISABLE_JIT="1") == "same bits\n"


def test_without_compilation_it_is_the_definition():
    program = """
import numpy as np, dropout_fast, stream_oracle
from dropout_fast import jit
dropout_fast.warmup()
for size, keep_prob, offset in (
    (0, 0.5, 0), (5, 0.5, 7), (1500, 0.9, 32768 - 600), (700, 1 / 3, 2**40 + 77), (700, 1.0, 5), (700, 0.0, 5), (33_000, 0.25, 0)
):
    x = np.ones(size, np.float32)
    out, mask = dropout_fast.dropout(x, keep_prob, seed=2**63 + 1, step=3, offset=offset)
    assert np.array_equal(out != 0, stream_oracle.keep_bits(size, keep_prob, 2**63 + 1, 3, offset)), (size, keep_prob)
    bits, again = jit.empty_bits(size, offset), np.empty_like(x)
    jit.dropout_parallel(x, keep_prob, 2**63 + 1, 3, offset, bits, again)
    assert again.tobytes() == out.tobytes()
    jit.apply(x, keep_prob, offset, bits, again)
    assert again.tobytes() == out.tobytes()
for x, out in ((np.ones(9)[::2], np.ones(5)), (np.ones(5), np.ones(5, np.float32))):
    try:
        jit.apply(x, 0.5, 0, jit.empty_bits(5), out)
    except TypeError as error:
        print(error)
"""
    assert run_python(program, NUMBA_DISABLE_JIT="1").count("`out`") == 2
