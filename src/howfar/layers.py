"""The neutral layers that every model is made of: what each takes and gives, its parameters, its multiply-adds.

Shapes are of one sample, channels last, as Keras has them. page/layers.js is its twin.
"""

from collections.abc import Iterable
from math import prod
from typing import Annotated, Literal

from msgspec import Meta, Struct

Activation = Literal["relu", "sigmoid", "tanh", "softmax"]
Positive = Annotated[int, Meta(ge=1)]
Shape = tuple[int, ...]


class Dense(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="dense"):
    """(inputs) -> (units): weights (inputs, units) and, with `bias`, biases (units)."""

    inputs: Positive
    units: Positive
    activation: Activation
    bias: bool


class Conv2D(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="conv2d"):
    """(height, width, channels) -> (height, width, filters), by a square kernel of odd side that goes one pixel at a
    time over the image and a margin of zeros: weights (kernel, kernel, channels, filters), biases (filters)."""

    height: Positive
    width: Positive
    channels: Positive
    kernel: Positive
    filters: Positive
    activation: Activation


class MaxPool2D(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="max_pool2d"):
    """(height, width, channels) -> (ceil(height / size), ceil(width / size), channels): the largest of each square; one
    at the lower or right edge may be cut off."""

    height: Positive
    width: Positive
    channels: Positive
    size: Positive


class Flatten(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="flatten"):
    """(height, width, channels) -> (height x width x channels), row by row, channels together."""

    height: Positive
    width: Positive
    channels: Positive


class Lstm(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="lstm"):
    """(steps, inputs) -> (steps, units) with `sequences`, else (units): the last step's. Sigmoid gates, tanh else, as
    Hochreiter and Schmidhuber with forget gates; weights (inputs, 4 units), recurrent weights (units, 4 units), biases
    (4 units), each in the order input, forget, cell, output."""

    steps: Positive
    inputs: Positive
    units: Positive
    sequences: bool


Layer = Dense | Conv2D | MaxPool2D | Flatten | Lstm


def shape_in(layer: Layer) -> Shape:
    """What one sample of its input is."""
    match layer:
        case Dense():
            return (layer.inputs,)
        case Lstm():
            return (layer.steps, layer.inputs)
    return (layer.height, layer.width, layer.channels)


def shape_out(layer: Layer) -> Shape:
    """What it makes of one sample."""
    match layer:
        case Dense():
            return (layer.units,)
        case Lstm():
            return (layer.steps, layer.units) if layer.sequences else (layer.units,)
        case Conv2D():
            return (layer.height, layer.width, layer.filters)
        case MaxPool2D():
            return (-(-layer.height // layer.size), -(-layer.width // layer.size), layer.channels)
    return (prod(shape_in(layer)),)


def size_in(layer: Layer) -> int:
    """How many numbers one sample of its input is."""
    return prod(shape_in(layer))


def size_out(layer: Layer) -> int:
    """How many numbers it makes of one sample."""
    return prod(shape_out(layer))


def parameter_shapes(layer: Layer) -> tuple[Shape, ...]:
    """Its parameters in the order in which they are handed over: weights, recurrent weights, biases."""
    match layer:
        case Dense():
            return ((layer.inputs, layer.units), (layer.units,))[: 1 + layer.bias]
        case Conv2D():
            return ((layer.kernel, layer.kernel, layer.channels, layer.filters), (layer.filters,))
        case Lstm():
            gates = 4 * layer.units
            return ((layer.inputs, gates), (layer.units, gates), (gates,))
    return ()


def parameters(layers: Iterable[Layer]) -> int:
    """How many numbers can be trained."""
    return sum(prod(shape) for layer in layers for shape in parameter_shapes(layer))


def multiply_adds(layers: Iterable[Layer]) -> int:
    """Of one sample's forward pass: how often a weight meets a number. Biases, activations and pooling are not counted;
    a convolution's margin is, as if it were image."""
    return sum(_multiply_adds(layer) for layer in layers)


def training_multiply_adds(layers: Iterable[Layer]) -> int:
    """Of one sample's training step: forward, then as much again for what each weight, and as much for what each input
    does to the loss; nobody asks the latter of the network's own inputs. The update itself is not counted."""
    every = list(layers)
    first = next((layer for layer in every if parameter_shapes(layer)), None)
    return 3 * multiply_adds(every) - (_of_inputs(first) if first else 0)


def _of_inputs(layer: Layer) -> int:
    """The part of its multiply-adds that meet its inputs: all, but for what an LSTM hands to itself."""
    return layer.steps * layer.inputs * 4 * layer.units if isinstance(layer, Lstm) else _multiply_adds(layer)


def _multiply_adds(layer: Layer) -> int:
    weights = sum(prod(shape) for shape in parameter_shapes(layer) if len(shape) > 1)
    match layer:
        case Conv2D():
            return weights * layer.height * layer.width
        case Lstm():
            return weights * layer.steps
    return weights
