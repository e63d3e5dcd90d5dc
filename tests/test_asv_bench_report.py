"""The documents' tables are those of the results files."""

import argparse
import json

import pytest

from asv_bench.measuring.in_step import tables as tables_in_step
from asv_bench.report import command, tables


@pytest.mark.parametrize("document", command.DOCUMENTS, ids=lambda path: path.parent.name + "-" + path.name)
def test_the_tables_in_the_documents_are_those_of_the_results_files(document):
    text = document.read_text()
    replaced, found = command.replaced(text, command.DOCUMENTS[document]())
    assert found and replaced == text, "run: python -m asv_bench report"


@pytest.fixture
def results(monkeypatch, tmp_path):
    """A folder of results files with figures that no other file has."""
    measured = tables.load(command.PUBLISHED_RESULTS / command.RESULTS)
    measured = {key: value for key, value in measured.items() if key not in ("in_step", "after_other_work", "generators")}
    measured["rows"][0]["ns_per_element"]["fast forward"] = 98.76
    measured["rows"][-1]["ratios"]["reference forward / fast forward"] = 54.32
    measured["small_calls"]["microseconds"]["dropout of 16"] = 87.65
    narrower = measured | {"machine": measured["machine"] | {"NUMBA_CPU_NAME": "generic"}}
    one_thread = measured | {"machine": measured["machine"] | {"threads": 1}, "rows": measured["rows"][-1:]}
    for name, file in {"bench.json": measured, "bench-generic.json": narrower, "threads-1.json": one_thread}.items():
        (tmp_path / name).write_text(json.dumps(file))
    monkeypatch.setattr(command, "PUBLISHED_RESULTS", tmp_path)
    return measured, one_thread


def test_the_command_writes_the_figures_of_the_files(results, monkeypatch, tmp_path):
    short, full = tmp_path / "short.md", tmp_path / "full.md"
    for document in (short, full):
        document.write_text(f"before\n{command.START}old\n{command.END}after\n")
    monkeypatch.setattr(command, "DOCUMENTS", {short: command.short_figures, full: command.full_figures})
    for _ in range(2):
        assert command.run(argparse.Namespace()) == 0
    assert short.read_text() == f"before\n{command.START}{command.short_figures()}{command.END}after\n"
    assert full.read_text() == f"before\n{command.START}{command.full_figures()}{command.END}after\n"
    assert "| 54.3x |" in short.read_text() and "in a hot loop" in short.read_text()
    assert "| 98.8 |" in full.read_text() and "| 87.65 |" in full.read_text() and "| generic |" in full.read_text()


@pytest.fixture
def results_in_step(results):
    """The same files, with the parts that a training step sees."""
    dropouts = {label: 100.0 * k - 1.5 for k, (label, _) in enumerate(tables_in_step.SHORT_COLUMNS)}
    tax = {way: dropouts[label] for label, way in tables_in_step.SHORT_COLUMNS}
    calls = {
        "copy": "copy",
        "us_a_call": dict.fromkeys(("copy", *tax), 123.4),
        "over_copy": dict.fromkeys(tax, 1.25),
        "times_faster_than_numpys": dict.fromkeys(list(tax)[1:], 31.0),
    }
    row = {"net": "128x64x512", "dtype": "float32", "blas_threads": 2, "forward": calls, "backward": calls, "tax": tax}
    row["ms_a_step"] = {"without dropout": 0.5, **dict.fromkeys(tax, 0.75)}
    fused = {"ms_a_step": {"fused, in place": 0.625}, "over_without": 0.97, "over_dropout_alone": {"forward": 1.5, "backward": 1.6}}
    by_size = {"1024": {"forward": 12.34, "backward": 2.5}}
    small = {"size": 2000, "us_a_call": {"np.multiply": 4.25, "mode test": 4.5}, "over_numpys": {"mode test": 1.75}}
    measured = results[0] | {
        "in_step": [row | {"blas_threads": 1}, row | {"fused": fused}],
        "after_other_work": {"dtype": "float64", "bytes_touched": 12_000_000, "rows": [small]},
        "generators": {"dtype": "float32", "rows": [{"name": "PCG64", "after_product": by_size, "hot_loop": by_size}]},
    }
    measured["settings"] = measured["settings"] | {"steps": 17}
    (command.PUBLISHED_RESULTS / command.RESULTS).write_text(json.dumps(measured))


def test_what_a_training_step_sees_comes_first_if_it_was_measured(results_in_step):
    short, full = command.short_figures(), command.full_figures()
    assert "| 128x64x512 | -1.5 % | +98 % | +198 % |" in short and "BLAS on 2 threads" in short and "17 rounds" in short
    assert "hot loop" not in short and "BLAS on 1 thread " not in short
    assert (
        full.index("| 0.750, -1.5 % |")
        < full.index("| 4.50, 1.75x |")
        < full.index("| 12.3 / 2.50 |")
        < full.index("In a hot loop: ")
        < full.index("| 98.8 |")
    )
    assert full.count("bias, ReLU and dropout fused") == 1 and "| 0.625 |" in full and "| 0.97x |" in full and "| 1.60x |" in full
    assert "| 1.25x |" in full and "| 31.0x |" in full and "after 12 MB of other memory" in full


def test_without_those_parts_the_hot_loop_is_all(results):
    assert "in a hot loop" in command.short_figures() and "training step" not in command.short_figures()
    assert "In a hot loop: " not in command.full_figures()


def test_a_document_without_a_place_for_figures(monkeypatch, tmp_path, capsys):
    document = tmp_path / "page.md"
    document.write_text("no comments")
    monkeypatch.setattr(command, "DOCUMENTS", {document: command.short_figures})
    assert command.run(argparse.Namespace()) == 1
    assert document.read_text() == "no comments" and "page.md has no line" in capsys.readouterr().out


def test_the_short_table_has_one_row_a_function_and_one_column_a_size(results):
    head, *rows = tables.short(results[0])
    assert head[1:] == ["16 Ki", "1 Mi", "16 Mi"]
    assert [len(row) for row in rows] == [4] * 6 and all(cell for row in rows for cell in row)


def test_only_numbers_of_threads_that_were_measured_are_in_the_table(results):
    measured, one_thread = results
    head, *rows = tables.scaling([measured, one_thread])
    assert head[1:] == ["16 Mi"] and [row[0] for row in rows] == ["1", "2"]
    ours, ratio = (one_thread["rows"][0][kind] for kind in ("ns_per_element", "ratios"))
    assert rows[0][1] == f"{ours[tables.SCALED]:.3f} ns, {ratio[f'reference forward / {tables.SCALED}']:.1f}x"


def test_markdown():
    assert tables.markdown([["size", "a & b"], ["1 Ki", "<1"]]) == "| size | a & b |\n| --- | --- |\n| 1 Ki | <1 |"
