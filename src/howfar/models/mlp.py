"""`mlp(depth, width)`: the study's network, 784 -> depth x width (ReLU) -> 10 (softmax)."""

from itertools import pairwise

from howfar.data.digits import CLASSES, SIDE
from howfar.layers import Dense, Layer
from howfar.records import Form, Model


def layers(model: Model, form: Form) -> tuple[Layer, ...]:
    """`depth` hidden layers of `width` units, and the output layer."""
    widths = [SIDE * SIDE, *[model.width] * model.depth]
    hidden = (Dense(inputs, units, form.hidden, form.bias) for inputs, units in pairwise(widths))
    return (*hidden, Dense(widths[-1], CLASSES, form.output, form.bias))
