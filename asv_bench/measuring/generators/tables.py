"""The table of generators and forms, for the terminal and for the documents."""

from typing import Any

from ..text_tables import Table, number, size_text


def table(measured: dict[str, Any]) -> Table:
    """Times faster than the NumPy lines, forward and backward, by size: after a matrix product, and in a hot loop."""
    rows = measured["rows"]
    sizes = list(rows[0]["hot_loop"])
    places = {"after_product": "after a product", "hot_loop": "in a loop"}
    corner = f"times faster than the NumPy lines with the same generator, forward / backward; {measured['dtype']}"
    head = [corner, *(f"{size_text(int(size))}, {place}" for place in places.values() for size in sizes)]
    return [head, *([row["name"], *(_pair(row[key][size]) for key in places for size in sizes)] for row in rows)]


def _pair(ratios: dict[str, float]) -> str:
    return f"{number(ratios['forward'])} / {number(ratios['backward'])}"
