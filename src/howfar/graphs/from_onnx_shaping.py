"""ONNX's operators that move numbers about: reshapes, slices, joins, reductions."""

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np

from howfar.graphs import axes, by_axes
from howfar.graphs.drafting import Draft, Operand, Tensor
from howfar.graphs.graph import Unary, Unreadable
from howfar.graphs.reading import Handler, Step

REDUCED = {"ReduceMean": "mean", "ReduceMax": "max", "ReduceMin": "min", "ReduceSum": "sum", "ReduceProd": "prod"}


def integers(step: Step, name: str, place: int) -> list[int] | None:
    """What older files have as an attribute and newer ones as an input; None where neither is there."""
    if name in step.attributes:
        return list(step.attributes[name])
    return None if step.get(place) is None else step.integers(place)


def reshape(draft: Draft, step: Step) -> Operand:
    tensor = draft.tensor(step[0])
    after = integers(step, "shape", 1)
    if after is None:
        raise Unreadable("no shape")
    copies = not step.attributes.get("allowzero", 0)
    return draft.reshape(tensor, axes.resolved(draft.shape(tensor), after, zero_copies=copies))


def flatten(draft: Draft, step: Step) -> Operand:
    tensor = draft.tensor(step[0])
    shape = draft.shape(tensor)
    axis = step.attributes.get("axis", 1)
    axis = axis + len(shape) if axis < 0 else axis
    return draft.reshape(tensor, (prod(shape[:axis]), prod(shape[axis:])))


def squeeze(draft: Draft, step: Step) -> Operand:
    tensor = draft.tensor(step[0])
    shape = draft.shape(tensor)
    named = integers(step, "axes", 1)
    ones = [i for i, size in enumerate(shape) if size == 1]
    gone = ones if named is None else [axes.at(i, len(shape)) for i in named]
    return draft.reshape(tensor, tuple(size for i, size in enumerate(shape) if i not in gone))


def unsqueeze(draft: Draft, step: Step) -> Operand:
    tensor = draft.tensor(step[0])
    shape = list(draft.shape(tensor))
    named = integers(step, "axes", 1) or []
    rank = len(shape) + len(named)
    for axis in sorted(axes.at(i, rank) for i in named):
        shape.insert(axis, 1)
    return draft.reshape(tensor, tuple(shape))


def transpose(draft: Draft, step: Step) -> Operand:
    tensor = draft.tensor(step[0])
    rank = draft.rank(tensor)
    return draft.transpose(tensor, step.attributes.get("perm") or range(rank)[::-1])


def concat(draft: Draft, step: Step) -> Operand:
    there = [each for each in step.inputs if each is not None and draft.shape(each) != (0,)]
    return by_axes.joined(draft, there, step.attributes.get("axis", 1))


