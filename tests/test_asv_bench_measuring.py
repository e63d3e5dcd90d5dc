"""The benchmark command at its smallest; no test asserts a time."""

import ast
import json
import sys

import numpy as np
import pytest

import dropout_fast
from asv_bench.measuring import copies
from asv_bench.measuring.clock import median_ratio
from asv_bench.measuring.text_tables import size_text
from asv_bench.paths import ASV_BENCH
from dropout_fast.__main__ import main


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_command(dtype, tmp_path, capsys):
    written, plot = tmp_path / "bench.json", tmp_path / "bench.png"
    options = ["--sizes", "64,1Ki", "--dtype", dtype, "--keep-prob", "0.9", "--rounds", "2"]
    assert main(["bench", *options, "--json", str(written), "--plot", str(plot)]) == 0
    printed = capsys.readouterr().out
    measured = json.loads(written.read_text())
    assert [row["size"] for row in measured["rows"]] == [64, 1024]
    for row in measured["rows"]:
        assert all(value > 0 for kind in ("ns_per_element", "ratios") for value in row[kind].values())
        assert all(name in printed for kind in ("ns_per_element", "ratios") for name in row[kind])
    assert plot.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("arguments", [["--sizes", "0"], ["--sizes", "1Gi"], ["--keep-prob", "0"], ["--dtype", "int8"]])
def test_options_that_make_no_sense(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["bench", *arguments])
    assert stop.value.code == 2


def test_ratios_are_taken_within_a_round():
    assert median_ratio([2.0, 40.0, 6.0], [1.0, 10.0, 2.0]) == 3.0


def test_a_busy_machine_is_noticed():
    idle, busy = {"copy": [1.0, 1.0], "parallel copy": [0.5, 0.6]}, {"copy": [1.0, 1.0], "parallel copy": [4.0, 90.0]}
    assert copies.is_busy(busy) and not copies.is_busy(idle)


def test_sizes_in_words():
    assert [size_text(size) for size in (1000, 1024, 3 * 2**14, 2**20, 2**24)] == ["1000", "1 Ki", "48 Ki", "1 Mi", "16 Mi"]


def test_the_copies_copy():
    x = np.arange(100_003, dtype=np.float16)
    for copy in copies.copies(x, target := np.zeros_like(x)).values():
        target[:] = 0
        copy()
        assert np.array_equal(target, x)


def test_the_fair_copy_uses_as_many_threads_as_dropout():
    assert [copies.fair_copy(nbytes) for nbytes in (2**22 - 1, 2**22)] == ["copy", "parallel copy"]


def test_bench_away_from_a_clone(monkeypatch, capsys):
    for name in [name for name in sys.modules if name.startswith("asv_bench")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "asv_bench", None)  # makes the import fail
    with pytest.raises(SystemExit) as stop:
        main(["bench"])
    assert stop.value.code == 2
    assert capsys.readouterr().err == "`bench` runs from the root of a clone of the repository.\n"


def test_only_public_names_are_imported():
    """The measuring code and the benchmarks run on any commit's dropout_fast, whatever its modules are called."""
    public = {*dropout_fast.__all__, "reference"}
    files = [path for folder in ("measuring", "benchmarks", "gate") for path in (ASV_BENCH / folder).glob("*.py")]
    statements = [(path.name, node) for path in files for node in ast.walk(ast.parse(path.read_text()))]
    names = {(file, f"{n.module}.{a.name}") for file, n in statements if isinstance(n, ast.ImportFrom) for a in n.names}
    names |= {(file, a.name) for file, n in statements if isinstance(n, ast.Import) for a in n.names}
    ours = {(file, name) for file, name in names if name.split(".")[0] == "dropout_fast"}
    assert ("dropouts.py", "dropout_fast.reference") in ours
    assert not {(file, name) for file, name in ours if name not in {"dropout_fast", *(f"dropout_fast.{p}" for p in public)}}
