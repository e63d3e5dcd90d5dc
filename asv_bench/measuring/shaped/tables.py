"""The table of shared masks and of regions, for the terminal and for the documents."""

from typing import Any

from ..text_tables import Table, ratio


def table(measured: dict[str, Any]) -> Table:
    """Times over those of the usual dropout of as many elements, in place."""
    head = [f"in place, over the usual dropout of as many elements; {measured['dtype']}", "forward", "backward"]
    return [head, *([row["name"], *(ratio(row["over_usual"][way]) for way in head[1:])] for row in measured["rows"])]
