"""Compiled kernels on disk: Numba's cache, made to distrust what it finds there."""

import functools
import hashlib
import pickle
from pathlib import Path
from typing import Any

from numba.core.caching import FunctionCache, IndexDataCacheFile


class KernelCache(FunctionCache):
    """The cache of one kernel.

    Raises
    ------
    RuntimeError
        When made, where no folder for it can be written.

    Notes
    -----
    Numba keys its cache to the file that defines a kernel and to no other, so that after an upgrade in which only a
    helper's file changed, the old machine code would be used. Here the stamp is a digest of all kernel files as well.
    A damaged file raises at every call for ever in Numba; here it is as if it were not there, and is written anew.
    Where it cannot be (a full disk, say), each process compiles for itself.
    """

    def __init__(self, function: Any) -> None:
        super().__init__(function)
        stamp = (self._impl.locator.get_source_stamp(), _digest_of_kernels())
        self._cache_file = _SealedFile(self._cache_path, self._impl.filename_base, stamp)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The kernel, or None where it is not there or damaged."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # whatever Numba and LLVM raise of what they cannot read
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write the kernel, if it can be written."""
        try:
            super().save_overload(sig, data)
        except OSError:
            pass


class _SealedFile(IndexDataCacheFile):
    """Index and data, each datum with a seal of its content, its signature and the kernels' source.

    Numba's index is written before the data. A process that ends in between leaves an index that vouches for data of
    older source, and so does, for a moment, every process that writes.
    """

    def _load_index(self) -> Any:
        try:
            return super()._load_index()
        except Exception:
            return {}

    def save(self, key: Any, data: Any) -> None:
        octets = self._dump(data)
        super().save(key, (self._seal(key, octets), octets))

    def load(self, key: Any) -> Any:
        entry = super().load(key)
        if entry is None or entry[0] != self._seal(key, entry[1]):
            return None
        return pickle.loads(entry[1])

    def _seal(self, key: Any, octets: bytes) -> str:
        return hashlib.sha256(repr((self._source_stamp, key)).encode() + octets).hexdigest()


@functools.cache
def _digest_of_kernels() -> str:
    files = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
