"""asv's page without a network, and the summary page."""

import argparse
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from asv_bench.dashboard import collect, command, offline, summary, third_party
from asv_bench.paths import ASV_BENCH


def test_all_that_asvs_page_loads_is_beside_it():
    asv = pytest.importorskip("asv")
    page = third_party.localised((Path(asv.__file__).parent / "www" / "index.html").read_text())
    assert page.count(third_party.FOLDER) == len(third_party.FILES)


def test_an_address_that_is_not_known():
    with pytest.raises(ValueError, match=r"new\.js"):
        third_party.localised('<script src="https://cdn.example/new.js" integrity="sha256-x" onerror="fail()"></script>')
    with pytest.raises(ValueError, match=r"new\.js"):
        third_party.localised('<script src="https://cdn.example/new.js"></script>')


def test_a_file_that_is_not_what_it_was(monkeypatch, tmp_path):
    monkeypatch.setattr(third_party, "PACKAGES", tmp_path)
    (tmp_path / "some@1.0").mkdir()
    (tmp_path / "some@1.0" / "a.js").write_text("changed")
    with pytest.raises(ValueError, match="SHA-256"):
        third_party.checked(third_party.File("some@1.0", "a.js", "0" * 64))


def test_a_table_as_html():
    table = [["size", "a & b"], ["1 Ki", "<1"]]
    assert summary.as_html(table) == ("<table><tr><th>size</th><th>a &amp; b</th></tr><tr><td>1 Ki</td><td>&lt;1</td></tr></table>")


COMMITS = 3
BENCHMARK = {
    "code": "",
    "name": summary.BENCHMARK,
    "param_names": ["engine", "dtype", "size", "keep_prob"],
    "params": [["'numpy'", "'fast'"], ["'float32'"], ["1024", "1048576"], ["0.5"]],
    "type": "track",
    "unit": "x a copy",
    "version": "1",
}


