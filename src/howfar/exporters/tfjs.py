"""TensorFlow.js: a layers model, `model.json` and the weights as one binary, as its own `save` writes them."""

import json
from collections.abc import Mapping
from typing import Any

import semver

from howfar.models import ModelSpec
from howfar.records import Layer

WEIGHTS = "model.weights.bin"
# Since 1.0 a Sequential model's configuration is an object with its layers in it; before, it was the list of them.
NAMED_CONFIG = semver.Version(1)


def export(spec: ModelSpec, backend: str, version: str) -> Mapping[str, bytes]:  # noqa: ARG001 - the exporter contract
    """Two files: the description, and all weights in order as little-endian float32."""
    layers = [_dense(layer, i) for i, layer in enumerate(spec.layers, 1)]
    layers[0]["config"]["batch_input_shape"] = [None, spec.layers[0].inputs]
    newer = semver.Version.parse(version) >= NAMED_CONFIG
    topology = {
        "class_name": "Sequential",
        "config": {"name": "sequential_1", "layers": layers} if newer else layers,
        "keras_version": f"tfjs-layers {version}",
        "backend": "tensor_flow.js",
    }
    weights = [entry for i, layer in enumerate(spec.layers, 1) for entry in _weights(layer, i)]
    description = {
        "modelTopology": topology,
        "format": "layers-model",
        "generatedBy": f"TensorFlow.js tfjs-layers v{version}",
        "convertedBy": None,
        "weightsManifest": [{"paths": [f"./{WEIGHTS}"], "weights": weights}],
    }
    return {"model.json": json.dumps(description, separators=(",", ":")).encode(), WEIGHTS: spec.to_bytes()}


def _dense(layer: Layer, number: int) -> dict[str, Any]:
    """One entry with every key that the library itself writes, since the file's size is measured too."""
    spread = {"scale": 1, "mode": "fan_avg", "distribution": "normal", "seed": None}
    nothing = dict.fromkeys(
        ("kernel_regularizer", "bias_regularizer", "activity_regularizer", "kernel_constraint", "bias_constraint")
    )
    config = {
        "units": layer.units,
        "activation": layer.activation,
        "use_bias": layer.bias,
        "kernel_initializer": {"class_name": "VarianceScaling", "config": spread},
        "bias_initializer": {"class_name": "Zeros", "config": {}},
        **nothing,
        "name": f"dense_Dense{number}",
        "trainable": True,
    }
    return {"class_name": "Dense", "config": config}


def _weights(layer: Layer, number: int) -> list[dict[str, Any]]:
    shapes = {"kernel": [layer.inputs, layer.units]} | ({"bias": [layer.units]} if layer.bias else {})
    return [
        {"name": f"dense_Dense{number}/{name}", "shape": shape, "dtype": "float32"} for name, shape in shapes.items()
    ]
