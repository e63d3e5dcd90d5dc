"""asv's benchmarks, one question a file. They run on any commit's dropout_fast since the first kernel."""

import os
import sys
from pathlib import Path

if "ASV_COMMIT" in os.environ and "ASV_ENV_DIR" in os.environ:
    # Before numba is imported. Numba's own cache does not always notice that another commit is installed.
    os.environ["NUMBA_CACHE_DIR"] = os.path.join(os.environ["ASV_ENV_DIR"], "numba-cache", os.environ["ASV_COMMIT"])

# asv imports this package from its folder and makes nothing else of the repository importable. The repository's root is on the
# path only while `asv_bench` is imported, which then finds its modules by itself: if the root stayed, its dropout_fast could be
# imported in place of the commit's that asv has installed.
sys.path.append(str(Path(__file__).parent.parent.parent))
try:
    import asv_bench  # noqa: F401
finally:
    sys.path.pop()
