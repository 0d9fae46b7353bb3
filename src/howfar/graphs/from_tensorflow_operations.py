"""TensorFlow's operators other than those on images."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from howfar.graphs import axes, by_axes
from howfar.graphs.drafting import Array, Draft, Operand, Tensor
from howfar.graphs.from_onnx_elementwise import cast_to, clipped, logical, opposite
from howfar.graphs.from_tensorflow_constants import strided
from howfar.graphs.from_tensorflow_images import ACTIVATIONS, activation, followed, prelu
from howfar.graphs.graph import Activation, BinaryName, LogicalName, Unary, Unreadable
from howfar.graphs.reading import Handler, Step

UNARY = {
    "Exp": "exp", "Log": "log", "Sqrt": "sqrt", "Rsqrt": "rsqrt", "Neg": "negative", "Abs": "abs", "Square": "square",
    "Reciprocal": "reciprocal", "Floor": "floor", "Ceil": "ceil", "Round": "round", "Rint": "round", "Sign": "sign",
    "Erf": "erf", "Sin": "sin", "Cos": "cos",
}  # fmt: skip
BINARY: Mapping[str, BinaryName] = {
    "Add": "add", "AddV2": "add", "Sub": "subtract", "Mul": "multiply", "RealDiv": "divide", "Div": "divide",
    "Maximum": "maximum", "Minimum": "minimum", "Pow": "power", "SquaredDifference": "squared_difference",
}  # fmt: skip
LOGICAL: Mapping[str, LogicalName] = {
    "Less": "less", "LessEqual": "less_equal", "Greater": "greater", "GreaterEqual": "greater_equal", "Equal": "equal",
    "LogicalAnd": "and", "LogicalOr": "or",
}  # fmt: skip
REDUCED = {"Mean": "mean", "Max": "max", "Min": "min", "Sum": "sum", "Prod": "prod"}
SAME = ("Identity", "StopGradient", "PreventGradient", "Snapshot", "EnsureShape", "CheckNumerics", "ReadVariableOp",
        "PlaceholderWithDefault")  # fmt: skip


def _unary(operation: Unary) -> Handler:
    return lambda draft, step: draft.unary(operation, step[0])


def _activation(kind: str) -> Handler:
    return lambda draft, step: draft.unary(activation(kind, step.attributes), step[0])


def _binary(kind: BinaryName) -> Handler:
    return lambda draft, step: draft.binary(kind, step[0], step[1])


def _reduction(kind: str) -> Handler:
    def handle(draft: Draft, step: Step) -> Operand:
        over = step.integers(1)
        keep = bool(step.attributes.get("keep_dims"))
        return by_axes.reduced(draft, kind, step[0], over, keep=keep) if over else step[0]

    return handle


def same(draft: Draft, step: Step) -> Operand:  # noqa: ARG001 - a handler's
    return step[0]


def several(draft: Draft, step: Step) -> Sequence[Operand]:  # noqa: ARG001 - a handler's
    return [step[place] for place in range(len(step.inputs))]


def add_all(draft: Draft, step: Step) -> Operand:
    return reduce(lambda a, b: draft.binary("add", a, b), several(draft, step))


def erfc(draft: Draft, step: Step) -> Operand:
    return draft.binary("subtract", 1, draft.unary(Unary("erf"), step[0]))


def gelu(draft: Draft, step: Step) -> Operand:
    return draft.unary(Activation("gelu_tanh" if step.attributes.get("approximate") else "gelu"), step[0])


def clip(draft: Draft, step: Step) -> Operand:
    return clipped(draft, step[0], *(float(step.known(place).reshape(())) for place in (1, 2)))


def matmul(draft: Draft, step: Step) -> Operand:
    """`transpose_a` of a MatMul is `adj_x` of a batch of them."""
    first, second = _factors(draft, step)
    return by_axes.product(draft, first, second)


def fused_matmul(draft: Draft, step: Step) -> Operand:
    first, second = _factors(draft, step)
    fused = list(step.attributes.get("fused_ops") or [])
    if isinstance(second, Tensor):
        made = by_axes.product(draft, first, second)
        made = draft.binary("add", made, step[2]) if fused[:1] == ["BiasAdd"] else made
    else:
        biases = step.known(2).reshape(-1) if fused[:1] == ["BiasAdd"] else None
        made = by_axes.dense(draft, first, second, biases)
    return followed(draft, step, made, fused, 2)


def _factors(draft: Draft, step: Step) -> list[Operand]:
    names = (("transpose_a", "adj_x"), ("transpose_b", "adj_y"))
    turns = [any(step.attributes.get(name) for name in both) for both in names]
    return [_turned(draft, step[place]) if turn else step[place] for place, turn in enumerate(turns)]


def _turned(draft: Draft, operand: Operand) -> Operand:
    """With its last two axes the other way round."""
    rank = draft.rank(operand)
    order = (*range(rank - 2), rank - 1, rank - 2)
    return draft.transpose(operand, order) if isinstance(operand, Tensor) else operand.transpose(order)


def einsum(draft: Draft, step: Step) -> Operand:
    return by_axes.einsum(draft, step.attributes["equation"], several(draft, step))


def softmax(draft: Draft, step: Step) -> Operand:
    return by_axes.softmax(draft, step[0], -1)


def log_softmax(draft: Draft, step: Step) -> Operand:
    return by_axes.log_softmax(draft, step[0], -1)


def reshape(draft: Draft, step: Step) -> Operand:
    tensor = draft.tensor(step[0])
    return draft.reshape(tensor, axes.resolved(draft.shape(tensor), step.integers(1)))


def squeeze(draft: Draft, step: Step) -> Operand:
    shape = draft.shape(step[0])
    named = step.attributes.get("squeeze_dims") or step.attributes.get("axis") or []
    ones = [i for i, size in enumerate(shape) if size == 1]
    gone = [axes.at(i, len(shape)) for i in named] or ones
    return draft.reshape(draft.tensor(step[0]), tuple(size for i, size in enumerate(shape) if i not in gone))


def expand_dims(draft: Draft, step: Step) -> Operand:
    return _with_axis(draft, step[0], step.integers(1)[0])


def _with_axis(draft: Draft, operand: Operand, axis: int) -> Tensor:
    shape = list(draft.shape(operand))
    shape.insert(axes.at(axis, len(shape) + 1), 1)
    return draft.reshape(draft.tensor(operand), tuple(shape))


def transpose(draft: Draft, step: Step) -> Operand:
    return draft.transpose(draft.tensor(step[0]), step.integers(1))


def concat(draft: Draft, step: Step) -> Operand:
    *operands, _ = several(draft, step)
    return by_axes.joined(draft, operands, step.integers(len(operands))[0])


def pack(draft: Draft, step: Step) -> Operand:
    axis = step.attributes.get("axis") or 0
    return by_axes.joined(draft, [_with_axis(draft, each, axis) for each in several(draft, step)], axis)


def unpack(draft: Draft, step: Step) -> Sequence[Operand]:
    axis = axes.at(step.attributes.get("axis") or 0, draft.rank(step[0]))
    return [by_axes.picked(draft, step[0], np.array(i), axis) for i in range(draft.shape(step[0])[axis])]


def split(draft: Draft, step: Step) -> Sequence[Operand]:
    """(axis, value) into pieces of one size."""
    axis, count = step.integers(0)[0], step.attributes["num_split"]
    return by_axes.parts(draft, step[1], axis, [draft.shape(step[1])[axis] // count] * count)


def split_sizes(draft: Draft, step: Step) -> Sequence[Operand]:
    """(value, sizes, axis); one size may be -1."""
    sizes, axis = step.integers(1), step.integers(2)[0]
    rest = draft.shape(step[0])[axis] - sum(size for size in sizes if size >= 0)
    return by_axes.parts(draft, step[0], axis, [rest if size < 0 else size for size in sizes])


def strided_slice(draft: Draft, step: Step) -> Operand:
    shape = draft.shape(step[0])
    index = _whole(strided(step, shape), len(shape))
    cut = by_axes.cut(draft, step[0], [_one(each) for each in index if each is not None])
    lengths = iter(draft.shape(cut))
    after = [(each, 1 if each is None else next(lengths)) for each in index]
    return draft.reshape(cut, tuple(length for each, length in after if not isinstance(each, int)))


def _whole(index: Sequence[Any], rank: int) -> list[Any]:
    """Without the ellipsis: as many slices as there are axes."""
    left = rank - sum(each is not None and each is not Ellipsis for each in index)
    place = index.index(Ellipsis) if Ellipsis in index else len(index)
    return [*index[:place], *[slice(None)] * left, *index[place + 1 :]]


def _one(each: slice | int) -> slice:
    return each if isinstance(each, slice) else slice(each, each + 1 or None)


def slices(draft: Draft, step: Step) -> Operand:
    both = zip(step.integers(1), step.integers(2), strict=True)
    return by_axes.cut(draft, step[0], [slice(a, None if size < 0 else a + size) for a, size in both])


def gather(draft: Draft, step: Step) -> Operand:
    if step.attributes.get("batch_dims"):
        raise Unreadable("batch_dims")
    return by_axes.picked(draft, step[0], step[1], step.integers(2)[0] if step.get(2) is not None else 0)


def pad(draft: Draft, step: Step) -> Operand:
    pairs = [(int(a), int(b)) for a, b in step.known(1)]
    value = float(step.known(2).reshape(())) if step.get(2) is not None else 0.0
    return by_axes.padded(draft, step[0], pairs, "constant", value)


def mirror_pad(draft: Draft, step: Step) -> Operand:
    if step.attributes.get("mode") != "REFLECT":
        raise Unreadable(f"mode {step.attributes.get('mode')}")
    return by_axes.padded(draft, step[0], [(int(a), int(b)) for a, b in step.known(1)], "reflect", 0.0)


def cast(draft: Draft, step: Step) -> Operand:
    return cast_to(draft, step[0], step.attributes["DstT"])


def select(draft: Draft, step: Step) -> Operand:
    """The older `Select` takes a condition of one axis for the first one's."""
    condition, rank = step[0], draft.rank(step[1])
    if step.kind == "Select" and draft.rank(condition) == 1 < rank:
        condition = draft.reshape(draft.tensor(condition), (*draft.shape(condition), *[1] * (rank - 1)))
    return by_axes.chosen(draft, condition, step[1], step[2])


