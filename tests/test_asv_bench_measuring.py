"""The benchmark command at its smallest; no test asserts a time."""

import argparse
import ast
import json
import os
import sys
from contextlib import nullcontext
from functools import partial

import numpy as np
import pytest

import dropout_fast
from asv_bench.measuring import command, copies, hot_loop, startup
from asv_bench.measuring.after_other_work import measure as after_other_work
from asv_bench.measuring.clock import median_ratio, seconds_after
from asv_bench.measuring.generators import measure as generators
from asv_bench.measuring.in_step import turns, ways
from asv_bench.measuring.shaped import measure as shaped
from asv_bench.measuring.text_tables import size_text
from asv_bench.measuring.with_pytorch import measure as with_pytorch
from asv_bench.paths import ASV_BENCH
from dropout_fast.__main__ import main


@pytest.fixture
def quick(monkeypatch):
    """Let functions run for a moment, and all have one dtype. One process starts twice, and finds the kernels compiled."""
    monkeypatch.setattr(command, "_in_a_process", lambda part, arguments: command._measure(arguments, [part]))
    monkeypatch.setattr(hot_loop, "STARTS", 1)
    monkeypatch.setattr(startup.tempfile, "TemporaryDirectory", lambda: nullcontext(os.environ["NUMBA_CACHE_DIR"]))
    monkeypatch.setattr(hot_loop, "BLOCK", 1e-5)
    monkeypatch.setattr(turns, "MOST_STEPS", 2)
    monkeypatch.setattr(after_other_work, "SIZES", (10, 64))
    monkeypatch.setattr(after_other_work, "BYTES_TOUCHED", 8000)
    monkeypatch.setattr(after_other_work, "DTYPE", "float32")
    monkeypatch.setattr(generators, "SIZES", (10, 64))
    monkeypatch.setattr(generators, "BLOCK", 1e-5)
    monkeypatch.setattr(generators, "matrix_product", lambda: int)
    monkeypatch.setattr(with_pytorch, "is_possible", lambda: False)
    few = shaped.Case((4, 6), {"noise_shape": (4, 1)}), shaped.Case((4, 6), {"region": ((9, 9), ((1, 5), (2, 8)))})
    monkeypatch.setattr(shaped, "CASES", dict(zip(("a shared mask", "a region"), few, strict=True)))
    monkeypatch.setattr(shaped, "BLOCK", 1e-5)


def test_the_command(quick, tmp_path, capsys):
    written, plot = tmp_path / "bench.json", tmp_path / "bench.png"
    options = ["--sizes", "64,1Ki", "--keep-prob", "0.9", "--rounds", "1", "--nets", "4x3x5,6x2x8", "--steps", "2"]
    assert main(["bench", *options, "--json", str(written), "--plot", str(plot)]) == 0
    printed = capsys.readouterr().out
    measured = json.loads(written.read_text())
    assert [row["size"] for row in measured["rows"]] == [64, 1024]
    for row in measured["rows"]:
        assert all(value > 0 for kind in ("ns_per_element", "ratios") for value in row[kind].values())
        assert all(name in printed for kind in ("ns_per_element", "ratios") for name in row[kind])
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert {row["net"] for row in measured["in_step"]} == {"4x3x5", "6x2x8"}
    for row in measured["in_step"]:
        assert row["tax"].keys() == row["ms_a_step"].keys() - {ways.WITHOUT}
        assert all(name in printed and ms > 0 for steps in (row, row["fused"]) for name, ms in steps["ms_a_step"].items())
    assert [row["size"] for row in measured["after_other_work"]["rows"]] == [10, 64]
    assert all(name in printed for name in after_other_work.COMPARED_WITH)
    assert {row["name"] for row in measured["generators"]["rows"]} == generators.cases().keys()
    assert all(name in printed for name in generators.cases())


@pytest.mark.parametrize(
    "part, key", [("in-step", "in_step"), ("after-other-work", "after_other_work"), ("generators", "generators")]
)
def test_one_part_only(part, key, quick, tmp_path, capsys):
    written = tmp_path / "bench.json"
    options = ["--rounds", "1", "--nets", "4x3x5", "--steps", "1", "--json", str(written)]
    assert main(["bench", "--only", part, "--only", part, *options]) == 0
    assert json.loads(written.read_text()).keys() == {"machine", "settings", key}
    assert "hot loop" not in capsys.readouterr().out


def test_a_part_in_a_process_of_its_own(monkeypatch):
    monkeypatch.chdir(ASV_BENCH.parent)
    parser = argparse.ArgumentParser()
    command.add_options(parser)
    measured = command._in_a_process("in-step", parser.parse_args(["--nets", "4x3x5", "--steps", "1"]))
    assert {row["net"] for row in measured["in_step"]} == {"4x3x5"}


def test_the_plot_needs_the_hot_loop(tmp_path, capsys):
    assert main(["bench", "--only", "in-step", "--plot", str(tmp_path / "plot.png")]) == 2
    assert "--plot" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["--sizes", "0"],
        ["--sizes", "1Gi"],
        ["--keep-prob", "0"],
        ["--dtype", "int8"],
        ["--only", "all"],
        ["--nets", "4x3"],
        ["--nets", "4x3x0"],
        ["--steps", "0"],
    ],
)
def test_options_that_make_no_sense(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["bench", *arguments])
    assert stop.value.code == 2


def test_ratios_are_taken_within_a_round():
    assert median_ratio([2.0, 40.0, 6.0], [1.0, 10.0, 2.0]) == 3.0


def test_each_clocked_call_follows_other_work_and_the_order_turns_round():
    called = []
    functions = {name: partial(called.append, name) for name in ("a", "b")}
    times = seconds_after(partial(called.append, "work"), functions, rounds=2, calls=2)
    assert called[::2] == ["work"] * 8 and called[1::2] == [*"aabb", *"bbaa"]
    assert all(len(seconds) == 2 and min(seconds) > 0 for seconds in times.values())


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
    public = {*dropout_fast.__all__, "reference", "torch.dropout", "torch.replace_dropout", "dask.dropout"}
    files = [path for folder in ("measuring", "benchmarks", "gate") for path in (ASV_BENCH / folder).rglob("*.py")]
    statements = [(path.name, node) for path in files for node in ast.walk(ast.parse(path.read_text()))]
    names = {(file, f"{n.module}.{a.name}") for file, n in statements if isinstance(n, ast.ImportFrom) for a in n.names}
    names |= {(file, a.name) for file, n in statements if isinstance(n, ast.Import) for a in n.names}
    ours = {(file, name) for file, name in names if name.split(".")[0] == "dropout_fast"}
    assert ("dropouts.py", "dropout_fast.reference") in ours
    assert not {(file, name) for file, name in ours if name not in {"dropout_fast", *(f"dropout_fast.{p}" for p in public)}}
