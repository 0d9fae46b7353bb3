"""Making a graph: nodes and constants by name, and the shape of everything that comes out."""

import re
from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from howfar.graphs.graph import (
    Activation,
    BatchNorm,
    Binary,
    Cast,
    Clip,
    Concat,
    Convolution,
    Dense,
    Gather,
    Graph,
    Gru,
    LayerNorm,
    Logical,
    Lstm,
    Margins,
    MatMul,
    Node,
    Operation,
    Pad,
    Pool,
    PRelu,
    Reduce,
    Reshape,
    Resize,
    Select,
    Slice,
    Softmax,
    Transpose,
    TransposedConvolution,
    Unary,
    Unreadable,
)
from howfar.handed import TensorSpec
from howfar.layers import Shape
from howfar.records import DType

Array = NDArray[Any]


def same_margins(
    lengths: Sequence[int], size: Sequence[int], strides: Sequence[int], dilations: Sequence[int] = (1, 1)
) -> Margins:
    """What "same" padding is, as TensorFlow has it: ceil(length / stride) numbers come out, and an odd one comes after.

    `lengths`, `size`: height and width of the image, and of the window."""
    down, across = (_same(*each) for each in zip(lengths, size, strides, dilations, strict=True))
    return down, across


def _same(length: int, size: int, stride: int, dilation: int) -> tuple[int, int]:
    total = max((-(-length // stride) - 1) * stride + (size - 1) * dilation + 1 - length, 0)
    return total // 2, total - total // 2


def shape_of(operation: Operation, shapes: Sequence[Shape]) -> Shape:
    """The shape that comes out of an operation on tensors and constants of these shapes, in the node's order."""
    return _SHAPES[type(operation)](operation, shapes)


def _first(_: Any, shapes: Sequence[Shape]) -> Shape:
    return shapes[0]


def _windowed(image: Shape, size: Sequence[int], operation: Any, dilations: Sequence[int] = (1, 1)) -> Shape:
    height, width = (
        (image[axis + 1] + sum(operation.margins[axis]) - ((size[axis] - 1) * dilations[axis] + 1))
        // operation.strides[axis]
        + 1
        for axis in (0, 1)
    )
    return height, width


def _convolution(operation: Convolution, shapes: Sequence[Shape]) -> Shape:
    image, kernel = shapes[:2]
    return (image[0], *_windowed(image, kernel, operation, operation.dilations), kernel[3])


def _pool(operation: Pool, shapes: Sequence[Shape]) -> Shape:
    image = shapes[0]
    return (image[0], *_windowed(image, operation.size, operation), image[3])


def _transposed(operation: TransposedConvolution, shapes: Sequence[Shape]) -> Shape:
    image, kernel = shapes[:2]
    height, width = (
        (image[axis + 1] - 1) * operation.strides[axis] + kernel[axis] - sum(operation.margins[axis]) for axis in (0, 1)
    )
    return image[0], height, width, kernel[2]


def _matmul(operation: MatMul, shapes: Sequence[Shape]) -> Shape:
    a, b = shapes
    rows = a[-1] if operation.transpose_a else a[-2]
    columns = b[-2] if operation.transpose_b else b[-1]
    return (*np.broadcast_shapes(a[:-2], b[:-2]), rows, columns)


def _reduce(operation: Reduce, shapes: Sequence[Shape]) -> Shape:
    lengths = (1 if axis in operation.axes else length for axis, length in enumerate(shapes[0]))
    return tuple(length for axis, length in enumerate(lengths) if operation.keep or axis not in operation.axes)


def _concat(operation: Concat, shapes: Sequence[Shape]) -> Shape:
    length = sum(shape[operation.axis] for shape in shapes)
    return (*shapes[0][: operation.axis], length, *shapes[0][operation.axis + 1 :])


def _slice(operation: Slice, shapes: Sequence[Shape]) -> Shape:
    bounds = zip(operation.starts, operation.ends, operation.steps, strict=True)
    return tuple(len(range(*slice(*bound).indices(length))) for bound, length in zip(bounds, shapes[0], strict=True))


def _pad(operation: Pad, shapes: Sequence[Shape]) -> Shape:
    return tuple(length + sum(margins) for length, margins in zip(shapes[0], operation.margins, strict=True))


def _gather(operation: Gather, shapes: Sequence[Shape]) -> Shape:
    x, indices = shapes
    return (*x[: operation.axis], *indices, *x[operation.axis + 1 :])


def _recurrent(operation: Lstm | Gru, shapes: Sequence[Shape]) -> Shape:
    samples, steps = shapes[0][:2]
    return (samples, steps, operation.units) if operation.sequences else (samples, operation.units)


_SHAPES: Mapping[type, Callable[[Any, Sequence[Shape]], Shape]] = {
    Convolution: _convolution,
    TransposedConvolution: _transposed,
    Dense: lambda _, shapes: (*shapes[0][:-1], shapes[1][1]),
    MatMul: _matmul,
    Pool: _pool,
    Reduce: _reduce,
    **dict.fromkeys((Binary, Logical, Select), lambda _, shapes: np.broadcast_shapes(*shapes)),
    Concat: _concat,
    Reshape: lambda operation, _: operation.shape,
    Transpose: lambda operation, shapes: tuple(shapes[0][axis] for axis in operation.permutation),
    Pad: _pad,
    Slice: _slice,
    Resize: lambda operation, shapes: (shapes[0][0], *operation.size, shapes[0][3]),
    Gather: _gather,
    Lstm: _recurrent,
    Gru: _recurrent,
    **dict.fromkeys((BatchNorm, LayerNorm, Activation, PRelu, Softmax, Unary, Clip, Cast), _first),
}


def dtypes_of(graph: Graph) -> dict[str, DType]:
    """The type of every tensor and constant, by its name."""
    found: dict[str, DType] = {spec.name: spec.dtype for spec in graph.inputs}
    found |= {name: dtype_of(values) for name, values in graph.constants.items()}
    for node in graph.nodes:
        match node.operation:
            case Cast(dtype):
                found[node.output] = dtype
            case Logical():
                found[node.output] = "bool"
            case Select():
                found[node.output] = found[node.inputs[1]]
            case _:
                found[node.output] = found[node.inputs[0]]
    return found


def dtype_of(values: Array) -> DType:
    """Its type's name. Raises: Unreadable where a graph has no such type."""
    for name in ("float32", "int32", "int64", "bool", "uint8"):
        if values.dtype == name:
            return name
    raise Unreadable(f"numbers of type {values.dtype}")


class Builder:
    """A graph while it is made. What is added gets a name from `scope` (a layer's name), and a number where that is
    taken; only letters, digits and `_` are left of it, which every format takes."""

    def __init__(self, inputs: Sequence[TensorSpec]) -> None:
        self.inputs = tuple(inputs)
        self.scope = ""
        self.nodes: list[Node] = []
        self.constants: dict[str, Array] = {}
        self.shapes: dict[str, Shape] = {spec.name: spec.shape for spec in inputs}
        self._counts: dict[str, int] = {}

    def add(self, operation: Operation, *inputs: str) -> str:
        """A node on tensors and constants of these names. Returns the name of what comes out of it.

        Raises: Unreadable where a length of what comes out is not above 0.
        """
        name = self._unique(self.scope or type(operation).__name__.lower())
        shape = tuple(map(int, shape_of(operation, [self.shapes[each] for each in inputs])))
        self._check(operation, inputs, shape)
        self.nodes.append(Node(name, operation, inputs))
        self.shapes[name] = shape
        return name

    def constant(self, values: ArrayLike, hint: str = "constant") -> str:
        """Keeps the array (float64 and float16 become float32) and returns its name, which `hint` is the end of."""
        array: Array = np.asarray(values)
        if array.dtype.kind == "f" or array.dtype.name == "bfloat16":
            array = array.astype(np.float32, copy=False)
        return self._keep(array, hint)

    def filled(self, value: float, shape: Shape, hint: str = "constant") -> str:
        """One number everywhere: it takes no memory, and counts as no parameter."""
        return self._keep(np.broadcast_to(np.float32(value), shape), hint)

    def value(self, name: str) -> Array | None:
        """The constant of that name; None where it is a tensor."""
        return self.constants.get(name)

    def reshape(self, name: str, shape: Shape) -> str:
        """The same where it has that shape already. One length may be -1: what is left."""
        known = self.shapes[name]
        if -1 in shape:
            left = prod(known) // max(prod(length for length in shape if length != -1), 1)
            shape = tuple(left if length == -1 else length for length in shape)
        if prod(shape) != prod(known):
            raise Unreadable(f"{self.scope or name}: a tensor {known} can't be reshaped to {shape}")
        return name if shape == known else self.add(Reshape(shape), name)

    def finish(self, outputs: Sequence[str], trainable_parameters: int | None = None) -> Graph:
        """The graph. An output that is an input, a constant or there twice comes out of a node of its own."""
        self.scope = "output"
        made = {node.output for node in self.nodes}
        names: list[str] = []
        for name in outputs:
            fresh = name in made and name not in names
            names.append(name if fresh else self.add(Reshape(self.shapes[name]), name))
        return Graph(self.inputs, tuple(names), tuple(self.nodes), self.constants, self.shapes, trainable_parameters)

    def _keep(self, array: Array, hint: str) -> str:
        dtype_of(array)
        name = self._unique(f"{self.scope}_{hint}" if self.scope else hint)
        self.constants[name], self.shapes[name] = array, array.shape
        return name

    def _check(self, operation: Operation, inputs: Sequence[str], shape: Shape) -> None:
        if any(length <= 0 for length in shape):
            taken = ", ".join(str(self.shapes[each]) for each in inputs)
            raise Unreadable(f"{self.scope or 'a node'}: {type(operation).__name__} of {taken} gives nothing: {shape}")

    def _unique(self, hint: str) -> str:
        hint = plain_name(hint)
        while True:
            count = self._counts.get(hint, 0)
            self._counts[hint] = count + 1
            name = f"{hint}_{count}" if count else hint
            if name not in self.shapes:
                return name


def plain_name(name: str) -> str:
    """A name of letters, digits and `_` alone, that begins with a letter."""
    plain = re.sub(r"\W", "_", name, flags=re.ASCII)
    return plain if plain[:1].isalpha() else f"n{plain}"
