"""GELU found again where a file has it in parts, x / 2 * (1 + erf(x / sqrt(2))): LiteRT has the whole, and no erf."""

from collections.abc import Mapping
from math import isclose, sqrt

from howfar.graphs.folding import drop_dead, with_nodes
from howfar.graphs.graph import Activation, Binary, Graph, Node, Unary


def with_gelus(graph: Graph) -> Graph:
    """The graph with an Activation in place of each one's parts."""
    if not any(node.operation == Unary("erf") for node in graph.nodes):
        return graph
    parts = _Parts(graph)
    found = dict(each for node in graph.nodes if (each := parts.gelu(node)))
    nodes = [
        Node(node.output, Activation("gelu"), (found[node.output],)) if node.output in found else node
        for node in graph.nodes
    ]
    return drop_dead(with_nodes(graph, nodes))


class _Parts:
    """Who made each tensor, and who takes it."""

    def __init__(self, graph: Graph) -> None:
        self._constants = graph.constants
        self._made: Mapping[str, Node] = {node.output: node for node in graph.nodes}
        self._users, self._outputs = graph.users(), graph.outputs

    def gelu(self, erf: Node) -> tuple[str, str] | None:
        """What comes out of the last part, and x; None where this is not the erf of one."""
        x = self._scaled(erf.inputs[0], 1 / sqrt(2)) if erf.operation == Unary("erf") else None
        line = self._only_user(erf.output)
        if x is None or line is None or self._other(line, "add", erf.output, 1.0) is None:
            return None
        product = self._only_user(line.output)
        if product is None or product.operation != Binary("multiply"):
            return None
        (other,) = [name for name in product.inputs if name != line.output] or [""]
        if self._scaled(other, 0.5) == x:
            return product.output, x
        last = self._only_user(product.output) if other == x else None
        return (last.output, x) if last and self._scaled(last.output, 0.5) == product.output else None

    def _only_user(self, name: str) -> Node | None:
        users = self._users.get(name, [])
        return users[0] if len(users) == 1 and name not in self._outputs else None

    def _scaled(self, name: str, factor: float) -> str | None:
        """The tensor that `name` is so many times of."""
        node = self._made.get(name)
        if node is None or not isinstance(node.operation, Binary) or len(set(node.inputs)) < 2:
            return None
        first, second = node.inputs
        if node.operation.kind == "divide":
            return first if self._is(second, 1 / factor) else None
        return self._other(node, "multiply", first, factor) or self._other(node, "multiply", second, factor)

    def _other(self, node: Node, kind: str, tensor: str, number: float) -> str | None:
        """`tensor`, where the node takes it and that number."""
        if not isinstance(node.operation, Binary) or node.operation.kind != kind or tensor not in node.inputs:
            return None
        return tensor if any(self._is(name, number) for name in node.inputs if name != tensor) else None

    def _is(self, name: str, number: float) -> bool:
        array = self._constants.get(name)
        return array is not None and array.size == 1 and isclose(float(array.reshape(())), number, rel_tol=1e-4)
