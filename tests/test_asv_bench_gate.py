"""The gate's verdicts on made-up times. Nothing is judged by the clock here."""

import argparse
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest

import dropout_fast
from asv_bench.gate import after_product, build, command, verdict, worker
from asv_bench.gate.verdict import Case, Status

ONE, TWO, AFTER_PRODUCT = Case(2**20, 1), Case(2**20, 2), Case(2**18, 2, verdict.AFTER_PRODUCT)


def times(head, base=1.0, copy=0.5, parallel_copy=0.25, rounds=5):
    """Seconds by name, on a machine that gets slower from round to round."""
    each = {"copy": copy, "parallel copy": parallel_copy, "base fast forward": base, "head fast forward": head}
    return {name: [seconds * 1.3**r for r in range(rounds)] for name, seconds in each.items() if seconds is not None}


def run(markdown=None):
    return command.run(argparse.Namespace(base="main~1", head="main", markdown=markdown))


def status(monkeypatch, *looks, markdown=None):
    """Run the gate on made-up measurements; `looks` are what it sees one after the other."""
    seen = iter(looks)
    monkeypatch.setattr(command.build, "build", lambda revision, side: None)
    monkeypatch.setattr(command, "measure", lambda folders, cases: [{ONE: look} for look in next(seen)])
    return run(markdown)


@pytest.mark.parametrize("case", verdict.FACTORS, ids=lambda case: f"{case.size}-{case.threads}-{case.place}")
def test_the_losses_that_must_be_found_are_found_and_no_others(case):
    must_be_found = {2**10: 1.3, 3 * 2**14: 1.3, 2**18: 1.3, 2**20: 1.1, 2**24: 1.3}[case.size]
    slower, same = (verdict.rows([{case: times(head)}, {case: times(head)}]) for head in (must_be_found, 1.0))
    assert verdict.status(slower, slower) == Status.WORSE and "WORSE" in verdict.text(slower)
    assert verdict.status(same, same) == Status.NOT_WORSE and "WORSE" not in verdict.text(same)


def test_not_worse(monkeypatch, capsys):
    assert status(monkeypatch, [times(1.04), times(1.02)]) == Status.NOT_WORSE == 0
    assert "not worse" in capsys.readouterr().out


def test_worse(monkeypatch, capsys):
    assert status(monkeypatch, [times(1.1), times(1.08)], [times(1.09)]) == Status.WORSE == 1
    printed = capsys.readouterr().out
    assert "WORSE: main is slower than main~1" in printed and "A second look" in printed


def test_faster_is_not_worse(monkeypatch):
    assert status(monkeypatch, [times(0.5)]) == Status.NOT_WORSE


def test_worse_by_chance_is_not_worse(monkeypatch):
    assert status(monkeypatch, [times(1.1)], [times(1.0)]) == Status.NOT_WORSE


def test_one_bad_process_of_three_is_chance(monkeypatch):
    assert status(monkeypatch, [times(1.0), times(1.5), times(1.01)]) == Status.NOT_WORSE


def test_nothing_measured_as_the_head_lost_it(monkeypatch, capsys):
    assert status(monkeypatch, [times(head=None)]) == Status.NOTHING_MEASURED == 2
    printed = capsys.readouterr().out
    assert "NOTHING WAS MEASURED" in printed and "not in the head" in printed


def test_nothing_measured_as_the_head_lost_one_metric_of_two(monkeypatch):
    assert status(monkeypatch, [times(1.0) | {"base fast backward": [1.0] * 5}]) == Status.NOTHING_MEASURED


def test_what_the_base_does_not_have_yet_is_new(monkeypatch, capsys):
    both = times(1.0) | {"head fast backward": [1.0] * 5}
    assert status(monkeypatch, [both]) == Status.NOT_WORSE
    assert "new" in capsys.readouterr().out


def test_nothing_measured_as_nothing_is_in_both(monkeypatch):
    assert status(monkeypatch, [times(1.0, base=None)]) == Status.NOTHING_MEASURED


def test_nothing_measured_as_a_process_failed(monkeypatch, capsys):
    monkeypatch.setattr(command.build, "build", lambda revision, side: None)

    def fail(folders, cases):
        raise subprocess.CalledProcessError(1, "worker.py")

    monkeypatch.setattr(command, "measure", fail)
    assert run() == Status.NOTHING_MEASURED
    assert "worker.py" in capsys.readouterr().err


@pytest.mark.parametrize("error", [build.BuildError("no wheel"), OSError("no wheel")])
def test_could_not_build(monkeypatch, capsys, error):
    def fail(revision, side):
        raise error

    monkeypatch.setattr(command.build, "build", fail)
    assert run() == Status.BUILD_FAILED == 3
    printed = capsys.readouterr().out
    assert "COULD NOT BUILD" in printed and "no wheel" in printed


def table_of(comment):
    """The cells of the one table in a comment."""
    lines = [line for line in comment.splitlines() if line.startswith("|")]
    assert set(lines[1]) <= set("|- ")
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in (lines[0], *lines[2:])]


