"""What several formats have alike, in terms of the source's axes: reductions, products, slices, joins."""

from collections.abc import Callable, Sequence
from math import prod

import numpy as np
from msgspec.structs import replace

from howfar.graphs import axes
from howfar.graphs.drafting import Array, Draft, Operand, Order, Tensor
from howfar.graphs.graph import (
    Concat,
    Dense,
    Gather,
    LayerNorm,
    Logical,
    LogicalName,
    MatMul,
    Pad,
    Reduce,
    Select,
    Slice,
    Softmax,
    Unary,
    Unreadable,
)
from howfar.layers import Shape

OverAxis = Callable[[Draft, Operand, int], Tensor]


def reduced(draft: Draft, kind: str, operand: Operand, over: Sequence[int], *, keep: bool) -> Tensor:
    """Over the source's axes, all of them where none are named. `kind` as in `graph.Reduce`."""
    tensor = _open(draft, operand)
    rank = len(tensor.order)
    gone = [axes.at(axis, rank) for axis in over] or list(range(rank))
    own = tuple(sorted(tensor.order.index(axis) for axis in gone))
    order = tensor.order if keep else axes.without(tensor.order, gone)
    return draft.add(Reduce(kind, own, keep), tensor.name, order=order, dtype=tensor.dtype)  # type: ignore[arg-type]


def joined(draft: Draft, operands: Sequence[Operand], axis: int) -> Tensor:
    """One behind the other along the source's axis."""
    order = draft.common_order(operands)
    names = [draft.named(operand, order) for operand in operands]
    own = order.index(axes.at(axis, len(order)))
    return draft.add(Concat(own), *names, order=order, dtype=draft.dtype(*operands))


def cut(draft: Draft, operand: Operand, slices: Sequence[slice]) -> Tensor:
    """One slice per axis of the source, each going forwards."""
    tensor = _open(draft, operand)
    shape = draft.shape(tensor)
    whole = [slices[axis].indices(shape[axis]) for axis in tensor.order]
    if any(step < 0 for _, _, step in whole):
        raise Unreadable("a slice that goes backwards")
    if all(bounds == (0, shape[axis], 1) for bounds, axis in zip(whole, tensor.order, strict=True)):
        return tensor
    starts, ends, steps = zip(*whole, strict=True)
    return draft.add(Slice(starts, ends, steps), tensor.name, order=tensor.order, dtype=tensor.dtype)


def parts(draft: Draft, operand: Operand, axis: int, sizes: Sequence[int]) -> list[Operand]:
    """Cut into pieces of these sizes along the source's axis."""
    rank = draft.rank(operand)
    ends = np.cumsum(sizes).tolist()
    whole = [slice(None)] * rank
    one = axes.at(axis, rank)
    return [
        cut(draft, operand, [*whole[:one], slice(end - size, end), *whole[one + 1 :]])
        for end, size in zip(ends, sizes, strict=True)
    ]


def picked(draft: Draft, operand: Operand, indices: Operand, axis: int) -> Tensor:
    """The slices at the indices along the source's axis; theirs come in its place. Constant ones may be
    negative."""
    axis = axes.at(axis, draft.rank(operand))
    if isinstance(indices, Tensor):
        plain = draft.plain(operand)
        return draft.add(Gather(axis), plain.name, draft.named(indices), dtype=plain.dtype)
    length = draft.shape(operand)[axis]
    places = np.where(indices < 0, indices + length, indices).astype(np.int32)
    if places.size and not 0 <= places.min() <= places.max() < length:
        raise Unreadable(f"an index outside of {length}")
    return _picked_at(draft, _open(draft, operand), places, axis)


def _picked_at(draft: Draft, tensor: Tensor, places: Array, axis: int) -> Tensor:
    shape = draft.shape(tensor)
    if places.ndim == 0:
        one = [slice(None)] * len(shape)
        one[axis] = slice(int(places), int(places) + 1)
        return draft.reshape(cut(draft, tensor, one), (*shape[:axis], *shape[axis + 1 :]))
    own = tensor.order.index(axis)
    name = draft.constant(places.reshape(-1))
    flat = draft.add(Gather(own), tensor.name, name, order=tensor.order, dtype=tensor.dtype)
    return draft.reshape(flat, (*shape[:axis], *places.shape, *shape[axis + 1 :]))


