"""TensorFlow.js: a layers model, `model.json` and the weights as one binary, as its own `save` writes them."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import semver

from howfar.layers import Conv2D, Dense, Flatten, Layer, Lstm, MaxPool2D, parameter_shapes, shape_in
from howfar.models import ModelSpec

WEIGHTS = "model.weights.bin"
# Since 1.0 a Sequential model's configuration is an object with its layers in it; before, it was the list of them.
NAMED_CONFIG = semver.Version(1)

SPREAD = {"scale": 1, "mode": "fan_avg", "distribution": "normal", "seed": None}
DRAWN = {"class_name": "VarianceScaling", "config": SPREAD}
ORTHOGONAL = {"class_name": "Orthogonal", "config": {"gain": 1, "seed": None}}
ZEROS: Mapping[str, Any] = {"class_name": "Zeros", "config": {}}
# Its names of the parameters, in our order.
NAMES = {Dense: ("kernel", "bias"), Conv2D: ("kernel", "bias"), Lstm: ("kernel", "recurrent_kernel", "bias")}


def export(spec: ModelSpec, backend: str, version: str) -> Mapping[str, bytes]:  # noqa: ARG001 - the exporter contract
    """Two files: the description, and all weights in order as little-endian float32."""
    names = list(_names(spec.layers))
    layers = [_described(*named) for named in zip(spec.layers, names, strict=True)]
    layers[0]["config"] |= {"batch_input_shape": [None, *shape_in(spec.layers[0])], "dtype": "float32"}
    newer = semver.Version.parse(version) >= NAMED_CONFIG
    topology = {
        "class_name": "Sequential",
        "config": {"name": "sequential_1", "layers": layers} if newer else layers,
        "keras_version": f"tfjs-layers {version}",
        "backend": "tensor_flow.js",
    }
    weights = [entry for named in zip(spec.layers, names, strict=True) for entry in _weights(*named)]
    description = {
        "modelTopology": topology,
        "format": "layers-model",
        "generatedBy": f"TensorFlow.js tfjs-layers v{version}",
        "convertedBy": None,
        "weightsManifest": [{"paths": [f"./{WEIGHTS}"], "weights": weights}],
    }
    return {"model.json": json.dumps(description, separators=(",", ":")).encode(), WEIGHTS: spec.to_bytes()}


def _names(layers: Sequence[Layer]) -> Iterator[str]:
    """As the library numbers them, each kind by itself: `dense_Dense1`."""
    counts: Counter[type[Layer]] = Counter()
    own = {Dense: "dense_Dense", Conv2D: "conv2d_Conv2D", MaxPool2D: "max_pooling2d_MaxPooling2D", Lstm: "lstm_LSTM"}
    for layer in layers:
        counts[type(layer)] += 1
        yield f"{own.get(type(layer), 'flatten_Flatten')}{counts[type(layer)]}"


def _described(layer: Layer, name: str) -> dict[str, Any]:
    """One entry with every key that the library itself writes, since the file's size is measured too."""
    kind, config = _kind_and_config(layer)
    return {"class_name": kind, "config": {**config, "name": name, "trainable": True}}


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
            return "LSTM", {"units": layer.units, **_recurrent(layer), **_weighted()}
        case Flatten():
            return "Flatten", {}


def _weighted(*, bias: bool = True) -> dict[str, Any]:
    nothing = ("kernel_regularizer", "bias_regularizer", "activity_regularizer", "kernel_constraint", "bias_constraint")
    return {"use_bias": bias, "kernel_initializer": DRAWN, "bias_initializer": ZEROS, **dict.fromkeys(nothing)}


def _recurrent(layer: Lstm) -> dict[str, Any]:
    flow = {"return_sequences": layer.sequences, "return_state": False, "go_backwards": False, "stateful": False}
    gates = {"activation": "tanh", "recurrent_activation": "sigmoid", "unit_forget_bias": None, "implementation": None}
    drawn = {"recurrent_initializer": ORTHOGONAL, "recurrent_regularizer": None, "recurrent_constraint": None}
    return {**flow, "unroll": False, **gates, **drawn, "dropout": 0, "recurrent_dropout": 0}


def _weights(layer: Layer, name: str) -> list[dict[str, Any]]:
    own = zip(NAMES.get(type(layer), ()), parameter_shapes(layer), strict=False)  # a dense layer may have no bias
    return [{"name": f"{name}/{part}", "shape": shape, "dtype": "float32"} for part, shape in own]
