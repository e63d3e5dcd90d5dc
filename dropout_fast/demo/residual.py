"""A network with a residual block: a hidden layer of ReLU units with dropout, a second that is added to it, and scores."""

from typing import Any

import numpy as np

from .layers import Layers
from .network import Array, Parameters


class Residual:
    """``h = dropout(max(x w1 + b1, 0))``, ``block = h + dropout(h w2 + b2)``, ``scores = block w3 + b3``."""

    hidden_units = 200

    def initial_parameters(self, inputs: int, classes: int, rng: np.random.Generator) -> Parameters:
        """Weights by He et al. (2015) for the hidden layers, small ones for the scores."""
        units = self.hidden_units
        return {
            "w1": rng.normal(0.0, np.sqrt(2.0 / inputs), (inputs, units)),
            "b1": np.zeros(units),
            "w2": rng.normal(0.0, np.sqrt(2.0 / units), (units, units)),
            "b2": np.zeros(units),
            "w3": rng.normal(0.0, 0.01, (units, classes)),
            "b3": np.zeros(classes),
        }

    def forward(self, parameters: Parameters, x: Array, dropout_param: dict[str, Any], layers: Layers) -> tuple[Array, Any]:
        """From scans to scores."""
        hidden, of_hidden = layers.relu_dropout(x @ parameters["w1"], parameters["b1"], dropout_param)
        block, of_block = layers.dropout_add(hidden @ parameters["w2"], hidden, parameters["b2"], dropout_param)
        return block @ parameters["w3"] + parameters["b3"], (x, hidden, of_hidden, block, of_block)

    def backward(self, parameters: Parameters, dscores: Array, cache: Any, layers: Layers) -> Parameters:
        """From the scores' gradient to the parameters': the hidden layer's has two parts, one past the block and one through it."""
        x, hidden, of_hidden, block, of_block = cache
        dblock = dscores @ parameters["w3"].T
        dz2, db2 = layers.dropout_add_backward(dblock, of_block)
        dz1, db1 = layers.relu_dropout_backward(dblock + dz2 @ parameters["w2"].T, of_hidden)
        return {
            "w1": x.T @ dz1,
            "b1": db1,
            "w2": hidden.T @ dz2,
            "b2": db2,
            "w3": block.T @ dscores,
            "b3": dscores.sum(axis=0),
        }
