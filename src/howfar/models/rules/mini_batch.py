"""Plain SGD: one update by the batch's mean gradient of the softmax cross-entropy. What the study asks for."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from howfar.layers import Layer
from howfar.models.rules import Matrix, Parameters, passes


def step(
    parameters: Parameters, layers: Sequence[Layer], inputs: Matrix, labels: NDArray[np.uint8], rate: float
) -> float:
    """One SGD step, in place. Returns the mean cross-entropy before it."""
    passed = passes.through(layers, parameters, inputs)
    probabilities, rows = passed[-1].outputs, np.arange(len(labels))
    loss = float(-np.log(probabilities[rows, labels]).mean())
    delta = probabilities.copy()
    delta[rows, labels] -= 1
    delta /= len(labels)
    last = len(layers) - 1
    for i in reversed(range(len(layers))):
        gone = passes.backward(layers[i], parameters[i], passed[i], delta, asked=i > 0, raw=i == last)
        for array, gradient in zip(parameters[i], gone.by_parameters, strict=True):
            np.subtract(array, rate * gradient, out=array)
        delta = gone.by_inputs
    return loss
