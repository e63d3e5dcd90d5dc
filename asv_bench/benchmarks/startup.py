"""How long does a new process wait for the import and the first call, with and without compiled kernels on disk?"""

import dropout_fast
from asv_bench.measuring import startup

REPEATS = 3


def timeraw_import() -> str:
    return "import dropout_fast"


timeraw_import.version = "1"  # type: ignore[attr-defined]


class Startup:
    params = (*startup.NAMES, "first call, kernel compiled")
    param_names = ("phase",)
    version = "1"
    unit = "seconds"
    timeout = 120

    def setup_cache(self) -> dict[str, float]:
        return startup.seconds(REPEATS) if hasattr(dropout_fast, "dropout") else {}

    def track_phase(self, seconds: dict[str, float], phase: str) -> float:
        """Of engine fast, in a new process."""
        return seconds.get(phase, float("nan"))  # "n/a" in commits that have no engine fast yet
