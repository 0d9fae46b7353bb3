"""ConvNetJS: the JSON that `Net.toJSON()` gives. A Float64Array is written as an object with its indices as keys."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from howfar.layers import Conv2D, Dense, Layer, MaxPool2D, Shape, shape_in, shape_out
from howfar.models import Array, ModelSpec


def export(spec: ModelSpec, backend: str, version: str) -> Mapping[str, bytes]:  # noqa: ARG001 - the exporter contract
    """One file, `model.json`.

    Raises: TypeError for layers that it does not have.
    """
    layers = [{**_sized(shape_in(spec.layers[0])), "layer_type": "input"}]
    for layer, arrays in zip(spec.layers, spec.parameters, strict=True):
        layers += _written(layer, arrays)
    return {"model.json": json.dumps({"layers": layers}, separators=(",", ":")).encode()}


def _written(layer: Layer, arrays: tuple[Array, ...]) -> Iterator[dict[str, Any]]:
    """What it makes of a layer: dense layers take an image as it is, and an activation is a layer of its own."""
    match layer:
        case Dense():
            yield _dense(*arrays)
            yield _activation(layer.activation, (layer.units,))
        case Conv2D():
            yield _convolution(layer, *arrays)
            yield _activation(layer.activation, shape_out(layer))
        case MaxPool2D():
            square = {"sx": layer.size, "sy": layer.size, "stride": layer.size, "in_depth": layer.channels, "pad": 0}
            yield {**_sized(shape_out(layer)), "layer_type": "pool", **square}
        case _ if type(layer).__name__ != "Flatten":
            raise TypeError(f"ConvNetJS has no {layer}")


def _sized(shape: Shape) -> dict[str, int]:
    """A row of numbers is one pixel of that depth."""
    height, width, depth = shape if len(shape) == 3 else (1, 1, *shape)
    return {"out_depth": depth, "out_sx": width, "out_sy": height}


DECAY = {"l1_decay_mul": 0, "l2_decay_mul": 1}


def _dense(weights: Array, biases: Array) -> dict[str, Any]:
    filters = [_volume(column[None, None]) for column in weights.T]
    own = {"layer_type": "fc", "num_inputs": weights.shape[0], **DECAY}
    return {**_sized(biases.shape), **own, "filters": filters, "biases": _volume(biases[None, None])}


def _convolution(layer: Conv2D, weights: Array, biases: Array) -> dict[str, Any]:
    seen = {"sx": layer.kernel, "sy": layer.kernel, "stride": 1, "in_depth": layer.channels}
    own = {**seen, "layer_type": "conv", **DECAY, "pad": layer.kernel // 2}
    filters = [_volume(weights[..., i]) for i in range(layer.filters)]
    return {**_sized(shape_out(layer)), **own, "filters": filters, "biases": _volume(biases[None, None])}


def _volume(values: Array) -> dict[str, Any]:
    """Values (height, width, depth)."""
    height, width, depth = values.shape
    numbers = np.asarray(values, np.float64).ravel().tolist()
    return {"sx": width, "sy": height, "depth": depth, "w": {str(i): number for i, number in enumerate(numbers)}}


def _activation(kind: str, shape: Shape) -> dict[str, Any]:
    named = {**_sized(shape), "layer_type": kind}
    return named | {"num_inputs": shape[0]} if kind == "softmax" else named
