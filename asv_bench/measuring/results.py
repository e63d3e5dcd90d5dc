"""Turn times into results: the medians and ratios that a results file holds."""

import importlib.metadata
import os
import platform
import statistics
from pathlib import Path
from typing import Any

import numba

from .clock import median_ratio
from .small_calls import COMPARED_WITH

Times = dict[str, list[float]]

#: Pairs of functions: seconds of the first are divided by seconds of the second.
COMPARED = (
    ("reference forward", "numpy forward"),
    ("reference forward", "numpy forward, out="),
    ("reference backward", "numpy backward"),
    ("reference forward", "fast forward"),
    ("reference backward", "fast backward"),
    ("best-effort NumPy forward", "fast forward"),
    ("PyTorch forward", "fast forward"),
    ("JAX forward", "fast forward"),
    ("fast forward", "parallel copy"),
    ("fast backward", "parallel copy"),
)

PACKAGES = ("numpy", "numba", "torch", "jax")


def machine() -> dict[str, Any]:
    """Describe what the times depend on: processor, threads, versions."""
    versions = {name: _version(name) for name in PACKAGES}
    target = {"NUMBA_CPU_NAME": os.environ["NUMBA_CPU_NAME"]} if "NUMBA_CPU_NAME" in os.environ else {}
    return {
        "processor": _processor(),
        "threads": numba.config.NUMBA_NUM_THREADS,  # type: ignore[attr-defined]  # set at run time
        "python": platform.python_version(),
        **{name: version for name, version in versions.items() if version},
        **target,
    }


def of_one_size(size: int, times: Times) -> dict[str, Any]:
    """Summarise all functions on one size: nanoseconds an element, and the ratios of `COMPARED`."""
    return {
        "size": size,
        "ns_per_element": {name: statistics.median(seconds) / size * 1e9 for name, seconds in times.items()},
        "ratios": {
            f"{above} / {below}": median_ratio(times[above], times[below])
            for above, below in COMPARED
            if above in times and below in times
        },
    }


def add_others(row: dict[str, Any], times: Times) -> None:
    """Add to a row of `of_one_size` what was clocked beside engine fast in rounds of their own."""
    others = of_one_size(row["size"], times)
    for kind in ("ns_per_element", "ratios"):
        row[kind] |= {name: value for name, value in others[kind].items() if name not in row[kind]}


def over_copies(size: int, times: Times) -> dict[str, Any]:
    """Divide engine fast's times by those of each copy, by keep probability and direction."""
    ours = {name: seconds for name, seconds in times.items() if "copy" not in name}
    return {
        "size": size,
        **{
            copy: {name: median_ratio(seconds, times[copy]) for name, seconds in ours.items()} for copy in ("copy", "parallel copy")
        },
    }


def of_small_calls(times: Times) -> dict[str, Any]:
    """Summarise the small calls: microseconds, and ratios to the NumPy calls of `COMPARED_WITH`."""
    return {
        "microseconds": {name: statistics.median(seconds) * 1e6 for name, seconds in times.items()},
        "ratios": {ours: median_ratio(times[ours], times[numpys]) for ours, numpys in COMPARED_WITH.items()},
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
