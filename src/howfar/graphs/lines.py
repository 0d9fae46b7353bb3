"""Factors and summands by channel: several in a row become one of each, and both go into the weights before them."""

from collections.abc import Mapping

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from howfar.graphs.building import Array, Builder
from howfar.graphs.graph import Binary, Convolution, Dense, Graph, Node, TransposedConvolution

WEIGHTED = (Convolution, Dense, TransposedConvolution)


class Line(Struct, frozen=True):
    """x * factors + summands: float64, one of each a channel. `nodes`: how many it has taken together."""

    x: str
    factors: Array
    summands: Array
    nodes: int = 1


def merge_lines(graph: Graph) -> Graph:
    """Factors and summands in a row as at most one node of each."""
    b = Builder(graph.inputs)
    b.constants, b.shapes = dict(graph.constants), dict(graph.shapes)
    users, lines = graph.users(), dict[str, Line]()
    for node in graph.nodes:
        line = line_of(node, graph)
        if line is None:
            b.nodes.append(node)
            continue
        line = _after(lines.pop(line.x, None), line)
        followed = [user for user in users.get(node.output, ()) if line_of(user, graph)]
        alone = len(users.get(node.output, ())) == len(followed) == 1 and node.output not in graph.outputs
        if alone and not node.activation:
            lines[node.output] = line
        else:
            _add_line(b, node, line)
    return replace(graph, nodes=tuple(b.nodes), constants=b.constants, shapes=b.shapes)


def _after(before: Line | None, line: Line) -> Line:
    if before is None:
        return line
    summands = before.summands * line.factors + line.summands
    return Line(before.x, before.factors * line.factors, summands, before.nodes + 1)


def _add_line(b: Builder, node: Node, line: Line) -> None:
    """The node itself, where it is all of the line."""
    if line.nodes == 1:
        b.nodes.append(node)
        return
    b.scope, x = node.output, line.x
    if np.any(line.factors != 1):
        x = b.add(Binary("multiply"), x, b.constant(line.factors, "scale"))
    last = Node(node.output, Binary("add"), (x, b.constant(line.summands, "offset")), node.activation)
    b.nodes.append(last)


def line_of(node: Node, graph: Graph) -> Line | None:
    """A node that multiplies by, or adds, a constant with one number a channel, or one for all."""
    operation = node.operation
    if not isinstance(operation, Binary) or operation.kind not in ("add", "subtract", "multiply", "divide"):
        return None
    a, c = node.inputs
    first = c not in graph.constants and operation.kind != "divide"
    x, values = (c, graph.constants.get(a)) if first else (a, graph.constants.get(c))
    if (
        values is None
        or x in graph.constants
        or graph.shapes[x] != graph.shapes[node.output]
        or values.dtype.kind != "f"
    ):
        return None
    channels = graph.shapes[x][-1]
    if values.size != 1 and (values.size != channels or values.shape[-1] != channels):
        return None
    return Line(x, *_as_factors(operation.kind, np.broadcast_to(values.reshape(-1), (channels,)).astype(float), first))


def _as_factors(kind: str, values: Array, first: bool) -> tuple[Array, Array]:
    """x op values as x * factors + summands; the constant may come first (`values - x`)."""
    ones, zeros = np.ones_like(values), np.zeros_like(values)
    if kind in ("multiply", "divide"):
        return (values if kind == "multiply" else 1 / values), zeros
    if kind == "add":
        return ones, values
    return (-ones, values) if first else (ones, -values)


def into_weights(graph: Graph) -> Graph:
    """Factors and summands by channel go into the weights of the convolution or dense layer before them."""
    b = Builder(graph.inputs)
    b.constants, b.shapes = dict(graph.constants), dict(graph.shapes)
    users, made = graph.users(), dict[str, Node]()
    for node in graph.nodes:
        line = line_of(node, graph)
        before = _weighted(line, made, b) if line else None
        if line and before and before.output not in graph.outputs and len(users[before.output]) == 1:
            del made[before.output]
            b.scope = node.output
            made[node.output] = replace(
                before, output=node.output, inputs=_with(b, before, line), activation=node.activation
            )
        else:
            made[node.output] = node
    return replace(graph, nodes=tuple(made.values()), constants=b.constants, shapes=b.shapes)


def _weighted(line: Line, made: Mapping[str, Node], b: Builder) -> Node | None:
    node = made.get(line.x)
    if node is None or not isinstance(node.operation, WEIGHTED) or node.activation:
        return None
    return node if all(name in b.constants for name in node.inputs[1:]) else None


def _with(b: Builder, weighted: Node, line: Line) -> tuple[str, ...]:
    """The inputs of a weighted node whose result is multiplied or added to as well."""
    x, weights, *rest = weighted.inputs
    biases = b.constants[rest[0]].astype(np.float64) if rest else np.zeros(len(line.factors))
    if np.any(line.factors != 1):
        is_transposed = isinstance(weighted.operation, TransposedConvolution)
        along = line.factors[:, None] if is_transposed else line.factors
        weights = b.constant((b.constants[weights] * along).astype(np.float32), "weights")
    return x, weights, b.constant(biases * line.factors + line.summands, "biases")
