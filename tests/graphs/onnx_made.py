"""ONNX files made for a test, and what ONNX Runtime makes of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from graphs.evaluating import evaluate
from graphs.running import apart, drawn
from howfar.graphs.from_onnx import read
from howfar.graphs.graph import Graph

Array = NDArray[Any]
Shape = tuple[int | str, ...]
FLOAT = TensorProto.FLOAT
LIMIT = 2e-5


def node(kind: str, inputs: str, output: str, **attributes: Any) -> Any:
    """Names of inputs and outputs with spaces between; `_` is one that is left out."""
    names = ["" if name == "_" else name for name in inputs.split()]
    return helper.make_node(kind, names, output.split(), name=f"{kind}_of_{output.split(maxsplit=1)[0]}", **attributes)


def saved(
    path: Path,
    nodes: Sequence[Any],
    inputs: Mapping[str, Shape],
    constants: Mapping[str, Array] | None = None,
    opset: int = 17,
    types: Mapping[str, int] | None = None,
) -> Path:
    """The last node's outputs are the model's."""
    entries = [
        helper.make_tensor_value_info(name, (types or {}).get(name, FLOAT), list(shape))
        for name, shape in inputs.items()
    ]
    results = [helper.make_empty_tensor_value_info(name) for name in nodes[-1].output if name]
    stored = [numpy_helper.from_array(np.asarray(array), name) for name, array in (constants or {}).items()]
    graph = helper.make_graph(nodes, "made", entries, results, stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.save(onnx.shape_inference.infer_shapes(model), str(path))
    return path


def reference(path: Path, names: Sequence[str], arrays: Sequence[Array]) -> list[Array]:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return [np.asarray(each) for each in session.run(None, dict(zip(names, arrays, strict=True)))]


def same(path: Path, shapes: Mapping[str, tuple[int, ...]] | None = None, limit: float = LIMIT) -> Graph:
    """The graph of a file, after its outputs were held against ONNX Runtime's."""
    graph = read(path, shapes or {})
    arrays = drawn(graph)
    right = reference(path, [spec.name for spec in graph.inputs], arrays)
    for found, wanted in zip(evaluate(graph, arrays), right, strict=True):
        assert apart(found, wanted) < limit
    return graph


def weights(*shape: int, seed: int = 1) -> Array:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)
