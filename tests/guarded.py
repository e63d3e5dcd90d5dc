"""Arrays between two pages without access: the system ends a process that reads or writes outside of one."""

import ctypes
import mmap

import numpy as np

NO_ACCESS = 0  # PROT_NONE

_library = ctypes.CDLL(None, use_errno=True)


def guarded(size, dtype, at_end):
    """Make an array that ends (or begins) where a page without access begins (or ends)."""
    page, nbytes = mmap.PAGESIZE, size * np.dtype(dtype).itemsize
    length = (nbytes + page - 1) // page * page
    mapping = mmap.mmap(-1, length + 2 * page)
    address = ctypes.addressof(ctypes.c_char.from_buffer(mapping))
    for guard in (address, address + page + length):
        if _library.mprotect(ctypes.c_void_p(guard), ctypes.c_size_t(page), NO_ACCESS):
            raise OSError(ctypes.get_errno(), "mprotect")
    return np.frombuffer(mapping, np.uint8)[page:][length - nbytes if at_end else 0 :][:nbytes].view(dtype)
