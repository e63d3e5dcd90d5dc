"""Show that no kernel touches memory outside of its arrays: each lies against a page of no access, and so do the keep bits.

Arguments: the sizes of the arrays.
"""

import argparse

import internals
import numpy as np
from guarded import guarded

KEEP_PROB = 0.9


def check_engine_fast(size, at_end):
    for kernels in internals.FAST.values():
        x, out = guarded(size, kernels.dtype, at_end), guarded(size, kernels.dtype, at_end)
        for offset in (0, 511):
            bits = guarded(internals.empty_bits(size, offset).size, np.uint8, at_end)
            internals.draw_whole_blocks(bits, 1, 2, offset, KEEP_PROB)
            for draw, scale, threads in zip(kernels.draw_and_scale, kernels.scale, ((), (2,), (2,)), strict=True):
                draw(x, bits, 1, 2, offset, KEEP_PROB, 1 / KEEP_PROB, out, *threads)
                draw(x, bits[:0], 1, 2, offset, KEEP_PROB, 1 / KEEP_PROB, out, *threads)
                scale(x, bits, offset, 1 / KEEP_PROB, out, *threads)


def check_engine_numpy(size, at_end):
    bits = guarded(internals.empty_bits_of_numpy(size).size, np.uint8, at_end)
    generator = np.random.MT19937(0)
    internals.draw_from_mt19937(generator.ctypes.state_address, size, 2**52, bits)
    for dtype, kernels in internals.NUMPY.items():
        x, out = guarded(size, dtype, at_end), guarded(size, dtype, at_end)
        for serial, parallel in kernels:
            serial(x, bits, 0, 2.0, out)
            parallel(x, bits, 0, 2.0, out, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", type=int, nargs="+")
    for size in parser.parse_args().sizes:
        for at_end in (True, False):
            check_engine_fast(size, at_end)
            check_engine_numpy(size, at_end)
    print("all inside")


if __name__ == "__main__":
    main()
