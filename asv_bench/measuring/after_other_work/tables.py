"""The table of small calls after other work, for the terminal and for the documents."""

from typing import Any

from ..text_tables import Table, number, ratio


def table(measured: dict[str, Any]) -> Table:
    """Microseconds a call, and over NumPy's, by size."""
    rows = measured["rows"]
    corner = f"us a call after {measured['bytes_touched'] / 1e6:g} MB of other memory, and over NumPy's; {measured['dtype']}"
    head = [corner, *(f"{row['size']:,}" for row in rows)]
    return [head, *([name, *(_call(row, name) for row in rows)] for name in rows[0]["us_a_call"])]


def _call(row: dict[str, Any], name: str) -> str:
    microseconds = number(row["us_a_call"][name])
    return f"{microseconds}, {ratio(row['over_numpys'][name])}" if name in row["over_numpys"] else microseconds
