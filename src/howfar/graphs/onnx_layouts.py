"""ONNX graphs while nodes are added to them. ONNX has images channels first, the neutral graph channels last: a tensor
is kept as what made it gives it, and turned once where something takes it the other way."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from howfar.graphs.building import Array
from howfar.graphs.graph import Graph
from howfar.graphs.onnx_file import Weight
from howfar.layers import Shape

Layout = Literal["last", "first"]
# Where an axis of (n, height, width, channels) lies in (n, channels, height, width), and which axis lies at a place.
PLACE = (0, 2, 3, 1)
AXIS = (0, 3, 1, 2)


def channels_first(shape: Sequence[int]) -> Shape:
    """(n, height, width, channels) as (n, channels, height, width)."""
    return tuple(shape[axis] for axis in AXIS)


class Onnx:
    """The nodes and weights of the file. A tensor of the neutral graph goes by its own name channels last, and by that
    with `.first` channels first."""

    def __init__(self, graph: Graph, helper: Any) -> None:
        self.graph, self.shapes, self._helper = graph, graph.shapes, helper
        self.users = graph.users()
        self.nodes: list[Any] = []
        self.weights: dict[str, Weight] = {}
        # Dense layers behind an image that was made a row channels first: its height, width and channels.
        self.rows: dict[str, Shape] = {}
        self._made: set[str] = {spec.name for spec in graph.inputs}

    def held(self, name: str, layout: Layout) -> bool:
        """Whether a tensor is there in that layout already; a constant can be had in either."""
        return name in self.graph.constants or _name(name, layout) in self._made

    def layout(self, *names: str) -> Layout:
        """In which of both to go on, for what takes several tensors as they are: of images channels first, where they
        are all there so or not all there otherwise."""
        tensors = [name for name in names if name not in self.graph.constants]
        if not tensors or any(len(self.shapes[name]) != 4 for name in tensors):
            return "last"
        if all(self.held(name, "first") for name in tensors):
            return "first"
        return "last" if all(self.held(name, "last") for name in tensors) else "first"

    def take(self, name: str, layout: Layout = "last") -> str:
        """The name in the file of a tensor or constant in that layout."""
        if name in self.graph.constants:
            return self.constant(name, layout)
        if not self.held(name, layout):
            self._turn(name, layout)
        return _name(name, layout)

    def give(self, kind: str, inputs: Sequence[str], name: str, layout: Layout = "last", **attributes: Any) -> None:
        """A node that makes a tensor of the neutral graph."""
        self.node(kind, inputs, _name(name, layout), **attributes)
        self._made.add(_name(name, layout))

    def node(self, kind: str, inputs: Sequence[str], *outputs: str, **attributes: Any) -> str:
        """A node by names of the file. Returns its first output's."""
        self.nodes.append(self._helper.make_node(kind, list(inputs), list(outputs), **attributes))
        return outputs[0]

    def constant(self, name: str, layout: Layout = "last") -> str:
        """A constant as it is; channels first with as many axes as an image."""
        values = self.graph.constants[name]
        if layout == "last" or values.ndim == 0:
            return self.weight(name, values)
        image = values.reshape((1,) * (4 - values.ndim) + values.shape)
        return self.weight(_name(name, layout), image.transpose(AXIS))

    def weight(self, name: str, values: Array) -> str:
        """An array under that name (a view takes no memory until it is written)."""
        return self.made_weight(name, values.shape, lambda: values, values.dtype)

    def made_weight(self, name: str, shape: Shape, make: Callable[[], Array], dtype: Any = np.float32) -> str:
        """An array that is worked out when it is written."""
        self.weights.setdefault(name, Weight(shape, np.dtype(dtype), make))
        return name

    def integers(self, values: Sequence[int]) -> str:
        """Whole numbers, as shapes and axes are given."""
        return self.weight(f"int64.{'.'.join(map(str, values))}", np.array(values, np.int64))

    def number(self, value: float) -> str:
        """One float."""
        return self.weight(f"float32.{value}", np.array(value, np.float32))

    def _turn(self, name: str, layout: Layout) -> None:
        """Images of one pixel are the same in both, but for their shape."""
        other: Layout = "first" if layout == "last" else "last"
        shape = self.shapes[name]
        if shape[1] == shape[2] == 1:
            turned = channels_first(shape) if layout == "first" else shape
            self.give("Reshape", [_name(name, other), self.integers(turned)], name, layout)
        else:
            permutation = AXIS if layout == "first" else PLACE
            self.give("Transpose", [_name(name, other)], name, layout, perm=list(permutation))


def _name(name: str, layout: Layout) -> str:
    return name if layout == "last" else f"{name}.first"
