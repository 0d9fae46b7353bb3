"""The activations that layers can have, and their derivatives by their own output."""

from collections.abc import Callable, Mapping

import numpy as np

from howfar.layers import Activation
from howfar.models.rules import Matrix


def softmax(z: Matrix) -> Matrix:
    """Over the last axis."""
    exponentials = np.exp(z - z.max(axis=-1, keepdims=True))
    softened: Matrix = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return softened


FORWARD: Mapping[Activation, Callable[[Matrix], Matrix]] = {
    "relu": lambda z: np.maximum(z, 0),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "softmax": softmax,
}
# By the activation's output y. A softmax has none here: with the cross-entropy its delta is y - t.
SLOPE: Mapping[Activation, Callable[[Matrix], Matrix]] = {
    "relu": lambda y: (y > 0).astype(float),
    "sigmoid": lambda y: y * (1 - y),
    "tanh": lambda y: 1 - y * y,
}
