"""Compiled kernels on disk: Numba's cache, made to distrust what it finds there.

This is the only module that uses Numba's private caching classes. Where a version of Numba does not have them,
`attach_cache` does nothing: each process then compiles its own kernels.
"""

import contextlib
import functools
import hashlib
import pickle
from pathlib import Path
from typing import Any

import numba
from numba import config

try:
    from numba.core import sigutils
    from numba.core.caching import FunctionCache, IndexDataCacheFile
    from numba.core.ccallback import CFunc

    _IS_AVAILABLE = True
except ImportError:
    FunctionCache = IndexDataCacheFile = object  # type: ignore[assignment,misc]
    _IS_AVAILABLE = False


def attach_cache(dispatcher: Any, function: Any) -> None:
    """Let a compiled function load its machine code from disk, and save it there, where this is possible.

    Parameters
    ----------
    dispatcher : numba Dispatcher
        What ``numba.njit`` returned.
    function : function
        What it was made of. Its qualified name must be unique among the kernels, because it names the cache file.
    """
    if _IS_AVAILABLE and not config.DISABLE_JIT:  # type: ignore[attr-defined]  # set at run time
        # No folder can be written, or Numba's private names have changed.
        with contextlib.suppress(RuntimeError, AttributeError, TypeError):
            dispatcher._cache = KernelCache(function)


def compile_callback(function: Any, signature: Any, options: dict[str, Any]) -> int:
    """Compile a C function, or load it from disk, and return its address; it lives as long as the process."""
    callback: Any = None
    if _IS_AVAILABLE:
        with contextlib.suppress(RuntimeError, AttributeError, TypeError):  # as above
            callback = CFunc(function, sigutils.normalize_signature(signature), locals={}, options=options)
            callback._cache = KernelCache(function)
            callback.compile()
    if callback is None or not hasattr(callback, "_wrapper_address"):
        callback = numba.cfunc(signature, **options)(function)
    _callbacks.append(callback)
    return int(callback.address)


#: Numba frees the code of a C function with the object.
_callbacks: list[Any] = []


class KernelCache(FunctionCache):
    """The cache of one kernel.

    Numba keys its cache to the file that defines a function and to no other, so that after an upgrade in which only a
    helper's file changed, the old machine code would be used. Here the stamp includes a digest of all kernel files.
    A damaged file makes Numba raise at every call for ever; here it counts as absent, and is written again.
    Where nothing can be written (a full disk, say), each process compiles its own kernels.
    """

    def __init__(self, function: Any) -> None:
        super().__init__(function)
        stamp = (self._impl.locator.get_source_stamp(), _digest_of_kernels())
        self._cache_file = _SealedFile(self._cache_path, self._impl.filename_base, stamp)

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        # Numba adds a hash of the closure, which differs between processes where it holds compiled functions.
        # The file's name and the stamp tell the kernels apart.
        return sig, codegen.magic_tuple()

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the kernel, or None where it is absent or damaged."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # whatever Numba and LLVM raise about files that they cannot read
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write the kernel, if it can be written."""
        with contextlib.suppress(OSError):
            super().save_overload(sig, data)


class _SealedFile(IndexDataCacheFile):
    """Index and data files; each entry carries a seal over its content, its signature and the kernels' source.

    Numba writes the index before the data. A process that ends in between leaves an index that vouches for the data of older
    source, and so does, for a moment, every process that writes.
    """

    def _load_index(self) -> Any:
        try:
            return super()._load_index()
        except Exception:
            return {}

    def save(self, key: Any, data: Any) -> None:
        content = self._dump(data)
        super().save(key, (self._seal(key, content), content))

    def load(self, key: Any) -> Any:
        entry = super().load(key)
        if entry is None or entry[0] != self._seal(key, entry[1]):
            return None
        return pickle.loads(entry[1])

    def _seal(self, key: Any, content: bytes) -> str:
        return hashlib.sha256(repr((self._source_stamp, key)).encode() + content).hexdigest()


@functools.cache
def _digest_of_kernels() -> str:
    """SHA-256 of the source of all kernels."""
    folder = Path(__file__).parent
    files = sorted(folder.rglob("*.py"), key=lambda file: file.relative_to(folder).as_posix())
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
