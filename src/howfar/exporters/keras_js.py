"""Keras.js: the `.bin` that its encoder makes of a model saved by Keras 2.1.6, the last one whose files it knows.

The encoder itself needs that Keras and the protobuf of its day. The message has nothing but texts, bytes and packed
numbers, so writing it takes less than describing it to today's protobuf would, which howfar has no other use for.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from howfar.layers import Conv2D, Dense, Flatten, Layer, Lstm, MaxPool2D, parameter_shapes, shape_in
from howfar.models import Array, ModelSpec

GLOROT = {
    "class_name": "VarianceScaling",
    "config": {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform", "seed": None},
}
ZEROS: Mapping[str, Any] = {"class_name": "Zeros", "config": {}}
ORTHOGONAL = {"class_name": "Orthogonal", "config": {"gain": 1.0, "seed": None}}


def export(spec: ModelSpec, backend: str, version: str) -> Mapping[str, bytes]:  # noqa: ARG001 - the exporter contract
    """One file, `model.bin`."""
    described = [_described(layer, i) for i, layer in enumerate(spec.layers, 1)]
    described[0]["config"] |= {"batch_input_shape": [None, *shape_in(spec.layers[0])], "dtype": "float32"}
    config = {"class_name": "Sequential", "config": described}
    # The package's model.proto: id, name, keras_version, backend, model_config, then all weights. The encoder draws the
    # id at random; a file that is measured again is the same.
    texts = ("00000000-0000-4000-8000-000000000000", "model", "2.1.6", "tensorflow", json.dumps(config))
    fields = [_field(i, text.encode()) for i, text in enumerate(texts, 1)]
    return {"model.bin": b"".join([*fields, *(_field(6, one) for one in _all_weights(spec, described))])}


def _all_weights(spec: ModelSpec, described: Sequence[dict[str, Any]]) -> Iterator[bytes]:
    for layer, entry, arrays in zip(spec.layers, described, spec.parameters, strict=True):
        names = ("kernel", "recurrent_kernel", "bias") if isinstance(layer, Lstm) else ("kernel", "bias")
        for part, values, _ in zip(names, arrays, parameter_shapes(layer), strict=False):
            yield _weights(entry["config"]["name"], part, values)


def _described(layer: Layer, number: int) -> dict[str, Any]:
    """All that Keras writes of a layer, though it is read by few: it counts in the file's size."""
    kind, own = _kind_and_config(layer)
    return {"class_name": kind, "config": {"name": f"{kind.lower()}_{number}", "trainable": True, **own}}


def _kind_and_config(layer: Layer) -> tuple[str, dict[str, Any]]:
    match layer:
        case Dense():
            return "Dense", {"units": layer.units, "activation": layer.activation, **_weighted(bias=layer.bias)}
        case Conv2D():
            seen = {"filters": layer.filters, "kernel_size": [layer.kernel] * 2, "strides": [1, 1], "padding": "same"}
            places = {"data_format": "channels_last", "dilation_rate": [1, 1], "activation": layer.activation}
            return "Conv2D", seen | places | _weighted()
        case MaxPool2D():
            squares = {"pool_size": [layer.size] * 2, "padding": "same", "strides": [layer.size] * 2}
            return "MaxPooling2D", squares | {"data_format": "channels_last"}
        case Lstm():
            return "LSTM", {**_recurrent(layer), **_weighted()}
        case Flatten():
            return "Flatten", {}


def _weighted(*, bias: bool = True) -> dict[str, Any]:
    nothing = ("kernel_regularizer", "bias_regularizer", "activity_regularizer", "kernel_constraint", "bias_constraint")
    return {"use_bias": bias, "kernel_initializer": GLOROT, "bias_initializer": ZEROS, **dict.fromkeys(nothing)}


def _recurrent(layer: Lstm) -> dict[str, Any]:
    flow = {"return_sequences": layer.sequences, "return_state": False, "go_backwards": False, "stateful": False}
    gates = {"unroll": False, "units": layer.units, "activation": "tanh", "recurrent_activation": "sigmoid"}
    drawn = {"recurrent_initializer": ORTHOGONAL, "recurrent_regularizer": None, "recurrent_constraint": None}
    rest = {"unit_forget_bias": True, "dropout": 0.0, "recurrent_dropout": 0.0, "implementation": 1}
    return {**flow, **gates, **drawn, **rest}


def _weights(layer: str, part: str, values: Array) -> bytes:
    """One array: layer_name, weight_name, shape, type, data."""
    shape = b"".join(_varint(length) for length in values.shape)
    data = np.ascontiguousarray(values, "<f4").tobytes()
    parts = (layer.encode(), f"{layer}/{part}:0".encode(), shape, b"float32", data)
    return b"".join(_field(i, one) for i, one in enumerate(parts, 1))


def _field(number: int, data: bytes) -> bytes:
    """A field that says its length first: a text, bytes, packed numbers, or another message."""
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    """Seven bits to a byte, the lowest first; the eighth says that more follow."""
    more = number >> 7
    return bytes([number & 127 | 128]) + _varint(more) if more else bytes([number])
