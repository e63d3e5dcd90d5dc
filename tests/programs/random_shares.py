"""Show that engine numpy draws NumPy's bits on more threads than the machine has cores.

Arguments: how many random cases, and on how many threads. Prints which kernels drew.
"""

import argparse

from stride_cases import compare_random_cases


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("threads", type=int)
    arguments = parser.parse_args()
    print(*compare_random_cases(arguments.count, 1, arguments.threads))


if __name__ == "__main__":
    main()
