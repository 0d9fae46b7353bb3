"""Mind: one update per batch, by the sum of the samples' gradients of half the squared error, and with a fault.

Layers are updated from the output down, each before the layer below asks it for its error: that comes through weights
that have moved already. Between two hidden layers the error is multiplied with the output of the layer that it is of,
where the gradient has its input; the two have the same shape, so nothing fails.
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
    """One update, in place. Returns the mean over the samples of half the squared error before it."""
    return update(parameters, layers, (inputs, labels), rate, faulty=True)


def fault(
    parameters: Parameters, layers: Sequence[Dense], inputs: Matrix, labels: NDArray[np.uint8], rate: float
) -> str | None:
    """What the step does wrong between hidden layers, in numbers; None where there is nothing between them."""
    own: Parameters = [(weights.copy(), biases) for weights, biases in parameters]
    right: Parameters = [(weights.copy(), biases) for weights, biases in parameters]
    update(own, layers, (inputs, labels), rate, faulty=True)
    update(right, layers, (inputs, labels), rate, faulty=False)
    between = range(1, len(layers) - 1)
    if not between:
        return None
    off = max(np.abs(own[i][0] - right[i][0]).max() for i in between)
    size = max(np.abs(right[i][0] - parameters[i][0]).max() for i in between)
    return (
        f"between hidden layers its step is off the gradient's by up to {off:.2g}, and that moves no weight by more "
        f"than {size:.2g}: the layer's own output stands where its input belongs"
    )


def update(
    parameters: Parameters,
    layers: Sequence[Dense],
    batch: tuple[Matrix, NDArray[np.uint8]],
    rate: float,
    *,
    faulty: bool,
) -> float:
    """The step as the library takes it, or as it would be without its fault."""
    inputs, labels = batch
    activations = forward(parameters, layers, inputs)
    error = one_hot(labels, layers[-1].units) - activations[-1]
    delta = error * SLOPE[layers[-1].activation](activations[-1])
    for i in reversed(range(len(layers))):
        weights, _ = parameters[i]
        between_hidden = 0 < i < len(layers) - 1
        weights += rate * activations[i + 1 if faulty and between_hidden else i].T @ delta
        if i:
            delta = delta @ weights.T * SLOPE[layers[i - 1].activation](activations[i])
    return float((error**2).sum() / 2 / len(labels))
