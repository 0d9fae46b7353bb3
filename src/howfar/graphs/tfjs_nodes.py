"""TensorFlow.js's graph models: each neutral operation as the operator that it has, with its attributes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from howfar.graphs.building import same_margins
from howfar.graphs.graph import (
    Activation,
    Binary,
    Cast,
    Clip,
    Concat,
    Convolution,
    Dense,
    Gather,
    Graph,
    Logical,
    Margins,
    MatMul,
    Node,
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
from howfar.layers import Shape


class Written(Struct, frozen=True):
    """A node of the file: its operator, what it takes, the constants behind (or before) that, its attributes.
    `shapes`: of constants that it takes in another shape."""

    operator: str
    inputs: Sequence[str]
    constants: Mapping[str, Any] = {}
    attributes: Mapping[str, Any] = {}
    constants_first: bool = False
    shapes: Mapping[str, Shape] = {}


def _padding(operation: Any, lengths: Sequence[int], size: Sequence[int]) -> dict[str, Any]:
    margins: Margins = operation.margins
    if not any(map(sum, margins)):
        return {"padding": "VALID"}
    if margins == same_margins(lengths, size[:2], operation.strides, getattr(operation, "dilations", (1, 1))):
        return {"padding": "SAME"}
    return {"padding": "EXPLICIT", "explicit_paddings": [0, 0, *margins[0], *margins[1], 0, 0]}


def _images(operation: Any, image: Sequence[int], size: Sequence[int]) -> dict[str, Any]:
    apart = {"strides": [1, *operation.strides, 1], "data_format": "NHWC"}
    return apart | _padding(operation, image[1:3], size)


def _fused(node: Node) -> dict[str, Any]:
    """Biases and activation in one with a product."""
    names = {"relu": "Relu", "relu6": "Relu6"}
    function = [names[node.activation.kind]] if node.activation else []
    return {"fused_ops": ["BiasAdd", *function], "num_args": 1, "epsilon": 0.0}


def _biased(node: Node, graph: Graph) -> tuple[Sequence[str], dict[str, Any]]:
    """The inputs and constants of a product that is fused: with biases of 0 where it has none."""
    if len(node.inputs) == 3:
        return node.inputs, {}
    return node.inputs, {"biases": np.zeros(graph.shapes[node.output][-1], np.float32)}


def _is_plain(node: Node) -> bool:
    return len(node.inputs) == 2 and node.activation is None


def _convolution(node: Node, graph: Graph) -> Written:
    operation: Any = node.operation
    image, kernel = (graph.shapes[name] for name in node.inputs[:2])
    attributes = _images(operation, image, kernel) | {"dilations": [1, *operation.dilations, 1]}
    depthwise = operation.groups > 1
    if depthwise and kernel[2] != 1:
        raise Unreadable(f"{node.output}: a convolution of {operation.groups} groups")
    if depthwise and max(operation.strides) > 1 and max(operation.dilations) > 1:
        raise Unreadable(f"{node.output}: a convolution by channels with strides and dilations at once")
    by_channel = (*kernel[:2], image[3], kernel[3] // image[3])
    shapes = {node.inputs[1]: by_channel} if depthwise else {}
    if _is_plain(node):
        operator = "DepthwiseConv2dNative" if depthwise else "Conv2D"
        return Written(operator, node.inputs, attributes=attributes, shapes=shapes)
    inputs, biases = _biased(node, graph)
    operator = "FusedDepthwiseConv2dNative" if depthwise else "_FusedConv2D"
    return Written(operator, inputs, biases, attributes | _fused(node), shapes=shapes)


def _transposed(node: Node, graph: Graph) -> Written:
    """As the gradient of a convolution; `lowering` has left margins only where they are "same"."""
    operation: Any = node.operation
    x, kernel = node.inputs
    attributes = _images(operation, graph.shapes[node.output], graph.shapes[kernel])
    sizes = np.array(graph.shapes[node.output], np.int32)
    return Written("Conv2DBackpropInput", (kernel, x), {"sizes": sizes}, attributes, constants_first=True)


def _dense(node: Node, graph: Graph) -> Written:
    sides = {"transpose_a": False, "transpose_b": False}
    if _is_plain(node):
        return Written("MatMul", node.inputs, attributes=sides)
    inputs, biases = _biased(node, graph)
    return Written("_FusedMatMul", inputs, biases, sides | _fused(node))


def _matmul(node: Node, graph: Graph) -> Written:
    operation: Any = node.operation
    sides = operation.transpose_a, operation.transpose_b
    if all(len(graph.shapes[name]) == 2 for name in node.inputs):
        return Written("MatMul", node.inputs, attributes=dict(zip(("transpose_a", "transpose_b"), sides, strict=True)))
    return Written("BatchMatMulV2", node.inputs, attributes=dict(zip(("adj_x", "adj_y"), sides, strict=True)))


def _pool(node: Node, graph: Graph) -> Written:
    operation: Any = node.operation
    attributes = _images(operation, graph.shapes[node.inputs[0]], operation.size) | {"ksize": [1, *operation.size, 1]}
    return Written("MaxPool" if operation.kind == "max" else "AvgPool", node.inputs, attributes=attributes)


def _reduce(node: Node, _: Graph) -> Written:
    operation: Any = node.operation
    axes = {"axes": np.array(operation.axes, np.int32)}
    return Written(operation.kind.capitalize(), node.inputs, axes, {"keep_dims": operation.keep})


def _activation(node: Node, _: Graph) -> Written:
    operation: Any = node.operation
    names = {"relu": "Relu", "relu6": "Relu6", "sigmoid": "Sigmoid", "tanh": "Tanh", "softplus": "Softplus",
             "elu": "Elu", "selu": "Selu", "leaky_relu": "LeakyRelu"}  # fmt: skip
    attributes = {"alpha": float(operation.alpha)} if operation.kind == "leaky_relu" else {}
    return Written(names[operation.kind], node.inputs, attributes=attributes)


def _softmax(node: Node, _: Graph) -> Written:
    return Written("Softmax", node.inputs)


BINARY = {
    "add": "AddV2", "subtract": "Sub", "multiply": "Mul", "divide": "RealDiv", "maximum": "Maximum",
    "minimum": "Minimum", "power": "Pow", "squared_difference": "SquaredDifference",
}  # fmt: skip


def _binary(node: Node, _: Graph) -> Written:
    operation: Any = node.operation
    return Written(BINARY[operation.kind], node.inputs)


LOGICAL = {
    "less": "Less", "less_equal": "LessEqual", "greater": "Greater", "greater_equal": "GreaterEqual", "equal": "Equal",
    "and": "LogicalAnd", "or": "LogicalOr",
}  # fmt: skip


def _logical(node: Node, _: Graph) -> Written:
    operation: Any = node.operation
    return Written(LOGICAL[operation.kind], node.inputs)


def _unary(node: Node, _: Graph) -> Written:
    operation: Any = node.operation
    return Written("Neg" if operation.kind == "negative" else operation.kind.capitalize(), node.inputs)


def _clip(node: Node, _: Graph) -> Written:
    operation: Any = node.operation
    bounds = {"low": np.float32(operation.low), "high": np.float32(operation.high)}
    return Written("ClipByValue", node.inputs, bounds)


def _pad(node: Node, _: Graph) -> Written:
    operation: Any = node.operation
    margins = {"margins": np.array(operation.margins, np.int32)}
    if operation.mode == "reflect":
        return Written("MirrorPad", node.inputs, margins, {"mode": "reflect"})
    return Written("PadV2", node.inputs, {**margins, "value": np.float32(operation.value)})


def _slice(node: Node, _: Graph) -> Written:
    operation: Any = node.operation
    bounds = {key: np.array(getattr(operation, key), np.int32) for key in ("starts", "ends", "steps")}
    masks = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
    return Written("StridedSlice", node.inputs, bounds, dict.fromkeys(masks, 0))


def _resize(node: Node, _: Graph) -> Written:
    operation: Any = node.operation
    operator = "ResizeBilinear" if operation.method == "bilinear" else "ResizeNearestNeighbor"
    places = {"align_corners": operation.align_corners, "half_pixel_centers": operation.half_pixel}
    return Written(operator, node.inputs, {"size": np.array(operation.size, np.int32)}, places)


def _gather(node: Node, _: Graph) -> Written:
    operation: Any = node.operation
    return Written("GatherV2", node.inputs, {"axis": np.int32(operation.axis)}, {"batch_dims": 0})


def _concat(node: Node, _: Graph) -> Written:
    operation: Any = node.operation
    return Written("ConcatV2", node.inputs, {"axis": np.int32(operation.axis)}, {"N": len(node.inputs)})


def _reshape(node: Node, _: Graph) -> Written:
    operation: Any = node.operation
    return Written("Reshape", node.inputs, {"shape": np.array(operation.shape, np.int32)})


def _transpose(node: Node, _: Graph) -> Written:
    operation: Any = node.operation
    return Written("Transpose", node.inputs, {"permutation": np.array(operation.permutation, np.int32)})


NODES: Mapping[type, Callable[[Node, Graph], Written]] = {
    Convolution: _convolution,
    TransposedConvolution: _transposed,
    Dense: _dense,
    MatMul: _matmul,
    Pool: _pool,
    Reduce: _reduce,
    Activation: _activation,
    PRelu: lambda node, _: Written("Prelu", node.inputs),
    Softmax: _softmax,
    Unary: _unary,
    Clip: _clip,
    Binary: _binary,
    Logical: _logical,
    Select: lambda node, _: Written("SelectV2", node.inputs),
    Concat: _concat,
    Reshape: _reshape,
    Transpose: _transpose,
    Pad: _pad,
    Slice: _slice,
    Resize: _resize,
    Gather: _gather,
    Cast: lambda node, _: Written("Cast", node.inputs),
}
