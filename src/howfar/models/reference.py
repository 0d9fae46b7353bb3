"""What is right: the forward pass and the SGD step in NumPy float64, written to be read."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from howfar.models import ModelSpec

Matrix = NDArray[np.float64]


def outputs(spec: ModelSpec, inputs: NDArray[np.float32]) -> Matrix:
    """Class probabilities (samples, classes) for inputs (samples, features)."""
    return _forward(_parameters(spec), inputs.astype(np.float64))[-1]


def losses(
    spec: ModelSpec, batches: Sequence[tuple[NDArray[np.float32], NDArray[np.uint8]]], learning_rate: float
) -> list[float]:
    """The mean softmax cross-entropy before each of the steps that plain SGD takes over the batches, one each.

    `batches`: (inputs (batch, features), labels (batch,)).
    """
    parameters = _parameters(spec)
    return [_step(parameters, inputs.astype(np.float64), labels, learning_rate) for inputs, labels in batches]


def _parameters(spec: ModelSpec) -> list[tuple[Matrix, Matrix]]:
    return [(weights.astype(np.float64), biases.astype(np.float64)) for weights, biases in spec.parameters]


def _forward(parameters: list[tuple[Matrix, Matrix]], inputs: Matrix) -> list[Matrix]:
    """The input and the activation of every layer; ReLU in all but the last, which is a softmax."""
    activations = [inputs]
    for weights, biases in parameters[:-1]:
        activations.append(np.maximum(activations[-1] @ weights + biases, 0))
    weights, biases = parameters[-1]
    logits = activations[-1] @ weights + biases
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return [*activations, exponentials / exponentials.sum(axis=1, keepdims=True)]


def _step(parameters: list[tuple[Matrix, Matrix]], inputs: Matrix, labels: NDArray[np.uint8], rate: float) -> float:
    """One SGD step, in place. Returns the loss before it."""
    *activations, probabilities = _forward(parameters, inputs)
    rows = np.arange(len(labels))
    loss = float(-np.log(probabilities[rows, labels]).mean())
    delta = probabilities.copy()
    delta[rows, labels] -= 1
    delta /= len(labels)
    for i in reversed(range(len(parameters))):
        weights, biases = parameters[i]
        gradient = activations[i].T @ delta
        upstream = delta @ weights.T
        biases -= rate * delta.sum(axis=0)
        weights -= rate * gradient
        delta = upstream * (activations[i] > 0)
    return loss
