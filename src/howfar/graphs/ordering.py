"""Names that sort as a model has its inputs and outputs: TensorFlow and LiteRT go by the order of names."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from howfar.graphs.graph import Graph, Node, Reshape


def in_order(graph: Graph) -> Graph:
    """The same graph, its inputs and outputs renamed where their names do not sort as they are ordered."""
    graph = _with_own_outputs(graph)
    inputs = [spec.name for spec in graph.inputs]
    return _renamed(graph, _sorting(inputs, "in") | _sorting(graph.outputs, "out"))


def _sorting(names: Sequence[str], side: str) -> dict[str, str]:
    return {} if list(names) == sorted(names) else {name: f"{side}{at:03}_{name}" for at, name in enumerate(names)}


def _with_own_outputs(graph: Graph) -> Graph:
    """Each output a node of its own: not an input, and not one that is given twice."""
    nodes, outputs, shapes = list(graph.nodes), list(graph.outputs), dict(graph.shapes)
    made = {node.output for node in nodes}
    for at, name in enumerate(graph.outputs):
        if name not in made or name in graph.outputs[:at]:
            outputs[at] = f"{name}_again{at}"
            nodes.append(Node(outputs[at], Reshape(shapes[name]), (name,)))
            shapes[outputs[at]] = shapes[name]
    return replace(graph, nodes=tuple(nodes), outputs=tuple(outputs), shapes=shapes)


def _renamed(graph: Graph, names: Mapping[str, str]) -> Graph:
    def named(name: str) -> str:
        return names.get(name, name)

    nodes = (replace(node, output=named(node.output), inputs=tuple(map(named, node.inputs))) for node in graph.nodes)
    return replace(
        graph,
        inputs=tuple(replace(spec, name=named(spec.name)) for spec in graph.inputs),
        outputs=tuple(map(named, graph.outputs)),
        nodes=tuple(nodes),
        shapes={named(name): shape for name, shape in graph.shapes.items()},
    )
