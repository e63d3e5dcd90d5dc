"""The half formats in NumPy, for ``NUMBA_DISABLE_JIT=1``: as `half`, on arrays of any length."""

import numpy as np


def widened(x):
    """Convert what lies in memory to float32; other dtypes stay unchanged."""
    if x.dtype == np.int16:
        return x.view(np.float16).astype(np.float32)
    return (x.astype(np.uint32) << np.uint32(16)).view(np.float32) if x.dtype == np.uint16 else x


def rounded(floats, dtype):
    """Convert float32 to the dtype of the memory; the inverse of `widened`."""
    if dtype == np.int16:
        return floats.astype(np.float16).view(np.int16)
    if dtype != np.uint16:
        return floats
    bits = floats.view(np.uint32)
    even = (bits + np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1))) >> np.uint32(16)
    return np.where(np.isnan(floats), bits >> np.uint32(16) | np.uint32(0x40), even).astype(np.uint16)
