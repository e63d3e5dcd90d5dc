"""Show that Ctrl-C during a long call raises KeyboardInterrupt when its kernel ends, and that both engines go on afterwards.

No arguments. Prints whether the call after the interrupt is right.
"""

import os
import signal
import threading
import time

import numpy as np

import dropout_fast

DROPOUT_PARAM = {"p": 0.3, "mode": "train", "seed": 1}


def main() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background starts without
    x = np.ones(2**16, np.float32)
    expected = dropout_fast.dropout_forward(x, DROPOUT_PARAM)[0].tobytes()
    dropout_fast.dropout(x)
    long = np.broadcast_to(np.float32(1), (2**28,))  # a second of drawing and more
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    try:
        dropout_fast.dropout(long, keep_prob=0.9)
        time.sleep(10)
        print("not interrupted")
    except KeyboardInterrupt:
        np.random.rand()
        print(dropout_fast.dropout_forward(x, DROPOUT_PARAM)[0].tobytes() == expected)


if __name__ == "__main__":
    main()