def unequal(draft: Draft, step: Step) -> Operand:
    return by_axes.opposite(draft, by_axes.compared(draft, "equal", step[0], step[1]))


def tile(draft: Draft, step: Step) -> Operand:
    return by_axes.repeated(draft, step[0], step.integers(1))


def broadcast_to(draft: Draft, step: Step) -> Operand:
    return by_axes.expanded(draft, step[0], tuple(step.integers(1)))


def shape(draft: Draft, step: Step) -> Array:
    return np.array(draft.shape(step[0]), step.attributes.get("out_type") or "int32")


def rank(draft: Draft, step: Step) -> Array:
    return np.array(draft.rank(step[0]), np.int32)


def filled_like(value: int) -> Handler:
    return lambda draft, step: np.full(draft.shape(step[0]), value, draft.dtype(step[0]))


HANDLERS: Mapping[str, Handler] = {
    **{kind: _unary(Unary(name)) for kind, name in UNARY.items()},  # type: ignore[arg-type]
    **{kind: _activation(kind) for kind in ACTIVATIONS},
    **{kind: _binary(name) for kind, name in BINARY.items()},
    **{kind: logical(name) for kind, name in LOGICAL.items()},
    **{kind: _reduction(name) for kind, name in REDUCED.items()},
    **dict.fromkeys(SAME, same),
    "IdentityN": several, "AddN": add_all, "Erfc": erfc, "Gelu": gelu, "ClipByValue": clip, "MatMul": matmul,
    "BatchMatMul": matmul, "BatchMatMulV2": matmul, "BatchMatMulV3": matmul, "_FusedMatMul": fused_matmul,
    "Einsum": einsum, "Softmax": softmax, "LogSoftmax": log_softmax, "Reshape": reshape, "Squeeze": squeeze,
    "ExpandDims": expand_dims, "Transpose": transpose, "ConcatV2": concat, "Pack": pack, "Unpack": unpack,
    "Split": split, "SplitV": split_sizes, "StridedSlice": strided_slice, "Slice": slices, "GatherV2": gather,
    "ResourceGather": gather, "Gather": gather, "Pad": pad, "PadV2": pad, "MirrorPad": mirror_pad, "Cast": cast,
    "Select": select, "SelectV2": select, "LogicalNot": opposite, "NotEqual": unequal,
    "Tile": tile, "BroadcastTo": broadcast_to, "Shape": shape, "Rank": rank,
    "ZerosLike": filled_like(0), "OnesLike": filled_like(1),
    "Prelu": lambda draft, step: prelu(draft, step[0], step.known(1)),
}  # fmt: skip
