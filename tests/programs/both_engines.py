"""What every process of the fork and pool programs does: both engines, on an array that several threads share, and a fresh seed."""

import hashlib
import signal
import warnings

import internals
import numpy as np

import dropout_fast

X = np.ones(2**20, np.float32)
DROPOUT_PARAM = {"p": 0.5, "mode": "train", "seed": 2}

warnings.filterwarnings("ignore", message=".*fork", category=DeprecationWarning)  # to fork beside threads is the point


def work(_=0):
    """The digest of all values, and a seed that must be this process's own."""
    if hasattr(signal, "alarm"):
        signal.alarm(60)  # a process that waits for ever is ended, and its parent fails
    out, mask = dropout_fast.dropout(X, keep_prob=0.9, seed=1)
    exact, cache = dropout_fast.dropout_forward(X, DROPOUT_PARAM)
    dx = dropout_fast.dropout_backward(X, cache)
    digest = hashlib.sha256(out.tobytes() + mask.apply(X).tobytes() + exact.tobytes() + dx.tobytes()).hexdigest()
    return digest, dropout_fast.dropout(X[:9])[1].seed


def work_in_parallel():
    """`work` of the first process, whose threads must have started before it forks."""
    with internals.force_parallel(from_bytes=2**20), internals.kernels_called() as called:
        result = work()
    assert {"parallel", "nontemporal"} & {*called}, called
    return result


def check(results):
    """All processes drew the same, and each took a seed of its own."""
    digests, seeds = zip(*results, strict=True)
    assert len(set(digests)) == 1, digests
    assert len(set(seeds)) == len(seeds), seeds
