"""A graph made smaller before it is written; what comes out stays equal up to rounding."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
from msgspec.structs import replace

from howfar.graphs.building import Array, Builder, dtypes_of, shape_of
from howfar.graphs.constants import work_out
from howfar.graphs.graph import (
    Activation,
    ActivationName,
    BatchNorm,
    Binary,
    Cast,
    Clip,
    Convolution,
    Dense,
    Graph,
    Node,
    Pad,
    Pool,
    Reshape,
    Slice,
    Transpose,
)
from howfar.graphs.lines import into_weights, merge_lines
from howfar.layers import Shape

HELD: Collection[ActivationName] = ("relu", "relu6")
HOLDERS: tuple[type, ...] = (Convolution, Dense)


def fold(graph: Graph, activations: Collection[ActivationName] = HELD, holders: tuple[type, ...] = HOLDERS) -> Graph:
    """BatchNorm, factors and summands by channel go into the weights before them, zeros at the edges into convolutions,
    the `activations` into the node before them where it is one of `holders`; what does nothing goes, and what is there
    twice.

    Weights are worked out in float64. Arrays that don't change are shared with the graph that was given.
    """
    steps = (
        work_out, drop_identities, drop_repeats, spread_batch_norms, merge_lines, into_weights, edges_into_windows,
    )  # fmt: skip
    for step in steps:
        graph = step(graph)
    return drop_dead(fuse_activations(graph, activations, holders))


def with_nodes(graph: Graph, nodes: Collection[Node], constants: Mapping[str, Array] | None = None) -> Graph:
    """The graph with other nodes, and further constants; shapes of new ones are worked out."""
    constants = {**graph.constants, **(constants or {})}
    shapes: dict[str, Shape] = {**graph.shapes, **{name: values.shape for name, values in constants.items()}}
    for node in nodes:
        if node.output not in shapes:
            shapes[node.output] = shape_of(node.operation, [shapes[name] for name in node.inputs])
    return replace(graph, nodes=tuple(nodes), constants=constants, shapes=shapes)


def drop_dead(graph: Graph) -> Graph:
    """Without the nodes, constants and shapes that no output needs; inputs stay."""
    needed, nodes = set(graph.outputs), []
    for node in reversed(graph.nodes):
        if node.output in needed:
            needed.update(node.inputs)
            nodes.append(node)
    constants = {name: values for name, values in graph.constants.items() if name in needed}
    kept = needed | {spec.name for spec in graph.inputs}
    shapes = {name: shape for name, shape in graph.shapes.items() if name in kept}
    return replace(graph, nodes=tuple(reversed(nodes)), constants=constants, shapes=shapes)


def drop_identities(graph: Graph) -> Graph:
    """Without the nodes that give what they take, and with one reshape for several in a row."""
    dtypes, instead, made, nodes = dtypes_of(graph), dict[str, str](), dict[str, Node](), []
    for node in graph.nodes:
        current = replace(node, inputs=tuple(instead.get(name, name) for name in node.inputs))
        before = made.get(current.inputs[0])
        if isinstance(node.operation, Reshape) and before and isinstance(before.operation, Reshape):
            current = replace(current, inputs=before.inputs)
        if node.output not in graph.outputs and _does_nothing(current, graph, dtypes):
            instead[node.output] = current.inputs[0]
        else:
            nodes.append(current)
            made[node.output] = current
    return with_nodes(graph, nodes)


def _does_nothing(node: Node, graph: Graph, dtypes: Mapping[str, str]) -> bool:
    operation, taken = node.operation, graph.shapes[node.inputs[0]]
    match operation:
        case Reshape() | Slice() | Pad():
            return taken == graph.shapes[node.output]
        case Transpose():
            return operation.permutation == tuple(range(len(taken)))
        case Cast():
            return operation.dtype == dtypes[node.inputs[0]]
        case Pool():
            return operation.size == operation.strides == (1, 1) and taken == graph.shapes[node.output]
        case Binary():
            return taken == graph.shapes[node.output] and _is_neutral(operation, graph.constants.get(node.inputs[1]))
    return False


def _is_neutral(operation: Binary, second: Array | None) -> bool:
    neutral = {"add": 0, "subtract": 0, "multiply": 1, "divide": 1, "power": 1}.get(operation.kind)
    return second is not None and neutral is not None and bool((second == neutral).all())


def drop_repeats(graph: Graph) -> Graph:
    """What is worked out of the same in the same way is worked out once: NASNet takes the ReLU of one tensor again and
    again."""
    instead, made, nodes = dict[str, str](), dict[Node, str](), []
    for node in graph.nodes:
        current = replace(node, inputs=tuple(instead.get(name, name) for name in node.inputs))
        known = made.setdefault(replace(current, output=""), node.output)
        if known == node.output or node.output in graph.outputs:
            nodes.append(current)
        else:
            instead[node.output] = known
    return with_nodes(graph, nodes)


def spread_batch_norms(graph: Graph) -> Graph:
    """Every BatchNorm as one factor and one summand a channel."""
    return rewritten(graph, lambda b, node: _spread(b, node) if isinstance(node.operation, BatchNorm) else None)


def _spread(b: Builder, node: Node) -> str:
    scale, offset, mean, variance = (b.constants[name].astype(np.float64) for name in node.inputs[1:])
    operation: Any = node.operation
    factors = scale / np.sqrt(variance + operation.epsilon)
    scaled = b.add(Binary("multiply"), node.inputs[0], b.constant(factors, "scale"))
    return b.add(Binary("add"), scaled, b.constant(offset - mean * factors, "offset"))


def rewritten(graph: Graph, rule: Callable[[Builder, Node], str | None]) -> Graph:
    """The graph with other nodes for some: `rule` adds them and returns the name of the last, or None to keep the node.
    The last takes the old one's name, and its activation comes behind it."""
    b = Builder(graph.inputs)
    b.constants, b.shapes = dict(graph.constants), dict(graph.shapes)
    for node in graph.nodes:
        b.scope, before = node.output, len(b.nodes)
        last = rule(b, node)
        if last is None:
            b.nodes.append(node)
            continue
        renamed = [replace(each, output=node.output) if each.output == last else each for each in b.nodes[before:]]
        if not any(each.output == node.output for each in renamed):
            renamed.append(Node(node.output, Reshape(b.shapes[node.output]), (last,)))
        renamed[-1] = replace(renamed[-1], activation=node.activation)
        b.nodes[before:] = renamed
    return replace(graph, nodes=tuple(b.nodes), constants=b.constants, shapes=b.shapes)


