"""ConvNetJS: the JSON that `Net.toJSON()` gives. A Float64Array is written as an object with its indices as keys."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from howfar.models import Array, ModelSpec


def export(spec: ModelSpec, backend: str, version: str) -> Mapping[str, bytes]:  # noqa: ARG001 - the exporter contract
    """One file, `model.json`."""
    layers = [_input(spec.layers[0].inputs)]
    for layer, (weights, biases) in zip(spec.layers, spec.parameters, strict=True):
        layers += [_dense(weights, biases), _activation(layer.activation, layer.units)]
    return {"model.json": json.dumps({"layers": layers}, separators=(",", ":")).encode()}


def _input(depth: int) -> dict[str, Any]:
    return {"out_depth": depth, "out_sx": 1, "out_sy": 1, "layer_type": "input"}


def _dense(weights: Array, biases: Array) -> dict[str, Any]:
    return {
        "out_depth": weights.shape[1],
        "out_sx": 1,
        "out_sy": 1,
        "layer_type": "fc",
        "num_inputs": weights.shape[0],
        "l1_decay_mul": 0,
        "l2_decay_mul": 1,
        "filters": [_volume(column) for column in weights.T],
        "biases": _volume(biases),
    }


def _volume(values: Array) -> dict[str, Any]:
    numbers = np.asarray(values, np.float64).tolist()
    return {"sx": 1, "sy": 1, "depth": len(numbers), "w": {str(i): number for i, number in enumerate(numbers)}}


def _activation(kind: str, units: int) -> dict[str, Any]:
    named = {"out_depth": units, "out_sx": 1, "out_sy": 1, "layer_type": kind}
    return named | {"num_inputs": units} if kind == "softmax" else named
