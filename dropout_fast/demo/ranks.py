"""Data-parallel training: each rank, a process, trains on its rows of every batch, with the masks of a training in one process.

A mask of engine fast is a function of (seed, step, index), so ranks send each other no masks: a rank says by `offset` where its
rows lie in the batch. As with MPI, all ranks run the same program, `train`; what they send are losses and gradients, to be summed.
"""

import multiprocessing
from multiprocessing.connection import Connection
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .layers import Fused
from .network import BATCH, LEARNING_RATE, Adam, Array, Network, Parameters, loss_and_gradients

#: Relative differences of losses that are rounding: ranks add the rows up in another order. A wrong mask makes far more.
ROUNDING = 1e-6


class Task(NamedTuple):
    """What is trained, the same in every rank: rows of x and their classes, in a new order each epoch."""

    network: Network
    x: Array
    y: npt.NDArray[np.intp]
    keep_prob: float
    steps: int
    seed: int


class Ranks:
    """Processes that train together, as one of them sees them.

    Parameters
    ----------
    rank, size : int
        Which it is, from 0 on, and how many there are.
    others : list of Connection
        Of rank 0: to the others, in their order. Of another: to rank 0.
    """

    def __init__(self, rank: int, size: int, others: list[Connection]) -> None:
        self.rank, self.size, self.others = rank, size, others

    def rows(self, count: int) -> slice:
        """Which of so many rows are this rank's."""
        return slice(count * self.rank // self.size, count * (self.rank + 1) // self.size)

    def total(self, terms: Parameters) -> Parameters:
        """Sum what all ranks call this with, from rank 0 to the last: bit-identical in all of them."""
        if self.rank > 0:
            self.others[0].send(terms)
            total: Parameters = self.others[0].recv()
            return total
        total = {name: value.copy() for name, value in terms.items()}
        for other in self.others:
            for name, value in other.recv().items():
                total[name] += value
        for other in self.others:
            other.send(total)
        return total


def train(task: Task, ranks: Ranks) -> list[float]:
    """Train as one of several ranks; returns the losses of whole batches."""
    rng = np.random.default_rng(task.seed)
    parameters = task.network.initial_parameters(task.x.shape[1], int(task.y.max()) + 1, rng)
    adam, losses = Adam(parameters, LEARNING_RATE), []
    rows = ranks.rows(BATCH)
    layers = Fused(task.seed, rows_before=rows.start)
    batches: list[npt.NDArray[np.intp]] = []
    for _ in range(task.steps):
        if not batches:
            batches = np.split(rng.permutation(len(task.x) // BATCH * BATCH), len(task.x) // BATCH)
        own = batches.pop()[rows]
        dropout_param = {"p": task.keep_prob, "mode": "train"}
        loss, gradients = loss_and_gradients(task.network, parameters, task.x[own], task.y[own], dropout_param, layers)
        part = len(own) / BATCH
        total = ranks.total({"loss": np.array(loss * part)} | {name: value * part for name, value in gradients.items()})
        losses.append(float(total.pop("loss")))
        adam.update(total)
    return losses


def losses_of(task: Task, size: int) -> list[float]:
    """Train in `size` processes, of which this one is rank 0; returns its losses.

    Raises
    ------
    ValueError
        Fewer than one rank, or more than a batch has rows.
    EOFError
        Another rank ended before the training did.
    """
    if not 1 <= size <= BATCH:
        raise ValueError(f"`size` is {size}; expected 1 to {BATCH} ranks, as a batch has {BATCH} rows.")
    context = multiprocessing.get_context("spawn")
    pipes = [context.Pipe() for _ in range(1, size)]
    processes = [context.Process(target=_other_rank, args=(task, rank, size, pipes[rank - 1][1])) for rank in range(1, size)]
    try:
        for process, (_, far_end) in zip(processes, pipes, strict=True):
            process.start()
            far_end.close()  # so that a rank that ends shows here as the end of its messages
        return train(task, Ranks(0, size, [near_end for near_end, _ in pipes]))
    finally:
        for process, (near_end, _) in zip(processes, pipes, strict=True):
            near_end.close()
            if process.pid is not None:
                process.join()


def _other_rank(task: Task, rank: int, size: int, to_first: Connection) -> None:
    train(task, Ranks(rank, size, [to_first]))


def largest_difference(losses: list[float], of_one: list[float]) -> float:
    """The largest relative difference of a loss from that of a training in one process."""
    return float(np.abs(np.divide(losses, of_one) - 1.0).max())


def compare(task: Task, size: int) -> int:
    """Train in one process and in several, and print how far the losses differ; the exit status is 0 if by rounding only."""
    of_one, losses = losses_of(task, 1), losses_of(task, size)
    difference = largest_difference(losses, of_one)
    verdict = "the same to rounding" if difference <= ROUNDING else "DIFFERENT"
    print(f"{task.steps} steps of {BATCH} scans, float64, engine fast at keep_prob {task.keep_prob:g}, seed {task.seed}: ", end="")
    print(f"loss {of_one[0]:.4f} at first, {of_one[-1]:.4f} at last.")
    print(f"{size} ranks, {verdict}: no loss differs from that of one process by more than {difference:.1g} of its size.")
    return 0 if difference <= ROUNDING else 1
