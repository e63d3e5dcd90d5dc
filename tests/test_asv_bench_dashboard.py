"""asv's page without a network, and the summary page."""

import argparse
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from asv_bench.dashboard import command, offline, summary, third_party
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


@pytest.mark.skipif(not shutil.which("chromium") or not shutil.which("npm"), reason="needs chromium and npm")
def test_the_dashboard_in_a_browser_without_a_network(history, tmp_path, monkeypatch):
    pytest.importorskip("asv")
    monkeypatch.setattr(command, "ASV_BENCH", history)
    monkeypatch.setattr(command, "HTML", history / ".asv" / "html")
    assert command.run(argparse.Namespace()) == 0

    def shown(page):
        browser = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
        quiet = ["--disable-background-networking", "--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND"]
        profile = f"--user-data-dir={tmp_path / 'profile'}"
        address = f"file://{command.HTML}/{page}"
        shown = [*browser, *quiet, profile, "--virtual-time-budget=8000", "--dump-dom", address]
        return subprocess.run(shown, capture_output=True, text=True, check=True, timeout=120).stdout

    assert summary.BENCHMARK in shown("index.html#/")
    graph = shown(f"index.html#{summary.BENCHMARK}")
    assert "flot-base" in graph and "No data for this combination" not in graph
    regressions = shown("index.html#/regressions")
    assert summary.BENCHMARK in regressions and "2.00x" in regressions
    page = shown("summary.html")
    assert "<svg" in page and "fast, 1 Ki" in page and "best-effort NumPy forward" in page


def test_measurements_are_found_by_their_names(tmp_path):
    (tmp_path / "graphs" / "a-b").mkdir(parents=True)
    (tmp_path / "graphs" / "a-b" / "c.json").write_text("[[1, 2]]")
    (tmp_path / "index.html").write_text("<head></head>")
    offline.bundle(tmp_path)
    assert '{"graphs/a-b/c.json":[[1,2]]}' in (tmp_path / offline.NAME).read_text()
    assert offline.NAME in (tmp_path / "index.html").read_text()
