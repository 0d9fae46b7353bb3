"""The converter's process: a graph of WebDNN's own operators, through WebDNN's own optimiser and code generator."""

import json
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
from webdnn.graph.operators.linear import Linear
from webdnn.graph.operators.relu import Relu
from webdnn.graph.operators.softmax import Softmax
from webdnn.graph.order import OrderC, OrderCN, OrderNC
from webdnn.graph.variable import Variable
from webdnn.graph.variables.constant_variable import ConstantVariable

from howfar.exporters.webdnn_converter import Order
from howfar.exporters.webdnn_converter.toolchains import Toolchain, compile_with_zig
from howfar.models import Array
from howfar.records import Layer

GRAPH = Path("graph_webassembly.json")


def main() -> None:
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    graph = _graph(order.layers, np.frombuffer(sys.stdin.buffer.read(), "<f4"))
    if order.toolchain:
        _take(order.toolchain)
    generate_descriptor(order.backend, graph).save(".")
    if order.toolchain:
        # The page tells it as a fact: who compiled the kernels, and with what, decides how fast they are.
        described = {**json.loads(GRAPH.read_text("utf-8")), "built_with": str(order.toolchain)}
        GRAPH.write_text(json.dumps(described, indent=2), "utf-8")


def _graph(layers: Sequence[Layer], weights: Array) -> Any:
    """Dense layers with biases, for one sample: WebDNN's graphs have a fixed batch."""
    entry = output = Variable([1, layers[0].inputs], OrderNC)
    for layer in layers:
        count = layer.inputs * layer.units
        kernel, biases, weights = np.split(weights, [count, count + layer.units])
        (output,) = Linear(None)(output, ConstantVariable(kernel.reshape(layer.inputs, layer.units), OrderCN))
        (output,) = AxiswiseBias(None, axis=Axis.C)(output, ConstantVariable(biases, OrderC))
        (output,) = _activation(layer)(output)
    return Graph([entry], [output])


def _activation(layer: Layer) -> Any:
    return Softmax(None, axis=Axis.C) if layer.activation == "softmax" else {"relu": Relu}[layer.activation](None)


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
