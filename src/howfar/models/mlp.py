"""`mlp(depth, width)`: the study's network, 784 -> depth x width (ReLU) -> 10 (softmax)."""

from itertools import pairwise

from howfar.records import Layer, Model

FEATURES = 784
CLASSES = 10


def dense_layers(model: Model) -> tuple[Layer, ...]:
    """`depth` hidden layers of `width` units, and the output layer."""
    widths = [FEATURES, *[model.width] * model.depth]
    hidden = (Layer(inputs, units, "relu") for inputs, units in pairwise(widths))
    return (*hidden, Layer(widths[-1], CLASSES, "softmax"))
