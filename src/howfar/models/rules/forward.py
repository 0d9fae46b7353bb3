"""The forward pass that all rules share."""

from collections.abc import Sequence

from howfar.models.rules import Matrix, Parameters
from howfar.models.rules.activations import FORWARD
from howfar.records import Layer


def forward(parameters: Parameters, layers: Sequence[Layer], inputs: Matrix) -> list[Matrix]:
    """The input (..., features) and the output (..., units) of every layer."""
    activations = [inputs]
    for (weights, biases), layer in zip(parameters, layers, strict=True):
        activations.append(FORWARD[layer.activation](activations[-1] @ weights + biases))
    return activations
