"""ONNX: each neutral operation that goes number by number, joins or shapes, as ONNX has it."""

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import numpy as np

from howfar.graphs.graph import (
    Activation,
    Binary,
    Cast,
    Clip,
    Concat,
    Dense,
    Gather,
    Logical,
    Node,
    Pad,
    PRelu,
    Reduce,
    Reshape,
    Resize,
    Select,
    Slice,
    Softmax,
    Transpose,
    Unary,
)
from howfar.graphs.onnx_layouts import AXIS, PLACE, Layout, Onnx, channels_first

ACTIVATIONS = {
    "relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "softplus": "Softplus", "softsign": "Softsign", "elu": "Elu",
    "selu": "Selu", "leaky_relu": "LeakyRelu",
}  # fmt: skip
UNARY = {
    "exp": "Exp", "log": "Log", "sqrt": "Sqrt", "negative": "Neg", "abs": "Abs", "reciprocal": "Reciprocal",
    "floor": "Floor", "ceil": "Ceil", "round": "Round", "sign": "Sign", "erf": "Erf", "sin": "Sin", "cos": "Cos",
}  # fmt: skip
BINARY = {
    "add": "Add", "subtract": "Sub", "multiply": "Mul", "divide": "Div", "maximum": "Max", "minimum": "Min",
    "power": "Pow",
}  # fmt: skip

LARGEST = float(np.finfo(np.float32).max)
# The names of its types.
TYPES = {"float32": "FLOAT", "int32": "INT32", "int64": "INT64", "bool": "BOOL", "uint8": "UINT8"}


def _axis(axis: int, layout: Layout) -> int:
    return PLACE[axis] if layout == "first" else axis


def _activation(o: Onnx, node: Node) -> None:
    function: Any = node.operation
    layout = o.layout(*node.inputs)
    x = o.take(node.inputs[0], layout)
    if function.kind == "relu6":
        o.give("Clip", [x, o.number(0.0), o.number(6.0)], node.output, layout)
        return
    attributes = {"alpha": float(function.alpha)} if function.kind in ("elu", "leaky_relu") else {}
    o.give(ACTIVATIONS[function.kind], [x], node.output, layout, **attributes)


def _unary(o: Onnx, node: Node) -> None:
    operation: Any = node.operation
    kind: str = operation.kind
    layout = o.layout(*node.inputs)
    x = o.take(node.inputs[0], layout)
    if kind == "square":
        o.give("Mul", [x, x], node.output, layout)
    elif kind == "rsqrt":
        root = o.node("Sqrt", [x], f"{node.output}.root")
        o.give("Div", [o.number(1.0), root], node.output, layout)
    else:
        o.give(UNARY[kind], [x], node.output, layout)


def _clip(o: Onnx, node: Node) -> None:
    """Both bounds are written: ONNX Runtime Web's WebGL takes no input that is left out."""
    clip: Any = node.operation
    layout = o.layout(*node.inputs)
    bounds = [o.number(float(np.clip(bound, -LARGEST, LARGEST))) for bound in (clip.low, clip.high)]
    o.give("Clip", [o.take(node.inputs[0], layout), *bounds], node.output, layout)


def _binary(o: Onnx, node: Node) -> None:
    operation: Any = node.operation
    kind: str = operation.kind
    layout = o.layout(*node.inputs)
    a, b = (o.take(name, layout) for name in node.inputs)
    if kind == "squared_difference":
        less = o.node("Sub", [a, b], f"{node.output}.less")
        o.give("Mul", [less, less], node.output, layout)
    else:
        o.give(BINARY[kind], [a, b], node.output, layout)


LOGICAL = {
    "less": "Less", "less_equal": "LessOrEqual", "greater": "Greater", "greater_equal": "GreaterOrEqual",
    "equal": "Equal", "and": "And", "or": "Or",
}  # fmt: skip


def _logical(o: Onnx, node: Node) -> None:
    operation: Any = node.operation
    layout = o.layout(*node.inputs)
    o.give(LOGICAL[operation.kind], [o.take(name, layout) for name in node.inputs], node.output, layout)


def _select(o: Onnx, node: Node) -> None:
    layout = o.layout(*node.inputs)
    o.give("Where", [o.take(name, layout) for name in node.inputs], node.output, layout)


def _prelu(o: Onnx, node: Node) -> None:
    layout = o.layout(*node.inputs)
    o.give("PRelu", [o.take(name, layout) for name in node.inputs], node.output, layout)


def _softmax(o: Onnx, node: Node) -> None:
    layout = o.layout(*node.inputs)
    operation: Any = node.operation
    axis = _axis(operation.axis, layout)
    o.give("Softmax", [o.take(node.inputs[0], layout)], node.output, layout, axis=axis)


def _concat(o: Onnx, node: Node) -> None:
    layout = o.layout(*node.inputs)
    operation: Any = node.operation
    axis = _axis(operation.axis, layout)
    o.give("Concat", [o.take(name, layout) for name in node.inputs], node.output, layout, axis=axis)


def _reduce(o: Onnx, node: Node) -> None:
    reduce: Any = node.operation
    (x,) = node.inputs
    if reduce.axes == (1, 2) and len(o.shapes[x]) == 4 and reduce.kind in ("mean", "max"):
        _whole_image(o, node)
        return
    layout = o.layout(x)
    left = [axis for axis in AXIS if axis not in reduce.axes]
    if layout == "first" and not reduce.keep and left != sorted(left):
        layout = "last"
    axes = sorted(_axis(axis, layout) for axis in reduce.axes)
    kept: Layout = layout if reduce.keep else "last"
    whole, kind = {"keepdims": int(reduce.keep)}, f"Reduce{reduce.kind.capitalize()}"
    if reduce.kind == "sum":
        o.give(kind, [o.take(x, layout), o.integers(axes)], node.output, kept, **whole)
    else:
        o.give(kind, [o.take(x, layout)], node.output, kept, axes=axes, **whole)


