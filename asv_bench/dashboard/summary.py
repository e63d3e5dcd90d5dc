"""Write a page that needs no scripts: the ratio to a copy by commit, and a table of all libraries today."""

import html
import io
import itertools
import json
from pathlib import Path
from typing import Any, NamedTuple

from ..measuring.text_tables import Table, size_text
from ..report import tables

#: The benchmark and the parameters that the picture shows.
BENCHMARK = "forward.ForwardCost.track_over_copy"
DTYPE, KEEP_PROB = "'float32'", "0.5"

STYLE = "body{font:15px sans-serif;max-width:75em;margin:2em auto;padding:0 1em}td,th{padding:.2em .7em;text-align:right}"
STYLE += "td:first-child,th:first-child{text-align:left}tr:nth-child(even){background:#f2f2f2}svg{width:100%;height:auto}"


class Line(NamedTuple):
    """One curve: the ratio by commit."""

    label: str
    engine: str
    points: dict[int, float]


def write(published: Path, measured: dict[str, Any]) -> Path:
    """Write summary.html from what asv has published and from a results file; returns its path."""
    index = json.loads((published / "index.json").read_text())
    parts = [
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>dropout_fast, tracked</title><style>{STYLE}</style>",
        "<h1>dropout_fast, tracked</h1>",
        "<h2>Forward over a copy of the same array, by commit</h2>",
        f"<p>float32, keep_prob {KEEP_PROB}; a copy on as many threads. Lower is better; 1 is the speed of a copy.</p>",
        *pictures(published, index),
        "<h2>Side by side</h2>",
        f"<p>{html.escape(tables.machine(measured))}</p>",
        as_html(tables.by_library(measured)),
        "<p><a href='index.html'>All benchmarks</a> (needs scripts, but no network).</p></html>",
    ]
    path = published / "summary.html"
    path.write_text("\n".join(parts))
    return path


def pictures(published: Path, index: dict[str, Any]) -> list[str]:
    """A picture for each machine that has measured the benchmark, under its name."""
    machines: dict[str, list[Path]] = {}
    for path in sorted(published.glob(f"graphs/**/{BENCHMARK}.json")):
        for part in path.parts:
            if part.startswith("machine-"):
                machines.setdefault(part.removeprefix("machine-"), []).append(path)
    parts: list[str] = []
    for name, paths in sorted(machines.items()):
        parts += [f"<h3>{html.escape(name)}</h3>", picture(lines(paths, index), index["revision_to_hash"])]
    return parts


def lines(paths: list[Path], index: dict[str, Any]) -> list[Line]:
    """Read one machine's curves, one for each engine and size, in the order of asv's parameters."""
    commits = [commit for path in paths for commit in json.loads(path.read_text())]
    benchmark = index["benchmarks"][BENCHMARK]
    curves: dict[tuple[str, str], dict[int, float]] = {}
    for revision, values in commits:
        for (engine, dtype, size, keep_prob), value in zip(itertools.product(*benchmark["params"]), values, strict=True):
            if dtype == DTYPE and keep_prob == KEEP_PROB and value is not None:
                curves.setdefault((engine.strip("'"), size), {})[revision] = value
    return [Line(f"{engine}, {size_text(int(size))}", engine, points) for (engine, size), points in curves.items()]


def picture(curves: list[Line], revision_to_hash: dict[str, str]) -> str:
    """Draw the curves as SVG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    revisions = sorted({revision for curve in curves for revision in curve.points})
    figure, axes = plt.subplots(figsize=(11, 5), layout="constrained")
    for curve in curves:
        measured = [revision for revision in revisions if revision in curve.points]
        places = [revisions.index(revision) for revision in measured]
        style = "-" if curve.engine == "fast" else "--"
        axes.plot(places, [curve.points[revision] for revision in measured], style, marker="o", markersize=4, label=curve.label)
    axes.axhline(1, color="black", linewidth=1)
    axes.set_yscale("log", base=2)
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_xticks(range(len(revisions)), [revision_to_hash[str(revision)][:7] for revision in revisions], rotation=60)
    axes.set(xlabel="commit", ylabel="times a copy")
    axes.grid(alpha=0.3)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    written = io.StringIO()
    figure.savefig(written, format="svg")
    plt.close(figure)
    return written.getvalue()[written.getvalue().index("<svg") :]


def as_html(table: Table) -> str:
    """Write a table as HTML."""
    head, *body = ([html.escape(cell) for cell in row] for row in table)
    rows = [f"<tr><th>{'</th><th>'.join(head)}</th></tr>", *(f"<tr><td>{'</td><td>'.join(row)}</td></tr>" for row in body)]
    return f"<table>{''.join(rows)}</table>"
