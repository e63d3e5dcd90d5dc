"""Arrays between two pages without access: the system ends a process that reads or writes outside of one."""

import argparse
import ctypes
import mmap

import internals
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


def run_on_guarded_arrays(check):
    """Run a program that calls ``check(size, at_end)`` for each size of the command line, serially and in parallel.

    Keep bits lie between such pages, too. Prints "all inside" at the end.
    """
    parser = argparse.ArgumentParser(description=check.__doc__)
    parser.add_argument("sizes", type=int, nargs="+")
    sizes = parser.parse_args().sizes
    for at_end in (True, False):
        for change, kernel in ((internals.force_parallel, "parallel"), (internals.force_serial, "serial")):
            with (
                internals.allocate_bits(lambda nbytes, at_end=at_end: guarded(nbytes, np.uint8, at_end)),
                change(),
                internals.kernels_called() as called,
            ):
                for size in sizes:
                    check(size, at_end)
            assert {*called} == {kernel}
    print("all inside")
