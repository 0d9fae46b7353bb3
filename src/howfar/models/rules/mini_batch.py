"""Plain SGD: one update by the batch's mean gradient of the softmax cross-entropy. What the study asks for."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from howfar.models.rules import Matrix, Parameters
from howfar.models.rules.activations import SLOPE
from howfar.models.rules.forward import forward
from howfar.records import Layer


def step(
    parameters: Parameters, layers: Sequence[Layer], inputs: Matrix, labels: NDArray[np.uint8], rate: float
) -> float:
    """One SGD step, in place. Returns the mean cross-entropy before it."""
    *activations, probabilities = forward(parameters, layers, inputs)
    rows = np.arange(len(labels))
    loss = float(-np.log(probabilities[rows, labels]).mean())
    delta = probabilities.copy()
    delta[rows, labels] -= 1
    delta /= len(labels)
    for i in reversed(range(len(parameters))):
        weights, biases = parameters[i]
        gradient = activations[i].T @ delta
        if i:
            delta_below = delta @ weights.T * SLOPE[layers[i - 1].activation](activations[i])
        biases -= rate * delta.sum(axis=0)
        weights -= rate * gradient
        if i:
            delta = delta_below
    return loss