def split(draft: Draft, step: Step) -> Sequence[Operand]:
    axis = step.attributes.get("axis", 0)
    length = draft.shape(step[0])[axis]
    count = step.attributes.get("num_outputs", len(step.wanted))
    sizes = integers(step, "split", 1)
    if sizes is None:
        each = -(-length // count)
        sizes = [each] * (count - 1) + [length - each * (count - 1)]
    if sum(sizes) != length:
        raise Unreadable(f"pieces of {sizes} from {length}")
    return by_axes.parts(draft, step[0], axis, sizes)


def slices(draft: Draft, step: Step) -> Operand:
    starts, ends = integers(step, "starts", 1), integers(step, "ends", 2)
    if starts is None or ends is None:
        raise Unreadable("no bounds")
    over = integers(step, "axes", 3) or range(len(starts))
    steps = step.integers(4) if step.get(4) is not None else [1] * len(starts)
    rank = draft.rank(step[0])
    whole = [slice(None)] * rank
    for axis, *bounds in zip(over, starts, ends, steps, strict=True):
        whole[axes.at(axis, rank)] = slice(*bounds)
    return by_axes.cut(draft, step[0], whole)


def gather(draft: Draft, step: Step) -> Operand:
    return by_axes.picked(draft, step[0], step[1], step.attributes.get("axis", 0))


def pad(draft: Draft, step: Step) -> Operand:
    rank = draft.rank(step[0])
    flat = integers(step, "pads", 1) or integers(step, "paddings", 1) or []
    over = [axes.at(axis, rank) for axis in (step.integers(3) if step.get(3) is not None else range(rank))]
    pairs = [(0, 0)] * rank
    for i, axis in enumerate(over):
        pairs[axis] = flat[i], flat[i + len(over)]
    mode, value = step.attributes.get("mode", "constant"), step.attributes.get("value", step.known_or(2, 0.0))
    if mode not in ("constant", "reflect", "edge"):
        raise Unreadable(f"mode {mode}")
    return by_axes.padded(draft, step[0], pairs, mode, float(np.reshape(value, ())))


def expand(draft: Draft, step: Step) -> Operand:
    return by_axes.expanded(draft, step[0], tuple(step.integers(1)))


def tile(draft: Draft, step: Step) -> Operand:
    return by_axes.repeated(draft, step[0], step.integers(1))


def _reduction(kind: str) -> Handler:
    def handle(draft: Draft, step: Step) -> Operand:
        over = integers(step, "axes", 1) or []
        if not over and step.attributes.get("noop_with_empty_axes", 0):
            return step[0]
        return by_axes.reduced(draft, kind, step[0], over, keep=bool(step.attributes.get("keepdims", 1)))

    return handle


def _after(first: Unary, then: Handler, last: Unary | None = None) -> Handler:
    """A reduction of each number's absolute value or square."""

    def handle(draft: Draft, step: Step) -> Operand:
        changed = Step(step.kind, step.name, [draft.unary(first, step[0]), *step.inputs[1:]], step.attributes)
        made = then(draft, changed)
        return draft.unary(last, made) if last and isinstance(made, Tensor) else made  # type: ignore[return-value]

    return handle


def softmax(draft: Draft, step: Step) -> Operand:
    return _over(draft, step, by_axes.softmax)


def log_softmax(draft: Draft, step: Step) -> Operand:
    return _over(draft, step, by_axes.log_softmax)


def _over(draft: Draft, step: Step, function: by_axes.OverAxis) -> Operand:
    """Before opset 13 all axes from `axis` on are one."""
    tensor = draft.tensor(step[0])
    shape = draft.shape(tensor)
    axis = axes.at(step.attributes.get("axis", -1 if step.opset >= 13 else 1), len(shape))
    if step.opset >= 13 or prod(shape[axis + 1 :]) == 1:
        return function(draft, tensor, axis)
    flat = draft.reshape(tensor, (prod(shape[:axis]), prod(shape[axis:])))
    return draft.reshape(function(draft, flat, 1), shape)


def depth_to_space(draft: Draft, step: Step) -> Operand:
    n, channels, height, width = draft.shape(step[0])
    block = step.attributes["blocksize"]
    left = channels // block**2
    columns_first = step.attributes.get("mode", "DCR") == "CRD"
    shape = (n, left, block, block, height, width) if columns_first else (n, block, block, left, height, width)
    order = (0, 1, 4, 2, 5, 3) if columns_first else (0, 3, 4, 1, 5, 2)
    moved = draft.transpose(draft.reshape(draft.tensor(step[0]), shape), order)
    return draft.reshape(moved, (n, left, height * block, width * block))


def space_to_depth(draft: Draft, step: Step) -> Operand:
    n, channels, height, width = draft.shape(step[0])
    block = step.attributes["blocksize"]
    shape = (n, channels, height // block, block, width // block, block)
    moved = draft.transpose(draft.reshape(draft.tensor(step[0]), shape), (0, 3, 5, 1, 2, 4))
    return draft.reshape(moved, (n, channels * block**2, height // block, width // block))


HANDLERS: Mapping[str, Handler] = {
    **{kind: _reduction(name) for kind, name in REDUCED.items()},
    "ReduceSumSquare": _after(Unary("square"), _reduction("sum")),
    "ReduceL1": _after(Unary("abs"), _reduction("sum")),
    "ReduceL2": _after(Unary("square"), _reduction("sum"), Unary("sqrt")),
    "Reshape": reshape, "Flatten": flatten, "Squeeze": squeeze, "Unsqueeze": unsqueeze, "Transpose": transpose,
    "Concat": concat, "Split": split, "Slice": slices, "Gather": gather, "Pad": pad, "Expand": expand, "Tile": tile,
    "Softmax": softmax, "LogSoftmax": log_softmax, "DepthToSpace": depth_to_space, "SpaceToDepth": space_to_depth,
}  # fmt: skip
