"""TensorFlow.js: a graph model, `model.json` and one `weights.bin`. Convolutions and dense layers are fused with their
biases and ReLU, as its own converter writes them; biases have one axis, the only form that all back ends take.
"""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from howfar.graphs import lowering
from howfar.graphs.building import Builder, dtypes_of
from howfar.graphs.graph import Cast, Clip, Graph, Logical, Node
from howfar.graphs.narrowing import narrowed
from howfar.graphs.tfjs_nodes import NODES
from howfar.graphs.tfjs_weights import WeightsFile, write_model
from howfar.graphs.unrolling import recurrences
from howfar.layers import Shape

TYPES: Mapping[str, str] = {"float32": "DT_FLOAT", "int32": "DT_INT32", "bool": "DT_BOOL", "uint8": "DT_UINT8"}
# What the format lacks, or one of its back ends does.
RULES = (
    recurrences,
    lowering.layer_norms,
    lowering.activations("elu", "gelu", "gelu_tanh", "hard_sigmoid", "hard_silu", "mish", "silu", "softsign"),
    lowering.softmaxes,
    lowering.groups,
    lowering.odd_pools,
    lowering.edge_pads,
    lowering.transposed_apart,
    lowering.flat_dense,
)


def write(graph: Graph, folder: Path) -> tuple[str, ...]:
    """Returns the names of the files. Raises: Unreadable where the format lacks an operation."""
    ready = lowered(narrowed(graph))
    with WeightsFile(folder) as weights:
        topology = _Topology(ready, weights)
        for node in ready.nodes:
            topology.add(node)
    signature = {"inputs": topology.inputs(), "outputs": topology.outputs()}
    topology_and_more = {"node": topology.nodes, "library": {}, "versions": {"producer": 1}}
    return write_model(folder, "graph-model", weights, signature=signature, modelTopology=topology_and_more)


def lowered(graph: Graph) -> Graph:
    """What is written: folded, and without what TensorFlow.js lacks."""
    return lowering.lowered(graph, (*RULES, _one_bound))


def _one_bound(b: Builder, node: Node) -> str | None:
    """A clip with one bound as a maximum or minimum: JSON has no infinity."""
    clip = node.operation
    if not isinstance(clip, Clip) or np.isfinite([clip.low, clip.high]).all():
        return None
    return lowering.clips(b, node)


def quantized_bytes(graph: Graph) -> tuple[int, int]:
    """What the weights' file would weigh with its float32 as float16, and as uint8; whole numbers stay."""
    arrays = lowered(graph).constants.values()
    floats = sum(values.size for values in arrays if values.dtype == np.float32)
    others = sum(values.size * min(values.itemsize, 4) for values in arrays if values.dtype != np.float32)
    return 2 * floats + others, floats + others


class _Topology:
    """The nodes of the file while they are added: constants once, when they are first taken."""

    def __init__(self, graph: Graph, weights: WeightsFile) -> None:
        self._graph, self._weights, self._dtypes = graph, weights, dtypes_of(graph)
        self._kept: set[str] = set()
        self.nodes: list[dict[str, Any]] = []
        for spec in graph.inputs:
            attributes = {"dtype": self._type(spec.name), "shape": {"shape": _dimensions(spec.shape)}}
            self._node(spec.name, "Placeholder", (), attributes)

    def add(self, node: Node) -> None:
        """One node of the graph as one of the file, or as it and its activation."""
        written = NODES[type(node.operation)](node, self._graph)
        inputs = [self._taken(name, written.shapes.get(name)) for name in written.inputs]
        constants = [self._constant(f"{node.output}/{key}", values) for key, values in written.constants.items()]
        inputs = constants + inputs if written.constants_first else inputs + constants
        attributes = {key: _encoded(value) for key, value in written.attributes.items()}
        self._node(node.output, written.operator, inputs, attributes | self._own_types(node))

    def inputs(self) -> dict[str, Any]:
        return {spec.name: self._described(spec.name) for spec in self._graph.inputs}

    def outputs(self) -> dict[str, Any]:
        return {name: self._described(name) for name in self._graph.outputs}

    def _described(self, name: str) -> dict[str, Any]:
        dtype = self._type(name)["type"]
        return {"name": f"{name}:0", "dtype": dtype, "tensorShape": _dimensions(self._graph.shapes[name])}

    def _own_types(self, node: Node) -> dict[str, Any]:
        match node.operation:
            case Cast():
                return {"SrcT": self._type(node.inputs[0]), "DstT": self._type(node.output)}
            case Logical("and" | "or"):
                return {}
            case Logical():
                return {"T": self._type(node.inputs[0])}
        return {"T": self._type(node.output)}

    def _taken(self, name: str, shape: Shape | None) -> str:
        values = self._graph.constants.get(name)
        if values is None:
            return name
        return (
            self._constant(name, values) if shape is None else self._constant(f"{name}/shaped", values.reshape(shape))
        )

    def _constant(self, name: str, values: Any) -> str:
        if name not in self._kept:
            self._kept.add(name)
            array = np.asarray(values)
            self._weights.add(name, array)
            dtype = {"type": TYPES[str(array.dtype)]}
            value = {"tensor": {"dtype": dtype["type"], "tensorShape": _dimensions(array.shape)}}
            self._node(name, "Const", (), {"dtype": dtype, "value": value})
        return name

    def _type(self, name: str) -> dict[str, str]:
        return {"type": TYPES[self._dtypes[name]]}

    def _node(self, name: str, operator: str, inputs: Sequence[str], attributes: Mapping[str, Any]) -> None:
        self.nodes.append({"name": name, "op": operator, "input": list(inputs), "attr": dict(attributes)})


def _dimensions(shape: Sequence[int]) -> dict[str, Any]:
    return {"dim": [{"size": str(length)} for length in shape]}


def _encoded(value: Any) -> dict[str, Any]:
    """An attribute as protobuf's JSON has it: whole numbers as text, text in base64."""
    match value:
        case bool():
            return {"b": value}
        case int():
            return {"i": str(value)}
        case float():
            return {"f": value}
        case str():
            return {"s": _base64(value)}
        case [str(), *_]:
            return {"list": {"s": [_base64(each) for each in value]}}
    return {"list": {"i": [str(each) for each in value]}}


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
