"""Print the keep bits of 600 elements, drawn by the kernel that is the quickest to compile: the only one of long doubles.

Argument, optional: a limit for the size of files in bytes, as on a full disk. (What is printed goes to a pipe, which has none.)
"""

import argparse

import numpy as np

import dropout_fast


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest-file", type=int)
    limit = parser.parse_args().largest_file
    if limit is not None:
        import resource  # POSIX's

        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    out, _ = dropout_fast.dropout(np.ones(600, np.longdouble), keep_prob=0.9, seed=1)
    print(np.packbits(out > 0).tobytes().hex())


if __name__ == "__main__":
    main()
