"""What is right: the forward pass, and the framework's own training rule, in NumPy float64."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from howfar.models import ModelSpec, rules
from howfar.models.rules import Matrix, OwnNetwork, Parameters, Rule, passes

Batch = tuple[NDArray[np.float32], NDArray[np.uint8]]


class Trained(Struct, frozen=True):
    """What training steps left behind: the loss that each reported, and the parameters after the last."""

    losses: Sequence[float]
    parameters: Parameters


def outputs(
    spec: ModelSpec, inputs: NDArray[np.float32], parameters: Parameters | None = None, rule: str = "mini_batch"
) -> Matrix:
    """The network's outputs (samples, classes) for inputs (samples, features), as the framework of that rule computes
    them; by other parameters where given, such as those that its steps left behind."""
    own, samples = rules.load(rule), inputs.astype(np.float64)
    held = parameters or _parameters(spec, own)
    if isinstance(own, OwnNetwork):
        return own.outputs(held, spec.layers, samples)
    return passes.through(spec.layers, held, samples)[-1].outputs


def train(spec: ModelSpec, batches: Sequence[Batch], learning_rate: float, rule: str = "mini_batch") -> Trained:
    """The steps that the rule takes over the batches, one each.

    `batches`: (inputs (batch, features), labels (batch,)).
    """
    own = rules.load(rule)
    parameters = _parameters(spec, own)
    losses = [
        own.step(parameters, spec.layers, inputs.astype(np.float64), labels, learning_rate)
        for inputs, labels in batches
    ]
    return Trained(losses, parameters)


def fault(spec: ModelSpec, batch: Batch, learning_rate: float, rule: str) -> str | None:
    """What is wrong with the rule's step on this batch, if that is known."""
    parameters, (inputs, labels) = _parameters(spec, rules.load(rule)), batch
    return rules.fault(rule, parameters, spec.layers, inputs.astype(np.float64), labels, learning_rate)


def _parameters(spec: ModelSpec, rule: Rule) -> Parameters:
    """The study's, in float64, as the framework of that rule holds them."""
    exact = [tuple(array.astype(np.float64) for array in arrays) for arrays in spec.parameters]
    return rule.hold(exact, spec.layers) if isinstance(rule, OwnNetwork) else exact
