"""The converter's process: a graph of WebDNN's own operators, through WebDNN's own optimiser and code generator."""

import json
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

import howfar.exporters.webdnn_converter.old_names  # noqa: F401 - before webdnn, which needs them

# isort: split
from webdnn.backend import generate_descriptor
from webdnn.backend.webassembly.generator import GraphExecutionData
from webdnn.backend.webassembly.optimize_rules.use_eigen import UseEigen
from webdnn.graph.axis import Axis
from webdnn.graph.graph import Graph
from webdnn.graph.operators.axiswise_bias import AxiswiseBias
from webdnn.graph.operators.convolution2d import Convolution2D
from webdnn.graph.operators.linear import Linear
from webdnn.graph.operators.lstm import LSTM
from webdnn.graph.operators.max_pooling_2d import MaxPooling2D
from webdnn.graph.operators.relu import Relu
from webdnn.graph.operators.reshape import Reshape
from webdnn.graph.operators.softmax import Softmax
from webdnn.graph.order import Order, OrderC, OrderCN, OrderNC, OrderNHWC, OrderNTC
from webdnn.graph.variable import Variable
from webdnn.graph.variables.constant_variable import ConstantVariable

from howfar.exporters import webdnn_converter
from howfar.exporters.webdnn_converter.toolchains import Toolchain, compile_with_zig
from howfar.layers import Conv2D, Dense, Flatten, Layer, Lstm, MaxPool2D, parameter_shapes, shape_in, shape_out
from howfar.models import Array

GRAPH = Path("graph_webassembly.json")


def main() -> None:
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=webdnn_converter.Order)
    graph = _graph(order.layers, np.frombuffer(sys.stdin.buffer.read(), "<f4"))
    if order.toolchain:
        _take(order.toolchain)
    generate_descriptor(order.backend, graph).save(".")
    if order.toolchain:
        # The page tells it as a fact: who compiled the kernels, and with what, decides how fast they are.
        described = {**json.loads(GRAPH.read_text("utf-8")), "built_with": str(order.toolchain)}
        GRAPH.write_text(json.dumps(described, indent=2), "utf-8")


# WebDNN's order of a convolution's kernel and of dense weights: ours.
OrderKernel = Order([Axis.KH, Axis.KW, Axis.C, Axis.N])


def _graph(layers: Sequence[Layer], weights: Array) -> Any:
    """For one sample: WebDNN's graphs have a fixed batch."""
    orders = {1: OrderNC, 2: OrderNTC, 3: OrderNHWC}
    entry = output = Variable([1, *shape_in(layers[0])], orders[len(shape_in(layers[0]))])
    for layer in layers:
        sizes = [math.prod(shape) for shape in parameter_shapes(layer)]
        *parts, weights = np.split(weights, np.cumsum(sizes))
        arrays = [part.reshape(shape) for part, shape in zip(parts, parameter_shapes(layer), strict=True)]
        output = _added(layer, arrays, output)
    return Graph([entry], [output])


def _added(layer: Layer, arrays: Sequence[Array], output: Any) -> Any:
    """What the layer makes of the graph's output so far."""
    match layer:
        case Dense():
            (output,) = Linear(None)(output, ConstantVariable(arrays[0], OrderCN))
            return _activated(layer, arrays[1], output)
        case Conv2D():
            convolve = Convolution2D(None, layer.kernel, 1, layer.kernel // 2, dilation_rate=1)
            (output,) = convolve(output, ConstantVariable(arrays[0], OrderKernel))
            return _activated(layer, arrays[1], output)
        case MaxPool2D():
            (output,) = MaxPooling2D(None, layer.size, layer.size, 0, cover_all=True)(output)
            return output
        case Lstm():
            names = {"activation": "tanh", "recurrent_activation": "sigmoid"}
            lstm = LSTM(None, True, layer.sequences, use_initial_c=False, use_initial_h=False, **names)
            weights, recurrent = (ConstantVariable(array, OrderCN) for array in arrays[:2])
            return lstm(output, weights, recurrent, ConstantVariable(arrays[2], OrderC))[0]
        case Flatten():
            flat = {"in_order": OrderNHWC, "out_order": OrderNC, "out_shape": [1, *shape_out(layer)]}
            return Reshape(None, **flat)(output)[0]


def _activated(layer: Dense | Conv2D, biases: Array, output: Any) -> Any:
    (output,) = AxiswiseBias(None, axis=Axis.C)(output, ConstantVariable(biases, OrderC))
    activation = Softmax(None, axis=Axis.C) if layer.activation == "softmax" else {"relu": Relu}[layer.activation](None)
    return activation(output)[0]


def _take(toolchain: Toolchain) -> None:
    """Has WebDNN's generator compile with what is here."""
    # A second set of kernels, for browsers without WebAssembly.
    GraphExecutionData._compile_fallback_asmjs = lambda *_: None
    if not toolchain.eigen_folder:
        UseEigen.optimize = lambda _, graph: (graph, False)
    if toolchain.compiler == "Zig":
        GraphExecutionData._compile = lambda _, folder: compile_with_zig(Path(folder), toolchain.eigen_folder)
        return
    # What today's Emscripten no longer lets WebDNN's worker see unless it is asked to.
    flags = ["-sEXPORTED_RUNTIME_METHODS=HEAPF32", *([f"-I{toolchain.eigen_folder}"] if toolchain.eigen_folder else [])]
    os.environ["EMCC_CFLAGS"] = " ".join([os.environ.get("EMCC_CFLAGS", ""), *flags])
    # Debian's Emscripten finds its JavaScript packages by itself only with Debian's Node.js.
    os.environ.setdefault("NODE_PATH", "/usr/share/nodejs")


if __name__ == "__main__":
    main()
