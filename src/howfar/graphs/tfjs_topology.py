"""TensorFlow.js's layers models while layers are added to them: what each is called, takes, gives and weighs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from howfar.graphs.building import Array
from howfar.graphs.graph import Activation, Clip, Concat, Graph, Node, Pool
from howfar.graphs.tfjs_weights import WeightsFile
from howfar.layers import Shape

# What weights are before they are loaded. TensorFlow.js draws them first, and zeros cost it the least.
ZEROS: Mapping[str, Any] = {"class_name": "Zeros", "config": {}}


class Layers:
    """The layers of the file. A tensor of the graph goes by its own name, or by that of the layer it comes out of."""

    def __init__(self, graph: Graph, weights: WeightsFile) -> None:
        self.constants, self._users = graph.constants, graph.users()
        self.shapes: dict[str, Shape] = dict(graph.shapes)
        self.scope, self.entries = "", list[dict[str, Any]]()
        self._made = {node.output: node for node in graph.nodes}
        self._weights, self._layers, self._counts = weights, dict[str, str](), Counter[str]()

    def input(self, name: str, dtype: str) -> None:
        """One of the model's inputs."""
        shape = list(self.shapes[name])
        config = {"batch_input_shape": shape, "dtype": dtype, "sparse": False, "ragged": False}
        self._enter("InputLayer", name, config, [])
        self._layers[name] = name

    def add(
        self, kind: str, inputs: Sequence[str], config: Mapping[str, Any] | None = None,
        weights: Mapping[str, Array] | None = None,
    ) -> str:  # fmt: skip
        """A layer, its weights by their Keras names. Returns its name."""
        name = self._unique()
        self._enter(kind, name, dict(config or {}), [self._layers.get(each, each) for each in inputs])
        for key, values in (weights or {}).items():
            self._weights.add(f"{name}/{key}", values)
        return name

    def rescaled(self, x: str, scale: float, offset: float = 0.0) -> str:
        """x times a number and one more."""
        return self.add("Rescaling", [x], {"scale": scale, "offset": offset})

    def reshaped(self, x: str, shape: Shape) -> str:
        """In that shape, the samples first."""
        made = self.add("Reshape", [x], {"target_shape": list(shape[1:])})
        self.shapes[made] = shape
        return made

    def edged(self, kind: str, key: str, x: str, margins: Sequence[Sequence[int]]) -> str:
        """With margins added or cut along any axes but the first: what lies before an axis, it, and what lies behind
        are an image's height, width and channels."""
        if len(margins) == 4 and not any(margins[3]):
            return self.add(kind, [x], {key: [list(pair) for pair in margins[1:3]], "data_format": "channels_last"})
        shape, sign = list(self.shapes[x]), 1 if key == "padding" else -1
        for axis, pair in enumerate(margins):
            if any(pair):
                image = (shape[0], prod(shape[1:axis]), shape[axis], prod(shape[axis + 1 :]))
                config = {key: [[0, 0], list(pair)], "data_format": "channels_last"}
                x = self.add(kind, [self.reshaped(x, image)], config)
                shape[axis] += sign * sum(pair)
        return self.reshaped(x, tuple(shape))

    def constant(self, name: str) -> Array:
        """The array of that name."""
        return self.constants[name]

    def users(self, name: str) -> list[Node]:
        """The graph's nodes that take it."""
        return self._users.get(name, [])

    def never_negative(self, name: str) -> bool:
        """Whether nothing in that tensor is below 0, as far as what made it tells."""
        node = self._made.get(name)
        match node and (node.activation or node.operation):
            case Activation(kind="relu" | "relu6" | "sigmoid" | "softplus" | "hard_sigmoid"):
                return True
            case Clip(low=low):
                return low >= 0
            case Pool() | Concat():
                return all(map(self.never_negative, node.inputs)) if node else False
        return False

    def gives(self, tensor: str, layer: str) -> None:
        """A tensor of the graph comes out of that layer (or is that other tensor)."""
        self._layers[tensor] = self._layers.get(layer, layer)

    def reference(self, tensor: str) -> list[Any]:
        """How the model's inputs and outputs name it."""
        return [self._layers[tensor], 0, 0]

    def _unique(self) -> str:
        """A dot is in no tensor's name."""
        self._counts[self.scope] += 1
        return f"{self.scope}.{self._counts[self.scope]}"

    def _enter(self, kind: str, name: str, config: dict[str, Any], inputs: Sequence[str]) -> None:
        whole = {"name": name, "trainable": True, **config}
        taken = [[[each, 0, 0, {}] for each in inputs]] if inputs else []
        self.entries.append({"class_name": kind, "config": whole, "name": name, "inbound_nodes": taken})
