"""TensorFlow.js: a layers model, which it can train too: `model.json` as Keras 2 had it, and one `weights.bin`."""

from pathlib import Path

from howfar.graphs import lowering
from howfar.graphs.folding import HOLDERS, drop_dead, drop_identities, fuse_activations
from howfar.graphs.graph import ActivationName, Concat, Graph, Lstm, Node, Unreadable
from howfar.graphs.lowering import lower
from howfar.graphs.narrowing import narrowed
from howfar.graphs.tfjs_layers import LAYERS, lstm_config, lstm_weights
from howfar.graphs.tfjs_topology import Layers
from howfar.graphs.tfjs_weights import WeightsFile, write_model

# What the layers lack; the rest is as it was read, so that it can be trained.
RULES = (
    lowering.activations("elu", "gelu_tanh", "hard_sigmoid", "hard_silu"),
    lowering.softmaxes,
    lowering.groups,
    lowering.transposed_apart,
    lowering.broadcast_products,
)

# What Keras's own layers have in them too, and TensorFlow.js works out at once with them.
WITHIN: tuple[ActivationName, ...] = ("relu",)


def write(graph: Graph, folder: Path) -> tuple[str, ...]:
    """Returns the names of the files. Raises: Unreadable where no layer does what an operation does."""
    ready = drop_identities(lower(drop_dead(narrowed(graph)), RULES))
    ready = drop_dead(fuse_activations(ready, WITHIN, HOLDERS))
    with WeightsFile(folder) as weights:
        config = _config(ready, weights)
    described = {"class_name": "Functional", "config": config}
    topology = {"keras_version": "2.15.0", "backend": "tensorflow", "model_config": described}
    return write_model(folder, "layers-model", weights, modelTopology=topology)


def _config(graph: Graph, weights: WeightsFile) -> dict[str, object]:
    m, pairs = Layers(graph, weights), _pairs(graph)
    for spec in graph.inputs:
        m.input(spec.name, spec.dtype)
    halves = {half.output for pair in pairs.values() for half in pair}
    for node in graph.nodes:
        if node.output in halves:
            continue
        if type(node.operation) not in LAYERS:
            raise Unreadable(f"{node.output}: TensorFlow.js has no layer for {type(node.operation).__name__}")
        m.scope = node.output
        pair = pairs.get(node.output)
        m.gives(node.output, _both_ways(m, *pair) if pair else LAYERS[type(node.operation)](m, node))
    inputs = [m.reference(spec.name) for spec in graph.inputs]
    outputs = [m.reference(name) for name in graph.outputs]
    return {"name": "model", "layers": m.entries, "input_layers": inputs, "output_layers": outputs}


def _pairs(graph: Graph) -> dict[str, tuple[Node, Node]]:
    """Of every tensor that joins an LSTM and its counterpart backwards: both of them."""
    made, users = {node.output: node for node in graph.nodes}, graph.users()
    found = {}
    for node in graph.nodes:
        if isinstance(node.operation, Concat) and len(node.inputs) == 2:
            ways = [made.get(name) for name in node.inputs]
            alone = all(len(users[name]) == 1 and name not in graph.outputs for name in node.inputs)
            if alone and ways[0] and ways[1] and _go_both_ways(ways[0], ways[1]):
                found[node.output] = (ways[0], ways[1])
    return found


def _go_both_ways(a: Node, b: Node) -> bool:
    if not isinstance(a.operation, Lstm) or not isinstance(b.operation, Lstm) or a.inputs[0] != b.inputs[0]:
        return False
    alike = (a.operation.units, a.operation.sequences) == (b.operation.units, b.operation.sequences)
    return alike and not a.operation.backwards and b.operation.backwards


def _both_ways(m: Layers, forwards: Node, backwards: Node) -> str:
    operation = forwards.operation
    assert isinstance(operation, Lstm)
    inner = {"class_name": "LSTM", "config": {"name": "lstm", "trainable": True, **lstm_config(operation)}}
    ways = {"forward_lstm/": lstm_weights(m, forwards), "backward_lstm/": lstm_weights(m, backwards)}
    weights = {f"{way}{key}": values for way, arrays in ways.items() for key, values in arrays.items()}
    return m.add("Bidirectional", [forwards.inputs[0]], {"layer": inner, "merge_mode": "concat"}, weights)
