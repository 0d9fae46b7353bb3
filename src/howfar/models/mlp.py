"""`mlp(depth, width)`: the study's network, 784 -> depth x width (ReLU) -> 10 (softmax)."""

from itertools import pairwise

from howfar.records import Form, Layer, Model

FEATURES = 784
CLASSES = 10


def dense_layers(model: Model, form: Form) -> tuple[Layer, ...]:
    """`depth` hidden layers of `width` units, and the output layer."""
    widths = [FEATURES, *[model.width] * model.depth]
    hidden = (Layer(inputs, units, form.hidden, form.bias) for inputs, units in pairwise(widths))
    return (*hidden, Layer(widths[-1], CLASSES, form.output, form.bias))
