"""Whether two engines train equally well: accuracies over several seeds, compared by a paired t-test."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

import dropout_fast

from .calling import Plain
from .experiment import Digits, FastLayer, train
from .layers import Separate
from .network import Network

#: How often two engines that train equally well would be called different.
FALSE_ALARM = 1e-4


@dataclass
class Agreement:
    """Held-out accuracies, one a seed, with engine numpy and with engine fast."""

    keep_prob: float
    of_numpy: list[float]
    of_fast: list[float]

    @property
    def p_value(self) -> float:
        """Of a two-sided paired t-test: each pair has data, first weights and batches in common, and not the masks."""
        differences = np.subtract(self.of_fast, self.of_numpy)
        return float(stats.ttest_1samp(differences, 0.0).pvalue) if differences.any() else 1.0

    @property
    def holds(self) -> bool:
        """Whether chance explains the difference."""
        return self.p_value >= FALSE_ALARM

    def __str__(self) -> str:
        differences = np.subtract(self.of_fast, self.of_numpy)
        return (
            f"held-out accuracy over {len(differences)} seeds, keep_prob {self.keep_prob:g}: {np.mean(self.of_numpy):.2%} with "
            f"engine numpy, {np.mean(self.of_fast):.2%} with engine fast; difference {differences.mean():+.2%} "
            f"(standard error {stats.sem(differences):.2%}), paired t-test p = {self.p_value:.2g}."
        )


def compare_engines(
    network: Network,
    digits: Digits,
    keep_prob: float,
    epochs: int,
    first_seed: int,
    seeds: int,
    on_epoch: Callable[[], Any] = lambda: None,
) -> Agreement:
    """Train once with each engine for every seed."""
    agreement = Agreement(keep_prob, [], [])
    for seed in range(first_seed, first_seed + seeds):
        for dropout, accuracies in ((dropout_fast, agreement.of_numpy), (FastLayer(keep_prob, seed), agreement.of_fast)):
            run = train(network, digits, keep_prob, epochs, seed % 2**32, Separate(Plain(dropout)), on_epoch)
            accuracies.append(run.held_out_accuracy[-1])
    return agreement
