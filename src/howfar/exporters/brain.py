"""brain.js: the JSON that `NeuralNetwork.toJSON()` gives of a network that was not trained yet.

1.x writes a layer's units and a unit's weights as objects with their indices as keys; 2.x writes arrays, and the
activation among the options.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from howfar.models import Array, DenseSpec, ModelSpec, dense

# The library's defaults, which it saves with every network; in three parts, as 2.x writes more between them.
TRAINING = {"iterations": 20000, "errorThresh": 0.005, "log": False, "logPeriod": 10}
RATES = {"learningRate": 0.3, "momentum": 0.1, "callbackPeriod": 10}
ADAM = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}


def export(spec: ModelSpec, backend: str, version: str) -> Mapping[str, bytes]:  # noqa: ARG001 - the exporter contract
    """One file, `model.json`. The network must have one activation in all its layers, as its form says."""
    saved = (_first if version.startswith(("0.", "1.")) else _second)(dense(spec))
    return {"model.json": json.dumps(saved, separators=(",", ":")).encode()}


def _first(spec: DenseSpec) -> dict[str, Any]:
    """As 1.x writes it."""
    sizes = _sizes(spec)
    layers = [_keyed([{}] * sizes[0]), *(_keyed(_units(*layer)) for layer in spec.parameters)]
    return {
        "sizes": sizes,
        "layers": layers,
        "outputLookup": False,
        "inputLookup": False,
        "activation": spec.layers[0].activation,
        "trainOpts": TRAINING | RATES | ADAM,
    }


def _units(weights: Array, biases: Array) -> list[dict[str, Any]]:
    columns = zip(_numbers(biases), _numbers(weights.T), strict=True)
    return [{"bias": bias, "weights": _keyed(column)} for bias, column in columns]


def _keyed(items: list[Any]) -> dict[str, Any]:
    return {str(i): item for i, item in enumerate(items)}


def _second(spec: DenseSpec) -> dict[str, Any]:
    """As 2.x writes it."""
    sizes, activation = _sizes(spec), spec.layers[0].activation
    layers = [{"weights": _numbers(weights.T), "biases": _numbers(biases)} for weights, biases in spec.parameters]
    shape = {"inputSize": sizes[0], "outputSize": sizes[-1], "binaryThresh": 0.5, "hiddenLayers": sizes[1:-1]}
    return {
        "type": "NeuralNetwork",
        "sizes": sizes,
        "layers": [{"weights": [], "biases": []}, *layers],
        "inputLookup": None,
        "inputLookupLength": 0,
        "outputLookup": None,
        "outputLookupLength": 0,
        "options": shape | {"activation": activation},
        "trainOpts": {
            "activation": activation,
            **TRAINING,
            "leakyReluAlpha": 0.01,
            **RATES,
            "timeout": "Infinity",
            **ADAM,
        },
    }


def _sizes(spec: DenseSpec) -> list[int]:
    return [spec.layers[0].inputs, *(layer.units for layer in spec.layers)]


def _numbers(values: Array) -> Any:
    """As a Float32Array's elements are printed: all the digits that their float64 needs."""
    return values.astype(np.float64).tolist()