def edges_into_windows(graph: Graph) -> Graph:
    """Zeros at the edges of an image go into the convolution that takes them; and into the maximum over windows where
    nothing in the image is below 0."""
    made = {node.output: node for node in graph.nodes}
    return with_nodes(graph, [_with_edges(node, made) for node in graph.nodes])


def _with_edges(node: Node, made: Mapping[str, Node]) -> Node:
    pad = made.get(node.inputs[0])
    if pad is None or not _is_zeros_around(pad) or not _takes_zeros(node, made.get(pad.inputs[0])):
        return node
    operation: Any = node.operation
    outer: Any = pad.operation
    pairs = zip(operation.margins, outer.margins[1:3], strict=True)
    both = [tuple(map(sum, zip(*pair, strict=True))) for pair in pairs]
    if isinstance(operation, Pool) and any(max(pair) >= size for pair, size in zip(both, operation.size, strict=True)):
        return node
    return replace(node, operation=replace(operation, margins=tuple(both)), inputs=(pad.inputs[0], *node.inputs[1:]))


def _is_zeros_around(node: Node) -> bool:
    pad = node.operation
    if not isinstance(pad, Pad) or pad.mode != "constant" or pad.value or len(pad.margins) != 4 or node.activation:
        return False
    return pad.margins[0] == pad.margins[3] == (0, 0) and min(min(pair) for pair in pad.margins) >= 0


def _takes_zeros(node: Node, before_pad: Node | None) -> bool:
    match node.operation:
        case Convolution():
            return True
        case Pool(kind="max"):
            return before_pad is not None and before_pad.operation in (Activation("relu"), Activation("relu6"))
        case Pool():
            return node.operation.margin_counts
    return False


def fuse_activations(graph: Graph, activations: Collection[ActivationName], holders: tuple[type, ...]) -> Graph:
    """Activations go into the node before them where nothing else takes it."""
    users, made = graph.users(), dict[str, Node]()
    for node in graph.nodes:
        function = _as_activation(node)
        before = made.get(node.inputs[0]) if function and function.kind in activations else None
        alone = before and before.output not in graph.outputs and len(users[before.output]) == 1
        if before and alone and isinstance(before.operation, holders) and not before.activation:
            del made[before.output]
            made[node.output] = replace(before, output=node.output, activation=function)
        else:
            made[node.output] = node
    return with_nodes(graph, list(made.values()))


def _as_activation(node: Node) -> Activation | None:
    if node.activation is None and node.operation == Clip(0.0, 6.0):
        return Activation("relu6")
    return node.operation if node.activation is None and isinstance(node.operation, Activation) else None
