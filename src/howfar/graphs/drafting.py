"""A graph while it is read from a file. The source's transposes are kept in mind, not made: a tensor may lie in another
order of axes in the graph than in its source, and a Transpose is added only where an operation needs one. So a net that
is channels first in its file is channels last in the graph, without transposes inside.
"""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from howfar.graphs import axes
from howfar.graphs.building import Builder
from howfar.graphs.folding import drop_dead
from howfar.graphs.gelus import with_gelus
from howfar.graphs.graph import Binary, BinaryName, Graph, Operation, Reshape, Transpose, Unreadable
from howfar.handed import TensorSpec
from howfar.layers import Shape
from howfar.records import DType

Array = NDArray[Any]
Order = tuple[int, ...]

# The graph knows one type of real numbers, and one of the small integers that some files hold.
HELD: dict[str, type[np.generic]] = {
    "float16": np.float32, "float64": np.float32, "bfloat16": np.float32,
    "int8": np.int32, "int16": np.int32, "uint16": np.int32, "uint32": np.int64, "uint64": np.int64,
}  # fmt: skip
DTYPES: dict[str, DType] = {
    "float32": "float32", "int32": "int32", "int64": "int64", "bool": "bool", "uint8": "uint8",
}  # fmt: skip


class Tensor(Struct, frozen=True):
    """Axis i of what the graph calls `name` is the source's axis `order[i]`.

    `image`: the source flattened an image into (n, everything), and so did the graph, but in its own order: there,
    the image was of this shape, and `order` is that of the image's axes.
    """

    name: str
    order: Order
    dtype: DType = "float32"
    image: Shape | None = None


# A value that is known while the file is read lies as in the source.
Operand = Tensor | Array


