"""brain.js: online SGD on half the squared error, one update per sample. Its `train` with one iteration."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from howfar.layers import Dense
from howfar.models.rules import Matrix, Parameters, one_hot
from howfar.models.rules.activations import SLOPE
from howfar.models.rules.forward import forward


def step(
    parameters: Parameters, layers: Sequence[Dense], inputs: Matrix, labels: NDArray[np.uint8], rate: float
) -> float:
    """One update per sample, in order, in place. Returns what `train` reports as its error: the mean, over the samples
    and the outputs, of the squared error that each sample met before its own update."""
    targets = one_hot(labels, layers[-1].units)
    return float(np.mean([_update(parameters, layers, *sample, rate) for sample in zip(inputs, targets, strict=True)]))


def _update(parameters: Parameters, layers: Sequence[Dense], sample: Matrix, target: Matrix, rate: float) -> float:
    """One SGD step on half the sum of squares of a sample's error. Returns the mean of the squares before it."""
    *activations, output = forward(parameters, layers, sample)
    error = target - output
    delta = error * SLOPE[layers[-1].activation](output)
    for i in reversed(range(len(parameters))):
        weights, biases = parameters[i]
        error_below = weights @ delta
        weights += rate * np.outer(activations[i], delta)
        biases += rate * delta
        if i:
            delta = error_below * SLOPE[layers[i - 1].activation](activations[i])
    return float(np.mean(error**2))
