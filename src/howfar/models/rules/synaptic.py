"""synaptic: a "batch" is that many online updates, one per sample, by the library's own kind of back-propagation.

`Neuron.propagate` gives an output neuron the error t - y as it is, without its slope, and moves a neuron's incoming
weights before the layer below asks for them: a hidden neuron's error comes through weights that have moved already.

Each update has the study's rate over the number of samples: together they go about as far as the one mini-batch step of
the others. At the whole rate the networks of two hidden layers and more are NaN within two batches.
"""

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
    """One online update per sample, in place. Returns the mean over the samples of half the squared error of the output
    that the sample met: after the updates by those before it."""
    errors = [
        _update(parameters, layers, sample, target, rate / len(labels))
        for sample, target in zip(inputs, one_hot(labels, layers[-1].units), strict=True)
    ]
    return float(np.mean(errors))


def _update(parameters: Parameters, layers: Sequence[Dense], sample: Matrix, target: Matrix, rate: float) -> float:
    """Trains on one sample (features,). Returns half the squared error before it."""
    *activations, output = forward(parameters, layers, sample)
    delta = target - output
    half_squared_error = float(delta @ delta) / 2
    for i in reversed(range(len(parameters))):
        weights, biases = parameters[i]
        weights += rate * np.outer(activations[i], delta)
        biases += rate * delta
        if i:
            delta = weights @ delta * SLOPE[layers[i - 1].activation](activations[i])
    return half_squared_error
