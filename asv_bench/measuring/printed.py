"""All results as text for a terminal."""

from typing import Any

from .after_other_work.tables import table as table_after_other_work
from .generators.tables import table as table_of_generators
from .in_step import tables as tables_in_step
from .shaped.tables import table as table_of_shaped
from .small_calls import COMPARED_WITH
from .text_tables import Table, aligned, size_text
from .with_pytorch.tables import tables as tables_with_pytorch


def printed(measured: dict[str, Any]) -> str:
    """Lay out the results of the parts that were measured: what a training loop sees first, the hot loop last."""
    settings = measured["settings"]
    blocks = [
        ", ".join(f"{name} {value}" for name, value in measured["machine"].items())
        + "\nmedians of interleaved calls; fast: engine fast with a seed; numpy: engine numpy",
    ]
    if "in_step" in measured:
        blocks.append(f"IN A TRAINING STEP: keep_prob {settings['keep_prob']:g}, {settings['steps']} rounds")
        blocks += [aligned(table) for table in tables_in_step.full(measured["in_step"])]
    if "after_other_work" in measured:
        blocks += ["AFTER OTHER WORK", aligned(table_after_other_work(measured["after_other_work"]))]
    if "generators" in measured:
        blocks += ["OTHER GENERATORS AND FORMS", aligned(table_of_generators(measured["generators"]))]
    if "shaped" in measured:
        blocks += [f"SHARED MASKS AND REGIONS: keep_prob {settings['keep_prob']:g}", aligned(table_of_shaped(measured["shaped"]))]
    if "with_pytorch" in measured:
        blocks.append("IN PYTORCH: dropout_fast.torch, new tensors and in place; p 0.5, in the TransformerEncoderLayer 0.1")
        blocks += [aligned(table) for table in tables_with_pytorch(measured["with_pytorch"])]
    if "rows" in measured:
        blocks.append(f"IN A HOT LOOP: {settings['dtype']}, {settings['rounds']} rounds; fast: with out=")
        blocks += _hot_loop(measured)
    return "\n\n".join(blocks)


def _hot_loop(measured: dict[str, Any]) -> list[str]:
    blocks = [
        f"ns an element, keep_prob {measured['settings']['keep_prob']:g}\n"
        + aligned(_by_size(measured["rows"], "ns_per_element", "{:.3f}")),
        "ratios of times\n" + aligned(_by_size(measured["rows"], "ratios", "{:.2f}x")),
    ]
    for row in measured["against_copies"]:
        blocks.append(
            f"engine fast at {size_text(row['size'])}, over the time of a copy of the same array\n" + aligned(_by_keep_prob(row))
        )
    calls = measured["small_calls"]
    lines = [[f"  {name}", f"{us:.2f} us", _over(name, calls)] for name, us in calls["microseconds"].items()]
    blocks.append("small calls, float32, fresh seed, new result\n" + aligned(lines))
    starts = [[f"  {name}", f"{seconds:.2f} s"] for name, seconds in measured["startup_seconds"].items()]
    blocks.append("a new process\n" + aligned(starts))
    memory = measured["peak_memory"]
    peaks = [[f"  {name}", f"{peak:.3f}"] for name, peak in memory["bytes_an_element"].items()]
    blocks.append(f"peak memory of forward and mask at {size_text(memory['size'])}, bytes an element\n" + aligned(peaks))
    return blocks


def _by_size(rows: list[dict[str, Any]], kind: str, form: str) -> Table:
    head = ["", *(size_text(row["size"]) for row in rows)]
    return [head, *([f"  {name}", *(form.format(row[kind][name]) for row in rows)] for name in rows[0][kind])]


def _by_keep_prob(row: dict[str, Any]) -> Table:
    keep_probs = dict.fromkeys(name.split()[0] for name in row["copy"])
    head = ["  keep_prob", "forward / copy", "backward / copy", "forward / parallel copy", "backward / parallel copy"]
    return [head] + [
        [f"  {p}", *(f"{row[copy][f'{p} {way}']:.2f}x" for copy in ("copy", "parallel copy") for way in ("forward", "backward"))]
        for p in keep_probs
    ]


def _over(name: str, calls: dict[str, Any]) -> str:
    return f"{calls['ratios'][name]:.2f}x {COMPARED_WITH[name]}" if name in calls["ratios"] else ""
