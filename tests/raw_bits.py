"""The keep bits of engine fast at keep_prob 0.5 as an endless stream of bytes, for a battery of tests of randomness.

python tests/raw_bits.py | dieharder -g 200 -a
"""

import sys

import internals

#: Elements drawn at a time: 4 MiB of bits, 1,024 chunks.
SIZE = 2**25


def main() -> None:
    offset = 0
    try:
        while True:
            sys.stdout.buffer.write(internals.keep_bits(1, 0, offset, 0.5, SIZE))
            offset += SIZE
    except BrokenPipeError:  # the reader has enough
        sys.stderr.close()


if __name__ == "__main__":
    main()
