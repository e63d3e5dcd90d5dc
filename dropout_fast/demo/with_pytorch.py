"""The experiment in PyTorch: an MLP and a small convolutional network on digits, without dropout, with PyTorch's, and with ours."""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from dropout_fast.torch import replace_dropout

from .agreement import Agreement
from .experiment import TRAINING_SCANS, Digits, load
from .network import BATCH, LEARNING_RATE

WITHOUT, OWN, OURS = WAYS = ("without", "PyTorch's", "ours")


def mlp(p: float) -> Any:
    """One hidden layer of 1024 units."""
    return nn.Sequential(nn.Linear(64, 1024), nn.ReLU(), nn.Dropout(p), nn.Linear(1024, 10))


def cnn(p: float) -> Any:
    """Two convolutions."""
    return nn.Sequential(
        *(nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.Dropout(p / 2)),
        *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Dropout(p), nn.Linear(64 * 8 * 8, 10)),
    )


#: The probability of dropping.
P = 0.5

NETS: dict[str, Callable[[float], Any]] = {"MLP": mlp, "CNN": cnn}


class Training:
    """A network in training, from a seed's weights, and what its steps take."""

    def __init__(self, make: Callable[[float], Any], way: str, seed: int) -> None:
        torch.manual_seed(seed)
        self.model = make(0.0 if way == WITHOUT else P)
        if way == OURS:
            replace_dropout(self.model)
        self.optimizer = torch.optim.Adam(self.model.parameters(), LEARNING_RATE)
        self.seconds: list[float] = []

    def epoch(self, x: Any, y: Any) -> None:
        """Train on every scan once."""
        for batch in torch.randperm(len(x)).split(BATCH):
            start = time.perf_counter()
            self.optimizer.zero_grad()
            nn.functional.cross_entropy(self.model(x[batch]), y[batch]).backward()
            self.optimizer.step()
            self.seconds.append(time.perf_counter() - start)

    def accuracy(self, x: Any, y: Any) -> float:
        """Share of scans whose highest score is the right digit."""
        with torch.no_grad():
            found = self.model.eval()(x).argmax(1) == y
        self.model.train()
        return float(found.float().mean())


def run(arguments: argparse.Namespace) -> int:
    """Train and compare; returns 0 if ours trains as well as PyTorch's, by a paired t-test over the seeds."""
    digits = load(np.random.default_rng(arguments.seed))
    with tqdm(total=len(NETS) * arguments.seeds * arguments.epochs, unit="epoch", desc="training") as progress:
        trained = {name: _train(make, digits, arguments, progress.update) for name, make in NETS.items()}
    print(f"\nDigits: {TRAINING_SCANS} scans to train on, {len(digits.y_held_out)} held out; {arguments.epochs} epochs, ", end="")
    print(f"{arguments.seeds} seeds, float32, p {P:g}, PyTorch {torch.__version__} on {torch.get_num_threads()} threads.\n")
    print("       milliseconds a training step, median        held-out accuracy, mean")
    print("net    without       PyTorch's            ours    without  PyTorch's    ours   difference, p-value")
    print("---    -------   -------------   -------------    -------  ---------   -----   -------------------")
    agreements = [_print_row(name, *found) for name, found in trained.items()]
    same = all(agreement.holds for agreement in agreements)
    print(f"\nOurs and PyTorch's: {'statistically the same' if same else 'DIFFERENT'} accuracies (paired t-tests).")
    return 0 if same else 1


def _train(
    make: Callable[[float], Any], digits: Digits, arguments: argparse.Namespace, on_epoch: Callable[[], Any]
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Milliseconds a step and accuracies, one a seed, by way. Ways take turns, an epoch each."""
    x, x_held_out = (torch.from_numpy(scans.astype(np.float32)) for scans in (digits.x_train, digits.x_held_out))
    y, y_held_out = (torch.from_numpy(shown) for shown in (digits.y_train, digits.y_held_out))
    Training(make, OURS, 0).epoch(x, y)  # compiles
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    accuracies: dict[str, list[float]] = {way: [] for way in WAYS}
    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        trainings = {way: Training(make, way, seed) for way in WAYS}
        for _ in range(arguments.epochs):
            for training in trainings.values():
                training.epoch(x, y)
            on_epoch()
        for way, training in trainings.items():
            seconds[way] += training.seconds
            accuracies[way].append(training.accuracy(x_held_out, y_held_out))
    return {way: statistics.median(times) * 1e3 for way, times in seconds.items()}, accuracies


def _print_row(name: str, milliseconds: dict[str, float], accuracies: dict[str, list[float]]) -> Agreement:
    agreement = Agreement(1.0 - P, accuracies[OWN], accuracies[OURS])
    without = milliseconds[WITHOUT]
    own, ours = (f"{milliseconds[way]:6.2f} {f'{milliseconds[way] / without - 1:+.0%}':>6}" for way in (OWN, OURS))
    means = {way: statistics.mean(found) for way, found in accuracies.items()}
    print(f"{name:6} {without:7.2f}   {own}   {ours}    {means[WITHOUT]:7.1%}  {means[OWN]:9.1%}   {means[OURS]:5.1%}   ", end="")
    print(f"{means[OURS] - means[OWN]:+.2%}, {agreement.p_value:.2g}")
    return agreement
