"""Keras.js: the `.bin` that its encoder makes of a model saved by Keras 2.1.6, the last one whose files it knows.

The encoder itself needs that Keras and the protobuf of its day. The message has nothing but texts, bytes and packed
numbers, so writing it takes less than describing it to today's protobuf would, which howfar has no other use for.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from howfar.models import Array, ModelSpec
from howfar.records import Layer


def export(spec: ModelSpec, backend: str, version: str) -> Mapping[str, bytes]:  # noqa: ARG001 - the exporter contract
    """One file, `model.bin`."""
    names = [f"dense_{i}" for i in range(1, len(spec.layers) + 1)]
    config = {"class_name": "Sequential", "config": [_dense(*named) for named in zip(names, spec.layers, strict=True)]}
    # The package's model.proto: id, name, keras_version, backend, model_config, then all weights. The encoder draws the
    # id at random; a file that is measured again is the same.
    texts = ("00000000-0000-4000-8000-000000000000", "model", "2.1.6", "tensorflow", json.dumps(config))
    weights = [
        _weights(name, part, values)
        for name, layer, (kernel, bias) in zip(names, spec.layers, spec.parameters, strict=True)
        for part, values in (("kernel", kernel), ("bias", bias))[: 1 + layer.bias]
    ]
    fields = [_field(i, text.encode()) for i, text in enumerate(texts, 1)]
    return {"model.bin": b"".join([*fields, *(_field(6, one) for one in weights)])}


def _dense(name: str, layer: Layer) -> dict[str, Any]:
    """All that Keras writes of a layer, though it is read by few: it counts in the file's size."""
    first = {"batch_input_shape": [None, layer.inputs], "dtype": "float32"} if name == "dense_1" else {}
    glorot = {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform", "seed": None}
    config = {
        "name": name,
        "trainable": True,
        **first,
        "units": layer.units,
        "activation": layer.activation,
        "use_bias": layer.bias,
        "kernel_initializer": {"class_name": "VarianceScaling", "config": glorot},
        "bias_initializer": {"class_name": "Zeros", "config": {}},
        "kernel_regularizer": None,
        "bias_regularizer": None,
        "activity_regularizer": None,
        "kernel_constraint": None,
        "bias_constraint": None,
    }
    return {"class_name": "Dense", "config": config}


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
