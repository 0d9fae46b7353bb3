"""Whole numbers of 32 bits: of 64 TensorFlow.js has none, and LiteRT.js takes none from a page."""

import numpy as np
from msgspec.structs import replace

from howfar.graphs.building import Array
from howfar.graphs.graph import Cast, Graph, Node, Unreadable
from howfar.handed import TensorSpec


def narrowed(graph: Graph) -> Graph:
    """The same graph, int32 where it has int64. Raises: Unreadable where a constant needs more."""
    return replace(
        graph,
        inputs=tuple(map(_input, graph.inputs)),
        nodes=tuple(map(_node, graph.nodes)),
        constants={name: _constant(name, values) for name, values in graph.constants.items()},
    )


def _input(spec: TensorSpec) -> TensorSpec:
    return replace(spec, dtype="int32") if spec.dtype == "int64" else spec


def _node(node: Node) -> Node:
    return replace(node, operation=Cast("int32")) if node.operation == Cast("int64") else node


def _constant(name: str, values: Array) -> Array:
    if values.dtype != np.int64:
        return values
    narrow = values.astype(np.int32)
    if not np.array_equal(narrow, values):
        raise Unreadable(f"{name}: whole numbers beyond 32 bits, which no page takes")
    return narrow