def softmax(draft: Draft, operand: Operand, axis: int) -> Tensor:
    """Over one axis of the source."""
    tensor = _open(draft, operand)
    return draft.add(Softmax(tensor.order.index(axes.at(axis, len(tensor.order)))), tensor.name, order=tensor.order)


def log_softmax(draft: Draft, operand: Operand, axis: int) -> Tensor:
    """x - max - log(sum(exp(x - max))): log(softmax(x)) would lose the small ones."""
    highest = reduced(draft, "max", operand, [axis], keep=True)
    below = draft.binary("subtract", operand, highest)
    total = reduced(draft, "sum", draft.unary(Unary("exp"), below), [axis], keep=True)
    return draft.binary("subtract", below, draft.unary(Unary("log"), total))


def padded(draft: Draft, operand: Operand, before_after: Sequence[tuple[int, int]], mode: str, value: float) -> Tensor:
    """`before_after` along each of the source's axes. `mode` as in `graph.Pad`."""
    tensor = _open(draft, operand)
    if not any(map(any, before_after)):
        return tensor
    own = tuple(before_after[axis] for axis in tensor.order)
    if any(size < 0 for pair in own for size in pair):
        raise Unreadable("a pad of negative size")
    return draft.add(Pad(own, value, mode), tensor.name, order=tensor.order)  # type: ignore[arg-type]


def repeated(draft: Draft, operand: Operand, counts: Sequence[int]) -> Tensor:
    """So many times behind itself along each axis."""
    tensor = draft.tensor(operand)
    for axis, count in enumerate(counts):
        if count != 1:
            tensor = joined(draft, [tensor] * count, axis)
    return tensor


