"""Print what is counted in the machine code of kernels for other processors: kernel, processor, and a `Code` of each, as JSON.

Arguments: the names of processors, all of one system, and of kernels, as JSON lists.
"""

import json
import sys

import internals
from other_processors import PROCESSORS, code_of


def main() -> None:
    processors, kernels = map(json.loads, sys.argv[1:])
    (triple,) = {PROCESSORS[processor].triple for processor in processors}
    internals.generate_nothing(triple)
    found = []
    for kernel in kernels:
        unoptimised = internals.unoptimised_code(kernel)
        found += [(kernel, processor, *code_of(unoptimised, PROCESSORS[processor])) for processor in processors]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