@pytest.fixture
def history(tmp_path):
    """A repository of three commits and asv's results for them: the last takes twice as long."""

    def git(*arguments):
        identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        done = subprocess.run(["git", *identity, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    git("init", "--quiet", "--initial-branch=main")
    bench = tmp_path / "asv_bench"
    results = bench / ".asv" / "results"
    (results / "box").mkdir(parents=True)
    shutil.copy(ASV_BENCH / "asv.conf.json", bench)
    (results / "benchmarks.json").write_text(json.dumps({"version": 2, summary.BENCHMARK: BENCHMARK}))
    machine = {"machine": "box", "arch": "x", "cpu": "x", "num_cpu": "2", "os": "x", "ram": "1"}
    (results / "box" / "machine.json").write_text(json.dumps(machine | {"version": 1}))
    for commit in range(COMMITS):
        git("commit", "--quiet", "--allow-empty", "--message", str(commit), "--date", f"2026-01-0{commit + 1}T00:00:00Z")
        sha, values = git("rev-parse", "HEAD"), [4.0, 3.0, 2.0 + 2.0 * (commit == COMMITS - 1), 1.5]
        result = {
            "commit_hash": sha,
            "env_name": "env",
            "date": 1_767_225_600_000 + 86_400_000 * commit,
            "params": machine | {"python": "3.11"},
            "python": "3.11",
            "requirements": {},
            "env_vars": {},
            "result_columns": ["result", "params", "version"],
            "results": {summary.BENCHMARK: [values, BENCHMARK["params"], "1"]},
            "durations": {},
            "version": 2,
        }
        (results / "box" / f"{sha[:8]}-env.json").write_text(json.dumps(result))
    return bench


@pytest.fixture
def from_others(history, tmp_path):
    """asv's results of another machine, which is half as fast, for the same commits."""
    results = history / ".asv" / "results"
    others = tmp_path / "from others"
    shutil.copytree(results, others)
    (others / "box").rename(others / "laptop")
    for file in (others / "laptop").glob("*.json"):
        found = json.loads(file.read_text())
        (found.get("params") or found)["machine"] = "laptop"
        if "results" in found:
            found["results"][summary.BENCHMARK][0] = [2 * value for value in found["results"][summary.BENCHMARK][0]]
        file.write_text(json.dumps(found))
    described = json.loads((others / "benchmarks.json").read_text())
    (others / "benchmarks.json").write_text(json.dumps(described | {"their.own": {}, summary.BENCHMARK: {}}))
    return others


def test_results_of_two_machines_are_collected(history, from_others, capsys, monkeypatch):
    results = history / ".asv" / "results"
    monkeypatch.setattr(collect, "RESULTS", results)
    for _ in range(2):  # again, with newer results
        assert collect.run(argparse.Namespace(folders=[from_others])) == 0
    assert "laptop" in capsys.readouterr().out
    assert {path.name for path in results.iterdir()} == {"box", "laptop", "benchmarks.json"}
    assert len([*(results / "laptop").iterdir()]) == len([*(results / "box").iterdir()]) == COMMITS + 1
    assert json.loads((results / "benchmarks.json").read_text()) == {
        "version": 2, "their.own": {}, summary.BENCHMARK: BENCHMARK,
    }  # fmt: skip


def test_another_machine_of_the_same_name_is_refused(history, from_others, monkeypatch, capsys):
    results = history / ".asv" / "results"
    monkeypatch.setattr(collect, "RESULTS", results)
    (from_others / "laptop").rename(from_others / "box")
    before = sorted((path, path.stat().st_mtime_ns) for path in results.rglob("*"))
    assert collect.run(argparse.Namespace(folders=[from_others])) == 1
    assert "asv machine --machine NAME" in capsys.readouterr().out
    assert sorted((path, path.stat().st_mtime_ns) for path in results.rglob("*")) == before


def test_a_folder_without_results_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(collect, "RESULTS", tmp_path / "results")
    assert collect.run(argparse.Namespace(folders=[tmp_path])) == 1
    assert "holds no results of asv" in capsys.readouterr().out and not (tmp_path / "results").exists()


def test_each_machine_has_its_picture(tmp_path):
    for machine, values in (("box", [4.0, 3.0, 2.0, 1.5]), ("laptop", [8.0, 6.0, 4.0, None])):
        folder = tmp_path / "graphs" / "arch-x" / f"machine-{machine}"
        folder.mkdir(parents=True)
        (folder / f"{summary.BENCHMARK}.json").write_text(json.dumps([[0, values]]))
    index = {"benchmarks": {summary.BENCHMARK: BENCHMARK}, "revision_to_hash": {"0": "abcdef012345"}}
    box, of_box, laptop, of_laptop = summary.pictures(tmp_path, index)
    assert (box, laptop) == ("<h3>box</h3>", "<h3>laptop</h3>") and of_box.startswith("<svg") and of_laptop.startswith("<svg")
    (path,) = tmp_path.glob("graphs/*/machine-laptop/*.json")
    assert [line.points for line in summary.lines([path], index)] == [{0: 8.0}, {0: 6.0}, {0: 4.0}]


def test_a_folder_for_the_pages_that_is_there_already_is_refused(tmp_path):
    parser = argparse.ArgumentParser()
    command.add_options(parser)
    assert parser.parse_args(["--out", str(tmp_path / "new")]).out == tmp_path / "new"
    with pytest.raises(SystemExit):
        parser.parse_args(["--out", str(tmp_path)])


@pytest.mark.skipif(not shutil.which("chromium") or not shutil.which("npm"), reason="needs chromium and npm")
def test_the_dashboard_in_a_browser_without_a_network(history, from_others, tmp_path, monkeypatch):
    pytest.importorskip("asv")
    monkeypatch.setattr(command, "ASV_BENCH", history)
    monkeypatch.setattr(command, "HTML", history / ".asv" / "html")
    shutil.copytree(from_others / "laptop", history / ".asv" / "results" / "laptop")
    pages = tmp_path / "pages"
    assert command.run(argparse.Namespace(out=pages)) == 0

    def shown(page):
        browser = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
        quiet = ["--disable-background-networking", "--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND"]
        profile = f"--user-data-dir={tmp_path / 'profile'}"
        address = f"file://{pages}/{page}"
        shown = [*browser, *quiet, profile, "--virtual-time-budget=8000", "--dump-dom", address]
        return subprocess.run(shown, capture_output=True, text=True, check=True, timeout=120).stdout

    assert summary.BENCHMARK in shown("index.html#/")
    graph = shown(f"index.html#{summary.BENCHMARK}")
    assert "flot-base" in graph and "No data for this combination" not in graph
    regressions = shown("index.html#/regressions")
    assert summary.BENCHMARK in regressions and "2.00x" in regressions
    page = shown("summary.html")
    assert page.count("<svg") == 2 and "laptop" in page and "fast, 1 Ki" in page and "best-effort NumPy forward" in page


def test_measurements_are_found_by_their_names(tmp_path):
    (tmp_path / "graphs" / "a-b").mkdir(parents=True)
    (tmp_path / "graphs" / "a-b" / "c.json").write_text("[[1, 2]]")
    (tmp_path / "index.html").write_text("<head></head>")
    offline.bundle(tmp_path)
    assert '{"graphs/a-b/c.json":[[1,2]]}' in (tmp_path / offline.NAME).read_text()
    assert offline.NAME in (tmp_path / "index.html").read_text()
