"""The outcome of a gate as a comment for a pull request: what it found in words, and one table, in Markdown."""

from ..measuring.text_tables import Table
from ..report import tables
from .verdict import Row, cells


def markdown(words: str, table: list[Row], second_look: list[Row]) -> str:
    """Write the outcome; the table is left out where nothing was measured.

    Parameters
    ----------
    words : str
        The outcome.
    table, second_look : list of Row
        What was measured, and what was measured a second time.
    """
    text = f"**{words}**\n"
    if table:
        text += f"\n{tables.markdown(with_second_look(table, second_look))}\n"
    return text


def with_second_look(table: list[Row], second_look: list[Row]) -> Table:
    """The table with a further column: head over base when it was measured again, if it was."""
    again = {(row.case, row.metric): row for row in second_look}
    head, *lines = cells(table)
    found = [["again", *head[-1:]]]
    for row, line in zip(table, lines, strict=True):
        second = again.get((row.case, row.metric))
        ratio = f"{second.head_over_base:.3f}" if second and second.head_over_base is not None else ""
        word = "not worse when measured again" if row.is_worse and second and not second.is_worse else line[-1]
        found.append([ratio, word])
    return [[*line[:-1], *ends] for line, ends in zip([head, *lines], found, strict=True)]