def _whole_image(o: Onnx, node: Node) -> None:
    """The mean or maximum of each channel."""
    reduce: Any = node.operation
    kind = "GlobalAveragePool" if reduce.kind == "mean" else "GlobalMaxPool"
    image = o.take(node.inputs[0], "first")
    if reduce.keep:
        o.give(kind, [image], node.output, "first")
    else:
        pooled = o.node(kind, [image], f"{node.output}.pooled")
        o.give("Reshape", [pooled, o.integers(o.shapes[node.output])], node.output)


def _reshape(o: Onnx, node: Node) -> None:
    """Of and to an image of one pixel it is the same channels first. An image that only dense layers take becomes a row
    as it lies, and their weights follow."""
    (x,) = node.inputs
    before, after = o.shapes[x], o.shapes[node.output]
    to: Layout = "first" if len(after) == 4 and after[1] == after[2] == 1 else "last"
    target = o.integers(channels_first(after) if to == "first" else after)
    image = len(before) == 4 and not o.held(x, "last")
    if image and before[1] == before[2] == 1:
        o.give("Reshape", [o.take(x, "first"), target], node.output, to)
    elif image and after == (before[0], prod(before[1:])) and _only_dense(o, node):
        o.rows[node.output] = before[1:]
        o.give("Reshape", [o.take(x, "first"), target], node.output)
    else:
        o.give("Reshape", [o.take(x), target], node.output, to)


def _only_dense(o: Onnx, node: Node) -> bool:
    users = o.users.get(node.output, [])
    into = all(isinstance(user.operation, Dense) and user.inputs[0] == node.output for user in users)
    return into and node.output not in o.graph.outputs


def _transpose(o: Onnx, node: Node) -> None:
    operation: Any = node.operation
    permutation = operation.permutation
    layout = o.layout(*node.inputs)
    places = [_axis(axis, layout) for axis in permutation]
    o.give("Transpose", [o.take(node.inputs[0], layout)], node.output, perm=places)


def _pad(o: Onnx, node: Node) -> None:
    pad: Any = node.operation
    layout = o.layout(*node.inputs)
    margins = channels_first(pad.margins) if layout == "first" else pad.margins
    before, after = zip(*margins, strict=True)
    x = o.take(node.inputs[0], layout)
    value = [o.number(pad.value)] if pad.mode == "constant" else []
    o.give("Pad", [x, o.integers([*before, *after]), *value], node.output, layout, mode=pad.mode)


def _slice(o: Onnx, node: Node) -> None:
    piece: Any = node.operation
    layout, shape = o.layout(*node.inputs), o.shapes[node.inputs[0]]
    bounds = zip(piece.starts, piece.ends, piece.steps, shape, strict=True)
    cut = [(axis, *bound[:3]) for axis, bound in enumerate(bounds) if bound[:3] != (0, bound[3], 1)]
    axes, starts, ends, steps = zip(*cut, strict=True) if cut else ((0,), (0,), (shape[0],), (1,))
    places = [_axis(axis, layout) for axis in axes]
    given = [o.integers(values) for values in (starts, ends, places, steps)]
    o.give("Slice", [o.take(node.inputs[0], layout), *given], node.output, layout)


def _resize(o: Onnx, node: Node) -> None:
    """By whole factors where they are; ONNX rounds a place to a pixel as TensorFlow does only where it is told how."""
    resize: Any = node.operation
    shape, made = (channels_first(o.shapes[name]) for name in (node.inputs[0], node.output))
    places = "align_corners" if resize.align_corners else "half_pixel" if resize.half_pixel else "asymmetric"
    nearest = "floor" if places == "asymmetric" else "round_prefer_ceil"
    mode = "linear" if resize.method == "bilinear" else "nearest"
    if all(after % before == 0 for before, after in zip(shape, made, strict=True)):
        factors = np.array(made, np.float32) / np.array(shape, np.float32)
        given = ["", o.weight(f"{node.output}.factors", factors)]
    else:
        given = ["", "", o.integers(made)]
    how = {"mode": mode, "coordinate_transformation_mode": places, "nearest_mode": nearest}
    o.give("Resize", [o.take(node.inputs[0], "first"), *given], node.output, "first", **how)


def _gather(o: Onnx, node: Node) -> None:
    operation: Any = node.operation
    axis: int = operation.axis
    o.give("Gather", [o.take(name) for name in node.inputs], node.output, axis=axis)


def _cast(o: Onnx, node: Node) -> None:
    from onnx import TensorProto  # noqa: PLC0415 - 0.3 s, and an extra

    layout = o.layout(*node.inputs)
    operation: Any = node.operation
    to = getattr(TensorProto, TYPES[operation.dtype])
    o.give("Cast", [o.take(node.inputs[0], layout)], node.output, layout, to=to)


NODES: Mapping[type, Callable[[Onnx, Node], None]] = {
    Activation: _activation,
    Unary: _unary,
    Clip: _clip,
    Binary: _binary,
    Logical: _logical,
    Select: _select,
    PRelu: _prelu,
    Softmax: _softmax,
    Concat: _concat,
    Reduce: _reduce,
    Reshape: _reshape,
    Transpose: _transpose,
    Pad: _pad,
    Slice: _slice,
    Resize: _resize,
    Gather: _gather,
    Cast: _cast,
}
