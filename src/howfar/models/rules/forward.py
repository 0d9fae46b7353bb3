"""The forward pass of dense layers, which the rules share that know no others."""

from collections.abc import Sequence

from howfar.layers import Dense
from howfar.models.rules import Matrix, Parameters
from howfar.models.rules.activations import FORWARD


def forward(parameters: Parameters, layers: Sequence[Dense], inputs: Matrix) -> list[Matrix]:
    """The input (..., features) and the output (..., units) of every layer."""
    activations = [inputs]
    for (weights, biases), layer in zip(parameters, layers, strict=True):
        activations.append(FORWARD[layer.activation](activations[-1] @ weights + biases))
    return activations
