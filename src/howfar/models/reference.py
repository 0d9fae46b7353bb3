"""What is right: the forward pass, and the framework's own training rule, in NumPy float64."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from howfar.models import ModelSpec, rules
from howfar.models.rules import Matrix, Parameters, passes

Batch = tuple[NDArray[np.float32], NDArray[np.uint8]]


class Trained(Struct, frozen=True):
    """What training steps left behind: the loss that each reported, and the parameters after the last."""

    losses: Sequence[float]
    parameters: Parameters


def outputs(spec: ModelSpec, inputs: NDArray[np.float32], parameters: Parameters | None = None) -> Matrix:
    """The network's outputs (samples, classes) for inputs (samples, features); by other parameters where given."""
    return passes.through(spec.layers, parameters or _parameters(spec), inputs.astype(np.float64))[-1].outputs


def train(spec: ModelSpec, batches: Sequence[Batch], learning_rate: float, rule: str = "mini_batch") -> Trained:
    """The steps that the rule takes over the batches, one each.

    `batches`: (inputs (batch, features), labels (batch,)).
    """
    parameters, step = _parameters(spec), rules.load(rule).step
    losses = [
        step(parameters, spec.layers, inputs.astype(np.float64), labels, learning_rate) for inputs, labels in batches
    ]
    return Trained(losses, parameters)


def fault(spec: ModelSpec, batch: Batch, learning_rate: float, rule: str) -> str | None:
    """What is wrong with the rule's step on this batch, if that is known."""
    inputs, labels = batch
    return rules.fault(rule, _parameters(spec), spec.layers, inputs.astype(np.float64), labels, learning_rate)


def _parameters(spec: ModelSpec) -> Parameters:
    return [tuple(array.astype(np.float64) for array in arrays) for arrays in spec.parameters]
