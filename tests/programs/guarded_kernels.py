"""Show that no kernel touches memory outside of its arrays: each lies against a page of no access, and so do the keep bits.

Arguments: the sizes of the arrays.
"""

import argparse

import internals
import numpy as np
from guarded import guarded

KEEP_PROB = 0.9

#: What each variant of a kernel takes after the serial one's arguments: the number of threads.
SHARES = {"serial": (), "parallel": (2,), "nontemporal": (2,)}


def check_engine_fast(size, at_end):
    for kernels in internals.FAST.values():
        x, out = guarded(size, kernels.dtype, at_end), guarded(size, kernels.dtype, at_end)
        for offset in (0, 511):
            bits = guarded(internals.empty_bits(size, offset).size, np.uint8, at_end)
            internals.draw_whole_blocks(1, 2, offset, KEEP_PROB, bits)
            for variant, threads in SHARES.items():
                draw, apply = getattr(kernels.draw_and_apply, variant), getattr(kernels.apply, variant)
                draw(1, 2, offset, KEEP_PROB, x, bits, 1 / KEEP_PROB, out, *threads)
                draw(1, 2, offset, KEEP_PROB, x, bits[:0], 1 / KEEP_PROB, out, *threads)
                apply(offset, x, bits, 1 / KEEP_PROB, out, *threads)


def check_engine_numpy(size, at_end):
    bits = guarded(internals.empty_bits_of_numpy(size).size, np.uint8, at_end)
    generator = np.random.MT19937(0)
    internals.draw_from_mt19937(generator.ctypes.state_address, 2**52, size, bits)
    for dtype, kernels in internals.NUMPY:
        x, out = guarded(size, dtype, at_end), guarded(size, dtype, at_end)
        for variant, threads in SHARES.items():
            getattr(kernels, variant)(0, x, bits, 2.0, out, *threads)


def check_shared_bits(size, at_end):
    """Rows of one, seven and all elements, where these divide the size: a bit for each row, or a row of bits for all."""
    x, out = guarded(size, np.float32, at_end), guarded(size, np.float32, at_end)
    for columns in {1, 7, 64, size} - {0}:
        if size % columns == 0:
            shape = (size // columns, columns)
            for noise_shape in ((shape[0], 1), (1, columns)):
                bits = guarded(internals.empty_bits_of_numpy(max(noise_shape)).size, np.uint8, at_end)
                levels = internals.levels(shape, noise_shape)
                internals.SHARED.serial(0, 0, levels, x, bits, 2.0, out)
                internals.SHARED.parallel(0, 0, levels, x, bits, 2.0, out, 2)
            bits = guarded(internals.empty_bits_of_numpy(size).size, np.uint8, at_end)
            levels = internals.levels(shape, (shape[0], 2 * columns + 3))
            internals.DRAW_REGION.serial(1, 2, 77, KEEP_PROB, levels, 0, size, bits)
            internals.DRAW_REGION.parallel(1, 2, 77, KEEP_PROB, levels, 0, size, bits, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", type=int, nargs="+")
    for size in parser.parse_args().sizes:
        for at_end in (True, False):
            check_engine_fast(size, at_end)
            check_engine_numpy(size, at_end)
            check_shared_bits(size, at_end)
    print("all inside")


if __name__ == "__main__":
    main()