def expanded(draft: Draft, operand: Operand, shape: Shape) -> Tensor:
    """Broadcast to at least that shape."""
    before = draft.shape(operand)
    whole = np.broadcast_shapes(before, shape)
    if whole == before:
        return draft.tensor(operand)
    tensor = draft.reshape(draft.tensor(operand), (1,) * (len(whole) - len(before)) + before)
    there = draft.shape(tensor)
    return repeated(draft, tensor, [wide // narrow for wide, narrow in zip(whole, there, strict=True)])


def dense(draft: Draft, operand: Operand, weights: Array, biases: Array | None = None) -> Tensor:
    """x (..., inputs) by weights (inputs, units). The rows of the weights are brought into the order of an image that
    was flattened channels last."""
    tensor = draft.tensor(operand)
    if tensor.image:
        weights = weights[_rows(tensor, tensor.image)]
        tensor = replace(tensor, order=(0, 1), image=None)
    if tensor.order[-1] != len(tensor.order) - 1:
        tensor = draft.plain(tensor)
    names = [draft.constant(array) for array in (weights, biases) if array is not None]
    return draft.add(Dense(), tensor.name, *names, order=tensor.order)


def _rows(tensor: Tensor, image: Shape) -> Array:
    """Where each number of the graph's row lies in the source's."""
    source = axes.in_source(image, tensor.order)[1:]
    inside = [axis - 1 for axis in tensor.order[1:]]
    return np.arange(prod(source)).reshape(source).transpose(inside).reshape(-1)


def product(draft: Draft, first: Operand, second: Operand) -> Tensor:
    """(..., rows, inner) by (..., inner, columns), as NumPy's matmul has it."""
    if not isinstance(second, Tensor) and second.ndim == 2 and draft.rank(first) > 1:
        return dense(draft, first, second)
    ranks = draft.rank(first), draft.rank(second)
    if ranks[0] == 1:
        return _without_axis(draft, product(draft, _row(draft, first), second), -2)
    if ranks[1] == 1:
        column = draft.reshape(draft.tensor(second), (*draft.shape(second), 1))
        return _without_axis(draft, product(draft, first, column), -1)
    names = [draft.spread(operand, axes.ascending(max(ranks))) for operand in (first, second)]
    names = [_ranked(draft, name, max(ranks)) for name in names]
    return draft.add(MatMul(), *names)


def _row(draft: Draft, operand: Operand) -> Tensor:
    return draft.reshape(draft.tensor(operand), (1, *draft.shape(operand)))


def _without_axis(draft: Draft, tensor: Tensor, axis: int) -> Tensor:
    shape = list(draft.shape(tensor))
    del shape[axis]
    return draft.reshape(tensor, tuple(shape))


def _ranked(draft: Draft, name: str, rank: int) -> str:
    """A constant with its leading axes of length 1, which `spread` took away."""
    shape = draft.builder.shapes[name]
    if len(shape) == rank:
        return name
    return draft.constant(draft.builder.constants[name].reshape((1,) * (rank - len(shape)) + shape))


def einsum(draft: Draft, equation: str, operands: Sequence[Operand]) -> Tensor:
    """Two operands by one matrix product: axes that both and the result have, then rows, then what is summed over.

    Raises: Unreadable where it is not of that kind.
    """
    left, arrow, result = equation.replace(" ", "").partition("->")
    names = left.split(",")
    if not arrow or len(names) != 2 or "." in equation or any(len(set(name)) < len(name) for name in names):
        raise Unreadable(f"einsum {equation!r}")
    a, b = names
    both = [letter for letter in a if letter in b and letter in result]
    summed = [letter for letter in a if letter in b and letter not in result]
    rows, columns = ([x for x in own if x not in other] for own, other in ((a, b), (b, a)))
    if {*both, *rows, *columns} != set(result):
        raise Unreadable(f"einsum {equation!r}")
    shape_a, shape_b = (dict(zip(name, draft.shape(x), strict=True)) for name, x in zip(names, operands, strict=True))
    sizes = shape_a | shape_b
    first = _matrices(draft, operands[0], a, (both, rows, summed), sizes)
    second = _matrices(draft, operands[1], b, (both, summed, columns), sizes)
    found = [*both, *rows, *columns]
    whole = draft.reshape(product(draft, first, second), tuple(sizes[letter] for letter in found))
    return draft.transpose(whole, [found.index(letter) for letter in result])


def _matrices(
    draft: Draft, operand: Operand, names: str, groups: Sequence[Sequence[str]], sizes: dict[str, int]
) -> Operand:
    """(those in both, rows, columns), the first left out where there are none."""
    order: Order = tuple(names.index(letter) for group in groups for letter in group)
    both, rows, columns = (tuple(sizes[letter] for letter in group) for group in groups)
    shape = (*both, prod(rows), prod(columns))
    if not isinstance(operand, Tensor):
        return operand.transpose(order).reshape(shape)
    return draft.reshape(draft.transpose(operand, order), shape)


def layer_norm(draft: Draft, operand: Operand, arrays: Sequence[Array], epsilon: float) -> Tensor:
    """Over the source's last axis; `arrays`: scale and, where there is one, offset (channels)."""
    tensor = draft.tensor(operand)
    if tensor.image or tensor.order[-1] != len(tensor.order) - 1:
        tensor = draft.plain(tensor)
    names = (draft.constant(array) for array in (*arrays, np.zeros_like(arrays[0]))[:2])
    return draft.add(LayerNorm(epsilon), tensor.name, *names, order=tensor.order)


def compared(draft: Draft, kind: LogicalName, first: Operand, second: Operand) -> Tensor:
    """Number by number, to true and false."""
    return draft.broadcast(Logical(kind), [first, second], "bool")


def opposite(draft: Draft, operand: Operand) -> Tensor:
    """True where it is false."""
    return compared(draft, "equal", operand, np.array(False))


def chosen(draft: Draft, condition: Operand, yes: Operand, no: Operand) -> Tensor:
    """`yes` where the condition holds, else `no`. Of true and false by and and or: ONNX Runtime has no other way."""
    dtype = draft.dtype(yes, no)
    if dtype == "bool":
        held, left = compared(draft, "and", condition, yes), compared(draft, "and", opposite(draft, condition), no)
        return compared(draft, "or", held, left)
    return draft.broadcast(Select(), [condition, yes, no], dtype)


def _open(draft: Draft, operand: Operand) -> Tensor:
    """A tensor that is not a flattened image."""
    tensor = draft.tensor(operand)
    return draft.plain(tensor) if tensor.image else tensor
