"""Print the losses of 50 steps of PyTorch's DistributedDataParallel on gloo, with dropout by rank, as JSON.

Arguments: the number of ranks, and a file that does not exist, by which they find each other.
"""

import json
import multiprocessing
import sys

import numpy as np
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

import dropout_fast

STEPS, BATCH, INPUTS, HIDDEN = 50, 40, 6, 30


class Drop(torch.autograd.Function):
    """Dropout of the rows from `first` on of a batch."""

    @staticmethod
    def forward(ctx, h, step, first):
        out, ctx.mask = dropout_fast.dropout(h.detach().numpy(), keep_prob=0.5, seed=1, step=step, offset=first * h.shape[1])
        return torch.from_numpy(out)

    @staticmethod
    def backward(ctx, dout):
        return torch.from_numpy(ctx.mask.apply(dout.numpy())), None, None


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = torch.nn.Linear(INPUTS, HIDDEN), torch.nn.Linear(HIDDEN, 1)

    def forward(self, x, step, row):
        return self.last(Drop.apply(torch.relu(self.first(x)), step, row))


def train(rank, size, meeting):
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=size)
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    net = DistributedDataParallel(Net())
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    rng, rows, losses = np.random.default_rng(0), BATCH // size, []
    for step in range(STEPS):
        x = rng.standard_normal((BATCH, INPUTS))
        y = torch.from_numpy(np.sin(x).sum(axis=1, keepdims=True))
        own = slice(rank * rows, (rank + 1) * rows)
        loss = ((net(torch.from_numpy(x[own]), step, own.start) - y[own]) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total = loss.detach().clone()
        dist.all_reduce(total)
        losses.append(float(total) / size)
    dist.destroy_process_group()
    if rank == 0:
        print(json.dumps(losses))


def main() -> None:
    size, meeting = int(sys.argv[1]), sys.argv[2]
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=train, args=(rank, size, meeting)) for rank in range(1, size)]
    for process in others:
        process.start()
    train(0, size, meeting)
    for process in others:
        process.join()


if __name__ == "__main__":
    main()
