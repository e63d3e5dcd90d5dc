"""The benchmark command at its smallest; no test asserts a time."""

import json

import pytest

from dropout_fast.__main__ import main
from dropout_fast.bench.clock import median_ratio
from dropout_fast.bench.columns import is_busy
from dropout_fast.bench.report import size_text


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


def test_a_busy_machine_is_told():
    idle, busy = {"copy": [1.0, 1.0], "parallel copy": [0.5, 0.6]}, {"copy": [1.0, 1.0], "parallel copy": [4.0, 90.0]}
    assert is_busy(busy) and not is_busy(idle)


def test_sizes_in_words():
    assert [size_text(size) for size in (1000, 1024, 3 * 2**14, 2**20, 2**24)] == ["1000", "1 Ki", "48 Ki", "1 Mi", "16 Mi"]
