"""ONNX Runtime: the model as an ONNX graph, as a converter would write it: images channels first, one node a layer."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from howfar.errors import Unavailable
from howfar.layers import Conv2D, Dense, Flatten, Layer, Lstm, MaxPool2D, shape_in, shape_out
from howfar.models import Array, ModelSpec

# Old enough for every runtime since 2021, and new enough for all that is used here.
OPSET = 13
IR_VERSION = 8
FILE = "model.onnx"


def export(spec: ModelSpec, backend: str, version: str) -> Mapping[str, bytes]:  # noqa: ARG001 - the exporter contract
    """One file, `model.onnx`: `input` (batch, ...) in the shape of the first layer, `output` (batch, classes).

    Raises: Unavailable where the package `onnx` is missing.
    """
    try:
        import onnx  # noqa: PLC0415 - 0.3 s, and an extra, for this framework alone
        from onnx import helper, numpy_helper  # noqa: PLC0415
    except ImportError:
        mend = "install it with: pip install onnx"
        raise Unavailable("ONNX files are written with the Python package onnx, which is not here", mend=mend) from None
    writer = _Writer(helper, numpy_helper)
    output = writer.add_all(spec)
    float32 = onnx.TensorProto.FLOAT
    entry = helper.make_tensor_value_info("input", float32, ["batch", *shape_in(spec.layers[0])])
    result = helper.make_tensor_value_info(output, float32, ["batch", *shape_out(spec.layers[-1])])
    graph = helper.make_graph(writer.nodes, "model", [entry], [result], writer.constants)
    opset = helper.make_opsetid("", OPSET)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION, producer_name="howfar")
    return {FILE: model.SerializeToString()}


class _Writer:
    """The graph's nodes and constants while they are added."""

    def __init__(self, helper: Any, numpy_helper: Any) -> None:
        self._helper, self._numpy = helper, numpy_helper
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add_all(self, spec: ModelSpec) -> str:
        """Returns the name of what the last layer gives."""
        name = "input"
        if isinstance(spec.layers[0], Conv2D):
            name = self._node("Transpose", [name], perm=[0, 3, 1, 2])
        if isinstance(spec.layers[0], Lstm):
            name = self._node("Transpose", [name], perm=[1, 0, 2])  # steps first
        before: Layer | None = None
        for layer, arrays in zip(spec.layers, spec.parameters, strict=True):
            name = self._layer(layer, arrays, name, before)
            before = layer
        return name

    def _layer(self, layer: Layer, arrays: Sequence[Array], name: str, before: Layer | None) -> str:
        match layer:
            case Dense():
                weights = _channels_first(arrays[0], before) if isinstance(before, Flatten) else arrays[0]
                name = self._node("Gemm", [name, self._constant(weights), self._constant(arrays[1])])
                return self._activated(layer.activation, name)
            case Conv2D():
                kernel = self._constant(arrays[0].transpose(3, 2, 0, 1))
                margin = [layer.kernel // 2] * 4
                name = self._node("Conv", [name, kernel, self._constant(arrays[1])], pads=margin)
                return self._activated(layer.activation, name)
            case MaxPool2D():
                square = [layer.size] * 2
                return self._node("MaxPool", [name], kernel_shape=square, strides=square, ceil_mode=1)
            case Lstm():
                return self._lstm(layer, arrays, name)
            case Flatten():
                return self._node("Flatten", [name])

    def _lstm(self, layer: Lstm, arrays: Sequence[Array], name: str) -> str:
        """Gates in the order input, output, forget, cell, each unit's weights in a row; one direction."""
        weights, recurrent, biases = (_gates(array) for array in arrays)
        both = np.concatenate([biases, np.zeros_like(biases)])
        constants = [self._constant(array[None]) for array in (weights.T, recurrent.T, both)]
        steps = self._node("LSTM", [name, *constants], outputs=2, hidden_size=layer.units)
        axis = self._constant(np.array([1 if layer.sequences else 0], np.int64))
        return self._node("Squeeze", [steps if layer.sequences else f"{steps}_1", axis])

    def _activated(self, activation: str, name: str) -> str:
        kind = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "softmax": "Softmax"}[activation]
        return self._node(kind, [name])

    def _node(self, kind: str, inputs: Sequence[str], outputs: int = 1, **attributes: Any) -> str:
        """Returns the name of its first output; the second has `_1` behind that."""
        name = f"{kind.lower()}{len(self.nodes)}"
        names = [name, f"{name}_1"][:outputs]
        self.nodes.append(self._helper.make_node(kind, list(inputs), names, **attributes))
        return name

    def _constant(self, values: Any) -> str:
        name = f"constant{len(self.constants)}"
        self.constants.append(self._numpy.from_array(np.ascontiguousarray(values), name))
        return name


def _gates(array: Array) -> Array:
    i, f, g, o = np.split(array, 4, axis=-1)
    return np.concatenate([i, o, f, g], axis=-1)


def _channels_first(weights: Array, image: Flatten) -> Array:
    """Dense weights for an image that was flattened channels first."""
    units = weights.shape[1]
    shaped = weights.reshape(image.height, image.width, image.channels, units)
    return shaped.transpose(2, 0, 1, 3).reshape(-1, units)
