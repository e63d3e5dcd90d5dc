"""What asv measures, one question a file. Runs against any commit's dropout_fast since the first kernel."""

import os

if "ASV_COMMIT" in os.environ and "ASV_ENV_DIR" in os.environ:
    # Before numba is imported: Numba's own cache does not always see that another commit is installed.
    os.environ["NUMBA_CACHE_DIR"] = os.path.join(os.environ["ASV_ENV_DIR"], "numba-cache", os.environ["ASV_COMMIT"])