def test_the_comment_has_the_words_and_one_table(monkeypatch, tmp_path):
    file = tmp_path / "comment.md"
    assert status(monkeypatch, [times(1.1), times(1.08)], [times(1.09)], markdown=file) == Status.WORSE
    comment = file.read_text()
    assert comment.startswith("**WORSE: main is slower than main~1 ")
    head, row = table_of(comment)
    assert len(head) == len(row)
    cells = dict(zip(head, row, strict=True))
    assert cells["metric"] == "fast forward" and cells["size"] == "1 Mi" and cells["head / base"] == "1.090"
    assert cells["again"] == "1.090" and cells[""] == "WORSE"


def test_the_comment_tells_what_was_chance(monkeypatch, tmp_path):
    file = tmp_path / "comment.md"
    assert status(monkeypatch, [times(1.1)], [times(1.0)], markdown=file) == Status.NOT_WORSE
    assert file.read_text().startswith("**not worse")
    assert table_of(file.read_text())[1][-2:] == ["1.000", "not worse when measured again"]


def test_the_comment_where_all_is_well_or_nothing_was_built(monkeypatch, tmp_path):
    file = tmp_path / "comment.md"
    assert status(monkeypatch, [times(1.0)], markdown=file) == Status.NOT_WORSE
    assert table_of(file.read_text())[1][-2:] == ["", ""]

    def fail(revision, side):
        raise build.BuildError("no wheel")

    monkeypatch.setattr(command.build, "build", fail)
    assert run(file) == Status.BUILD_FAILED
    assert file.read_text() == "**COULD NOT BUILD main~1 or main**\n"


def test_a_comment_that_cannot_be_written_is_refused_before_anything_is_measured(tmp_path):
    parser = argparse.ArgumentParser()
    command.add_options(parser)
    assert parser.parse_args(["a", "b", "--markdown", str(tmp_path / "c.md")]).markdown == tmp_path / "c.md"
    with pytest.raises(SystemExit):
        parser.parse_args(["a", "b", "--markdown", str(tmp_path / "no" / "c.md")])


@pytest.mark.parametrize("revision", ["no-such-branch", "--help", ""])
def test_a_revision_that_does_not_exist(revision):
    with pytest.raises(build.BuildError):
        build.commit_hash(revision)


def test_a_busy_machine_measures_nothing_on_two_threads():
    """Where other programs use the second core, every parallel launch waits equally long, and a ratio of 1 means nothing."""
    busy = verdict.rows([{TWO: times(1.0, base=1.0, copy=0.01, parallel_copy=1.0)}])
    assert verdict.status(busy, []) == Status.NOTHING_MEASURED and "machine busy" in verdict.text(busy)
    on_one_thread = verdict.rows([{ONE: times(1.0, base=1.0, copy=0.01, parallel_copy=1.0)}])
    assert verdict.status(on_one_thread, []) == Status.NOT_WORSE


def test_ratios_are_over_the_copy_on_as_many_threads():
    one, two = verdict.rows([{ONE: times(2.0), TWO: times(2.0)}])
    assert (one.head_over_copy, one.base_over_copy, one.head_over_base) == (4.0, 2.0, 2.0)
    assert (two.head_over_copy, two.base_over_copy, two.head_over_base) == (8.0, 4.0, 2.0)


def test_after_a_product_a_parallel_copy_that_waits_for_blas_does_not_make_the_machine_busy():
    (row,) = verdict.rows([{AFTER_PRODUCT: {name: t for name, t in times(2.0).items() if name != "parallel copy"}}])
    assert (row.head_over_copy, row.base_over_copy, row.head_over_base) == (4.0, 2.0, 2.0)


def test_after_a_product_both_commits_are_clocked(monkeypatch):
    monkeypatch.setattr(after_product, "ROUNDS", 2)
    seconds = worker.seconds({"base": dropout_fast, "head": dropout_fast}, 2**10, verdict.AFTER_PRODUCT)
    metrics = ("numpy out= forward", "fast in place forward", "fast in place backward")
    assert list(seconds) == ["copy", *(f"{side} {metric}" for metric in metrics for side in ("base", "head"))]
    assert all(len(rounds) == 2 and min(rounds) > 0 for rounds in seconds.values())


def test_after_a_product_a_commit_may_lack_what_came_later():
    x = np.ones((2, 3), np.float32)
    first = SimpleNamespace(dropout_forward=lambda x, dropout_param: (x, None))
    assert after_product.calls(first, x, x.copy()) == {}


def test_two_commits_packages_side_by_side(tmp_path):
    packages = []
    for side, value in (("base", 1), ("head", 2)):
        folder = tmp_path / side / "dropout_fast"
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text("from .inner import value\n")
        (folder / "inner.py").write_text(f"value = {value}\n")
        packages.append(worker.load_package(f"made_up_{side}", folder))
    assert [package.value for package in packages] == [1, 2]


def test_the_worker_imports_the_bases_package_and_not_the_working_trees(monkeypatch, tmp_path):
    """A stand-in for the base's package has no kernels, so importing the measuring code leaves a trace of it."""
    base = tmp_path / "dropout_fast"
    base.mkdir()
    (base / "__init__.py").write_text("import pathlib\npathlib.Path(__file__).with_name('imported').touch()\n")
    (base / "reference.py").write_text("")
    monkeypatch.setattr(command, "WORKER", (*command.WORKER[:-1], "asv_bench.measuring.dropouts"))
    with pytest.raises(ValueError):  # the stand-in prints no JSON
        command._worker({"base": tmp_path}, ("base",), 1, [])
    assert (base / "imported").exists()
