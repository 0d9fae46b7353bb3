"""What a graph weighs and costs, by its own shapes: parameters, multiply-adds, operators."""

from collections import Counter
from collections.abc import Callable, Mapping
from math import prod
from typing import Any

from howfar.graphs.building import Array
from howfar.graphs.graph import Convolution, Dense, Graph, Gru, Lstm, MatMul, Node, TransposedConvolution
from howfar.layers import Shape


def parameters(graph: Graph) -> int:
    """How many numbers its constants hold. Whole numbers (indices), single ones (a factor in the source) and one number
    repeated (a scale of 1 that the source has not) are none."""
    return sum(values.size for values in graph.constants.values() if _is_parameter(values))


def _is_parameter(values: Array) -> bool:
    return values.dtype.kind == "f" and values.ndim > 0 and any(values.strides)


def operators(graph: Graph) -> dict[str, int]:
    """How often each operation is there, by its name, the commonest first."""
    return dict(Counter(type(node.operation).__name__ for node in graph.nodes).most_common())


def multiply_adds(graph: Graph) -> int:
    """Those of one forward pass of the whole batch, in what is a sum of products: convolutions, dense layers, matrix
    products, recurrent layers. What goes number by number is not counted."""
    return sum(_of(node, graph.shapes) for node in graph.nodes)


def _of(node: Node, shapes: Mapping[str, Shape]) -> int:
    count = _COUNTS.get(type(node.operation))
    return count(node.operation, [shapes[name] for name in node.inputs], shapes[node.output]) if count else 0


def _convolution(_: Any, shapes: list[Shape], made: Shape) -> int:
    """Every number that comes out is a sum over the kernel's window and its group's channels."""
    return prod(made) * prod(shapes[1][:3])


def _transposed(_: Any, shapes: list[Shape], __: Shape) -> int:
    """Every number that goes in is spread over the kernel's window and all filters; what is cut off counts too."""
    return prod(shapes[0]) * prod(shapes[1][:3])


def _dense(_: Any, shapes: list[Shape], made: Shape) -> int:
    return prod(made) * shapes[1][0]


def _matmul(operation: MatMul, shapes: list[Shape], made: Shape) -> int:
    return prod(made) * shapes[0][-2 if operation.transpose_a else -1]


def _recurrent(_: Any, shapes: list[Shape], __: Shape) -> int:
    samples, steps = shapes[0][:2]
    return samples * steps * (prod(shapes[1]) + prod(shapes[2]))


_COUNTS: Mapping[type, Callable[[Any, list[Shape], Shape], int]] = {
    Convolution: _convolution,
    TransposedConvolution: _transposed,
    Dense: _dense,
    MatMul: _matmul,
    Lstm: _recurrent,
    Gru: _recurrent,
}
