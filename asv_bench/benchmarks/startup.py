"""What does a new process wait for: the import, and the first call, cold and warm?"""

import dropout_fast

from . import tools

REPEATS = 3


def timeraw_import() -> str:
    return "import dropout_fast"


timeraw_import.version = "1"  # type: ignore[attr-defined]


class Startup:
    params = (*tools.startup.NAMES, "first call, kernel compiled")
    param_names = ("phase",)
    version = "1"
    unit = "seconds"
    timeout = 120

    def setup_cache(self) -> dict[str, float]:
        return tools.startup.seconds(REPEATS) if hasattr(dropout_fast, "dropout") else {}

    def track_phase(self, seconds: dict[str, float], phase: str) -> float:
        """Of engine fast, in a process of its own."""
        return seconds.get(phase, float("nan"))  # n/a in commits from before engine fast
