"""What of a graph depends on constants alone, worked out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from howfar.graphs.building import Array
from howfar.graphs.graph import (
    Binary,
    Cast,
    Clip,
    Concat,
    Gather,
    Graph,
    Node,
    Operation,
    Pad,
    Reduce,
    Reshape,
    Slice,
    Transpose,
    Unary,
)

_BINARY: Mapping[str, Callable[[Array, Array], Array]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "power": np.power,
    "squared_difference": lambda a, b: np.square(a - b),
}
_UNARY: Mapping[str, Callable[[Array], Array]] = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "negative": np.negative,
    "abs": np.abs,
    "square": np.square,
    "reciprocal": lambda x: 1 / x,
    "floor": np.floor,
    "ceil": np.ceil,
    "round": np.round,
    "sign": np.sign,
    "sin": np.sin,
    "cos": np.cos,
}


def _reduce(operation: Reduce, x: Array) -> Array:
    reduced: Array = getattr(np, operation.kind)(x, axis=operation.axes, keepdims=operation.keep)
    return reduced


def _slice(operation: Slice, x: Array) -> Array:
    return x[tuple(map(slice, operation.starts, operation.ends, operation.steps))]


def _pad(operation: Pad, x: Array) -> Array:
    options: dict[str, Any] = {"constant_values": operation.value} if operation.mode == "constant" else {}
    padded: Array = np.pad(x, operation.margins, operation.mode, **options)
    return padded


_WORKED_OUT: Mapping[type, Callable[..., Array]] = {
    Binary: lambda operation, a, b: _BINARY[operation.kind](a, b),
    Unary: lambda operation, x: _UNARY[operation.kind](x),
    Clip: lambda operation, x: np.clip(x, operation.low, operation.high),
    Reshape: lambda operation, x: x.reshape(operation.shape),
    Transpose: lambda operation, x: x.transpose(operation.permutation),
    Cast: lambda operation, x: x.astype(operation.dtype),
    Concat: lambda operation, *several: np.concatenate(several, operation.axis),
    Gather: lambda operation, x, indices: np.take(x, indices, operation.axis),
    Reduce: _reduce,
    Slice: _slice,
    Pad: _pad,
}


def worked_out(operation: Operation, arrays: Sequence[Array]) -> Array | None:
    """What comes out of an operation on constants, of the type that it has in the graph; None where howfar leaves that
    to the runtimes."""
    known = type(operation) in _WORKED_OUT and getattr(operation, "kind", "") != "erf"
    if not known:
        return None
    made = np.asarray(_WORKED_OUT[type(operation)](operation, *arrays))
    return made if isinstance(operation, Cast) else made.astype(arrays[0].dtype, copy=False)


def work_out(graph: Graph) -> Graph:
    """The graph with constants for all that depends on constants alone, but for its outputs."""
    constants, nodes = dict(graph.constants), []
    for node in graph.nodes:
        made = _made(node, constants) if node.output not in graph.outputs else None
        if made is None:
            nodes.append(node)
        else:
            constants[node.output] = made
    return Graph(graph.inputs, graph.outputs, tuple(nodes), constants, graph.shapes, graph.trainable_parameters)


def _made(node: Node, constants: Mapping[str, Array]) -> Array | None:
    if node.activation or not all(name in constants for name in node.inputs):
        return None
    return worked_out(node.operation, [constants[name] for name in node.inputs])
