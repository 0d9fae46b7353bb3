"""synaptic: the JSON that `Network.toJSON()` gives, one object per neuron and one per connection."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from howfar.layers import Activation
from howfar.models import Array, DenseSpec, ModelSpec, dense

SQUASH: Mapping[Activation, str] = {"relu": "RELU", "sigmoid": "LOGISTIC", "tanh": "TANH"}


def export(spec: ModelSpec, backend: str, version: str) -> Mapping[str, bytes]:  # noqa: ARG001 - the exporter contract
    """One file, `model.json`."""
    known = dense(spec)
    network = {"neurons": list(_neurons(known)), "connections": list(_connections(known))}
    return {"model.json": json.dumps(network, separators=(",", ":")).encode()}


def _neurons(spec: DenseSpec) -> Iterator[dict[str, Any]]:
    # Every neuron has a squash and a bias. Those of the input have no use for theirs: their activation is the input.
    yield from [_neuron(0, "input", "LOGISTIC")] * spec.layers[0].inputs
    names = [*range(len(spec.layers) - 1), "output"]
    for name, layer, (_, biases) in zip(names, spec.layers, spec.parameters, strict=True):
        yield from (_neuron(bias, name, SQUASH[layer.activation]) for bias in _doubles(biases))


def _neuron(bias: float, layer: str | int, squash: str) -> dict[str, Any]:
    return {
        "trace": {"elegibility": {}, "extended": {}},  # spelt so
        "state": 0,
        "old": 0,
        "activation": 0,
        "bias": bias,
        "layer": layer,
        "squash": squash,
    }


def _connections(spec: DenseSpec) -> Iterator[dict[str, Any]]:
    """Neuron by neuron, all that it projects to; neurons are numbered through the whole network."""
    first = 0
    for layer, (weights, _) in zip(spec.layers, spec.parameters, strict=True):
        above = first + layer.inputs
        for i, row in enumerate(weights):
            for j, weight in enumerate(_doubles(row)):
                yield {"from": first + i, "to": above + j, "weight": weight, "gater": None}
        first = above


def _doubles(values: Array) -> list[float]:
    """float32 values as the doubles that JavaScript makes of them."""
    doubles: list[float] = np.asarray(values, np.float64).tolist()
    return doubles
