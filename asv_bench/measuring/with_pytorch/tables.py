"""The tables of dropout in PyTorch, for the terminal and for the documents."""

from typing import Any

from ..text_tables import Table, number, ratio, size_text


def tables(measured: dict[str, Any]) -> list[Table]:
    """Make the table of forward and backward alone, and that of a step of training."""
    return [_alone(measured["alone"]), _in_a_step(measured["in_a_step"])]


def _alone(rows: list[dict[str, Any]]) -> Table:
    names = list(rows[0]["ratios"])
    head = ["forward and backward by autograd, us", *rows[0]["microseconds"], *names]
    return [head] + [
        [
            f"{row['dtype']}, {size_text(row['size'])}, {_threads(row)}",
            *(number(us) for us in row["microseconds"].values()),
            *(ratio(row["ratios"][name]) for name in names),
        ]
        for row in rows
    ]


def _in_a_step(rows: list[dict[str, Any]]) -> Table:
    names = list(rows[0]["over_without"])
    head = ["a step of training, ms", *rows[0]["ms_a_step"], *(f"{name} / without" for name in names)]
    return [head] + [
        [
            f"{row['model']}, {_threads(row)}",
            *(number(ms) for ms in row["ms_a_step"].values()),
            *(f"{row['over_without'][name]:.3f}x" for name in names),
        ]
        for row in rows
    ]


def _threads(row: dict[str, Any]) -> str:
    return f"{row['threads']} thread{'s' if row['threads'] > 1 else ''}"
