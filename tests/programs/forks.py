"""Show that children and grandchildren of a process that ran parallel kernels draw the same bits, and that all of them end.

No arguments.
"""

import ast
import os

from both_engines import check, work, work_in_parallel


def in_child(task):
    """What `task` returns in a forked child."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, repr(task()).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader) as pipe:
        said = pipe.read()
    assert os.waitpid(child, 0)[1] == 0
    return ast.literal_eval(said)


def main() -> None:
    mine = work_in_parallel()
    children = [in_child(work) for _ in range(3)]
    grandchildren = [in_child(lambda: in_child(work)) for _ in range(2)]
    check([mine, *children, *grandchildren])
    work_in_parallel()  # the parent's threads are as they were
    print("alive")


if __name__ == "__main__":
    main()