class Draft:
    """Adds operations in terms of the source's axes."""

    def __init__(self, inputs: Sequence[TensorSpec]) -> None:
        self.builder = Builder(inputs)
        self.inputs = {spec.name: Tensor(spec.name, axes.ascending(len(spec.shape)), spec.dtype) for spec in inputs}
        self._moved: dict[tuple[str, Order], str] = {}
        self._reshaped: dict[str, str] = {}

    def finish(self, outputs: Sequence[Operand]) -> Graph:
        """The graph of what the outputs come from; they lie as in the source."""
        return with_gelus(drop_dead(self.builder.finish([self.named(output) for output in outputs])))

    def shape(self, operand: Operand) -> Shape:
        """The source's."""
        if not isinstance(operand, Tensor):
            return operand.shape
        own = self.builder.shapes[operand.name]
        return own if operand.image else axes.in_source(own, operand.order)

    def rank(self, operand: Operand) -> int:
        return len(self.shape(operand))

    def dtype(self, *operands: Operand) -> DType:
        """Of the first that is a tensor."""
        found = [operand.dtype for operand in operands if isinstance(operand, Tensor)]
        return found[0] if found else DTYPES[str(held(np.asarray(operands[0])).dtype)]

    def add(self, operation: Operation, *names: str, order: Order | None = None, dtype: DType = "float32") -> Tensor:
        """One operation on tensors of the graph; what comes out lies in `order`."""
        name = self.builder.add(operation, *names)
        return Tensor(name, order or axes.ascending(len(self.builder.shapes[name])), dtype)

    def constant(self, array: Array) -> str:
        """A constant of the graph: real numbers become float32."""
        return self.builder.constant(held(array))

    def tensor(self, operand: Operand) -> Tensor:
        """Itself, or the constant as a tensor."""
        if isinstance(operand, Tensor):
            return operand
        return Tensor(self.constant(operand), axes.ascending(operand.ndim), self.dtype(operand))

    def named(self, operand: Operand, order: Order | None = None) -> str:
        """The name of the tensor that lies in that order, or as in the source."""
        if not isinstance(operand, Tensor):
            return self.constant(operand.transpose(order) if order else operand)
        if operand.image:
            operand = self._unflattened(operand)
        wanted = order or axes.ascending(len(operand.order))
        return self._permuted(operand.name, axes.between(operand.order, wanted))

    def plain(self, operand: Operand) -> Tensor:
        """The tensor as it lies in the source."""
        name = self.named(operand)
        return Tensor(name, axes.ascending(len(self.builder.shapes[name])), self.dtype(operand))

    def unary(self, operation: Operation, operand: Operand) -> Tensor:
        """Number by number, in whatever order it lies."""
        tensor = self.tensor(operand)
        return replace(tensor, name=self.builder.add(operation, tensor.name))

    def binary(self, kind: BinaryName, first: Operand | float, second: Operand | float) -> Tensor:
        """Two that broadcast to one another. A number is a constant."""
        both = [np.array(each, np.float32) if isinstance(each, int | float) else each for each in (first, second)]
        return self.broadcast(Binary(kind), both, self.dtype(*both))

    def broadcast(self, operation: Operation, operands: Sequence[Operand], dtype: DType) -> Tensor:
        """Of several that broadcast to one another by the source's axes, from the last one on."""
        order = self.common_order(operands)
        return self.add(operation, *(self.spread(one, order) for one in operands), order=order, dtype=dtype)

    def common_order(self, operands: Sequence[Operand]) -> Order:
        """That of the first tensor of full rank that does not lie as in the source, or as in the source."""
        rank = max(self.rank(operand) for operand in operands)
        full = [x.order for x in operands if isinstance(x, Tensor) and not x.image and len(x.order) == rank]
        plain = axes.ascending(rank)
        return next((order for order in full if order != plain), plain)

    def spread(self, operand: Operand, order: Order) -> str:
        """The tensor with as many axes as `order` has, in that order; a constant without leading axes of length 1."""
        shape = self.shape(operand)
        if not isinstance(operand, Tensor):
            return self.constant(_stripped(operand.reshape((1,) * (len(order) - len(shape)) + shape).transpose(order)))
        if len(shape) < len(order):
            operand = self.reshape(operand, (1,) * (len(order) - len(shape)) + shape)
        return self.named(operand, order)

    def transpose(self, operand: Tensor, permutation: Sequence[int]) -> Tensor:
        """Axis i of the result is axis `permutation[i]` of the source's tensor. Nothing is added."""
        tensor = self.plain(operand) if operand.image else operand
        return replace(tensor, order=axes.between(tuple(permutation), tensor.order))

    def reshape(self, operand: Tensor, shape: Shape) -> Tensor:
        """Row by row in the source's order, with as little moved in the graph as can be.

        Raises: Unreadable where the numbers of elements differ.
        """
        tensor = self.plain(operand) if operand.image else operand
        before = self.shape(tensor)
        if prod(before) != prod(shape) or 0 in shape:
            raise Unreadable(f"a tensor of shape {before} cannot be reshaped to {shape}")
        if before == shape:
            return tensor
        if self._flattens(tensor, shape):
            own = self.builder.shapes[tensor.name]
            return Tensor(self._shaped(tensor.name, shape), tensor.order, tensor.dtype, image=own)
        return self._regrouped(tensor, before, shape)

    def _flattens(self, tensor: Tensor, shape: Shape) -> bool:
        """Whether this makes a row of each image whose numbers lie in another order."""
        own, order = self.builder.shapes[tensor.name], tensor.order
        moved = not axes.moves_ones_only(own, axes.between(order, axes.ascending(len(order))))
        return moved and order[0] == 0 and shape == (own[0], prod(own[1:]))

    def _regrouped(self, tensor: Tensor, before: Shape, after: Shape) -> Tensor:
        def place(group: axes.Group) -> int:
            return tensor.order.index(max(group[0], key=lambda axis: before[axis])) if group[0] else -1

        groups = sorted(axes.regroup(before, after), key=place)
        order = tuple(axis for group in groups for axis in group[1])
        name = self.named(tensor, tuple(axis for group in groups for axis in group[0]))
        return Tensor(self._shaped(name, tuple(after[axis] for axis in order)), order, tensor.dtype)

    def _unflattened(self, tensor: Tensor) -> Tensor:
        """(n, everything) in the source's order."""
        assert tensor.image
        flat = self.builder.shapes[tensor.name]
        image = self._shaped(tensor.name, tensor.image)
        moved = self._permuted(image, axes.between(tensor.order, axes.ascending(len(tensor.order))))
        return Tensor(self._shaped(moved, flat), (0, 1), tensor.dtype)

    def _permuted(self, name: str, permutation: Order) -> str:
        shape = self.builder.shapes[name]
        if permutation == axes.ascending(len(shape)):
            return name
        if axes.moves_ones_only(shape, permutation):
            return self._shaped(name, tuple(shape[axis] for axis in permutation))
        key = name, permutation
        if key not in self._moved:
            self._moved[key] = self.builder.add(Transpose(permutation), name)
        return self._moved[key]

    def _shaped(self, name: str, shape: Shape) -> str:
        """A reshape, of what was before a reshape where there was one."""
        origin = self._reshaped.get(name, name)
        if self.builder.shapes[origin] == shape:
            return origin
        made = self.builder.add(Reshape(shape), origin)
        self._reshaped[made] = origin
        return made


def held(array: Array) -> Array:
    """The array in a type that the graph has."""
    kind = HELD.get(str(array.dtype))
    if kind is None and str(array.dtype) not in DTYPES:
        raise Unreadable(f"constants of type {array.dtype}")
    return np.ascontiguousarray(array if kind is None else array.astype(kind)).reshape(array.shape)


def _stripped(array: Array) -> Array:
    """Without leading axes of length 1."""
    count = next((i for i, size in enumerate(array.shape) if size != 1), array.ndim)
    return array.reshape(array.shape[count:])
