"""LiteRT's files: each neutral operation as the builtin operator that it is, with its options.

Source: TensorFlow Lite's schema, and what its converter writes for the same.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from tensorflow.lite.python import schema_py_generated as schema

from howfar.graphs.building import dtype_of
from howfar.graphs.graph import (
    Activation,
    Binary,
    Cast,
    Concat,
    Convolution,
    Dense,
    Gather,
    Graph,
    Logical,
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

TYPES: Mapping[str, int] = {
    "float32": schema.TensorType.FLOAT32, "int32": schema.TensorType.INT32, "int64": schema.TensorType.INT64,
    "bool": schema.TensorType.BOOL, "uint8": schema.TensorType.UINT8,
}  # fmt: skip
FUSED: Mapping[str, int] = {
    "relu": schema.ActivationFunctionType.RELU, "relu6": schema.ActivationFunctionType.RELU6,
}  # fmt: skip


class Written(Struct, frozen=True):
    """A node of the file: its operator, its options if it has any, what it takes, and the constants behind (or before)
    that. `permuted`: the order that the axes of a constant are laid in; `shapes`: of those in another shape."""

    operator: str
    inputs: Sequence[str]
    options: Any = None
    constants: Mapping[str, Any] = {}
    constants_first: bool = False
    permuted: Mapping[str, tuple[int, ...]] = {}
    shapes: Mapping[str, Shape] = {}


def options(name: str, **fields: Any) -> Any:
    """Those of an operator: the schema's class of that name, with these fields."""
    made = getattr(schema, f"{name}OptionsT")()
    for field, value in fields.items():
        if not hasattr(made, field):
            raise AttributeError(f"{name}Options has no {field}")
        setattr(made, field, value)
    return made


def _fused(node: Node) -> dict[str, int]:
    return {"fusedActivationFunction": FUSED[node.activation.kind] if node.activation else 0}


def _windowed(operation: Any) -> dict[str, int]:
    """What is left of the margins is "same": `lowering` has made all others a pad, or has cut them off."""
    same = any(map(sum, operation.margins))
    return {
        "padding": schema.Padding.SAME if same else schema.Padding.VALID,
        "strideH": operation.strides[0],
        "strideW": operation.strides[1],
    }


def _biased(node: Node, graph: Graph) -> dict[str, Any]:
    """Zeros for a product without biases: what runs it fastest wants some."""
    return {} if len(node.inputs) == 3 else {"biases": np.zeros(graph.shapes[node.output][-1], np.float32)}


def _convolution(node: Node, graph: Graph) -> Written:
    operation: Any = node.operation
    kernel, biases = node.inputs[1], _biased(node, graph)
    down, across = operation.dilations
    fields = {**_windowed(operation), **_fused(node), "dilationHFactor": down, "dilationWFactor": across}
    if operation.groups == 1:
        return Written("CONV_2D", node.inputs, options("Conv2D", **fields), biases, permuted={kernel: (3, 0, 1, 2)})
    height, width, inner, filters = graph.shapes[kernel]
    if inner != 1:
        raise Unreadable(f"{node.output}: a convolution of {operation.groups} groups")
    own = options("DepthwiseConv2D", depthMultiplier=filters // operation.groups, **fields)
    shapes = {kernel: (1, height, width, filters)}
    return Written("DEPTHWISE_CONV_2D", node.inputs, own, biases, shapes=shapes)


def _transposed(node: Node, graph: Graph) -> Written:
    x, kernel = node.inputs
    shape = {"shape": np.array(graph.shapes[node.output], np.int32)}
    own = options("TransposeConv", **_windowed(node.operation))
    return Written("TRANSPOSE_CONV", (kernel, x), own, shape, constants_first=True, permuted={kernel: (2, 0, 1, 3)})


def _dense(node: Node, graph: Graph) -> Written:
    own = options("FullyConnected", **_fused(node))
    return Written("FULLY_CONNECTED", node.inputs, own, _biased(node, graph), permuted={node.inputs[1]: (1, 0)})


def _matmul(node: Node, _: Graph) -> Written:
    operation: Any = node.operation
    return Written(
        "BATCH_MATMUL", node.inputs, options("BatchMatMul", adjX=operation.transpose_a, adjY=operation.transpose_b)
    )


def _pool(node: Node, _: Graph) -> Written:
    operation: Any = node.operation
    height, width = operation.size
    own = options("Pool2D", **_windowed(operation), filterHeight=height, filterWidth=width)
    return Written("MAX_POOL_2D" if operation.kind == "max" else "AVERAGE_POOL_2D", node.inputs, own)


def _reduce(node: Node, _: Graph) -> Written:
    operation: Any = node.operation
    names = {"mean": "MEAN", "sum": "SUM", "max": "REDUCE_MAX", "min": "REDUCE_MIN", "prod": "REDUCE_PROD"}
    axes = {"axes": np.array(operation.axes, np.int32)}
    return Written(names[operation.kind], node.inputs, options("Reducer", keepDims=operation.keep), axes)


def _activation(node: Node, _: Graph) -> Written:
    operation: Any = node.operation
    match operation.kind:
        case "leaky_relu":
            return Written("LEAKY_RELU", node.inputs, options("LeakyRelu", alpha=float(operation.alpha)))
        case "gelu" | "gelu_tanh":
            return Written("GELU", node.inputs, options("Gelu", approximate=operation.kind == "gelu_tanh"))
    names = {"relu": "RELU", "relu6": "RELU6", "sigmoid": "LOGISTIC", "tanh": "TANH", "elu": "ELU",
             "hard_silu": "HARD_SWISH"}  # fmt: skip
    return Written(names[operation.kind], node.inputs)


UNARY: Mapping[str, str] = {
    "exp": "EXP", "log": "LOG", "sqrt": "SQRT", "rsqrt": "RSQRT", "negative": "NEG", "abs": "ABS", "square": "SQUARE",
    "floor": "FLOOR", "ceil": "CEIL", "round": "ROUND", "sign": "SIGN", "sin": "SIN", "cos": "COS",
}  # fmt: skip
BINARY: Mapping[str, str] = {
    "add": "ADD", "subtract": "SUB", "multiply": "MUL", "divide": "DIV", "maximum": "MAXIMUM", "minimum": "MINIMUM",
    "power": "POW", "squared_difference": "SQUARED_DIFFERENCE",
}  # fmt: skip
# These have options of their own.
SUMS: Mapping[str, str] = {"add": "Add", "subtract": "Sub", "multiply": "Mul", "divide": "Div"}


def _unary(node: Node, _: Graph) -> Written:
    operation: Any = node.operation
    if operation.kind not in UNARY:
        raise Unreadable(f"{node.output}: LiteRT has no {operation.kind}")
    return Written(UNARY[operation.kind], node.inputs)


def _binary(node: Node, _: Graph) -> Written:
    operation: Any = node.operation
    own = options(SUMS[operation.kind]) if operation.kind in SUMS else None
    return Written(BINARY[operation.kind], node.inputs, own)


def _broadcast(node: Node, graph: Graph, most_axes: int) -> None:
    """Raises: Unreadable where what broadcasts has more axes than the kernel, which would end the process."""
    shapes = {graph.shapes[name] for name in node.inputs}
    if len(shapes) > 1 and len(graph.shapes[node.output]) > most_axes:
        raise Unreadable(f"{node.output}: LiteRT broadcasts this over {most_axes} axes at most")


def _select(node: Node, graph: Graph) -> Written:
    _broadcast(node, graph, 5)
    return Written("SELECT_V2", node.inputs, options("SelectV2"))


def _logical(node: Node, graph: Graph) -> Written:
    _broadcast(node, graph, 4)
    operation: Any = node.operation
    name = f"logical_{operation.kind}" if operation.kind in ("and", "or") else operation.kind
    return Written(name.upper(), node.inputs, options(name.title().replace("_", "")))


def _pad(node: Node, _: Graph) -> Written:
    operation: Any = node.operation
    margins = {"margins": np.array(operation.margins, np.int32)}
    if operation.mode == "reflect":
        return Written("MIRROR_PAD", node.inputs, options("MirrorPad", mode=schema.MirrorPadMode.REFLECT), margins)
    if operation.value:
        return Written("PADV2", node.inputs, None, {**margins, "value": np.float32(operation.value)})
    return Written("PAD", node.inputs, None, margins)


def _slice(node: Node, graph: Graph) -> Written:
    operation: Any = node.operation
    starts = {"starts": np.array(operation.starts, np.int32)}
    if set(operation.steps) == {1}:
        return Written("SLICE", node.inputs, None, {**starts, "sizes": np.array(graph.shapes[node.output], np.int32)})
    bounds = {key: np.array(getattr(operation, key), np.int32) for key in ("ends", "steps")}
    return Written("STRIDED_SLICE", node.inputs, options("StridedSlice"), {**starts, **bounds})


def _resize(node: Node, _: Graph) -> Written:
    operation: Any = node.operation
    name = "Bilinear" if operation.method == "bilinear" else "NearestNeighbor"
    # It takes one of the two at most.
    half = operation.half_pixel and not operation.align_corners
    own = options(f"Resize{name}", alignCorners=operation.align_corners, halfPixelCenters=half)
    operator = "RESIZE_BILINEAR" if operation.method == "bilinear" else "RESIZE_NEAREST_NEIGHBOR"
    return Written(operator, node.inputs, own, {"size": np.array(operation.size, np.int32)})


def _gather(node: Node, _: Graph) -> Written:
    operation: Any = node.operation
    return Written("GATHER", node.inputs, options("Gather", axis=operation.axis))


def _concat(node: Node, _: Graph) -> Written:
    operation: Any = node.operation
    return Written("CONCATENATION", node.inputs, options("Concatenation", axis=operation.axis))


def _reshape(node: Node, _: Graph) -> Written:
    operation: Any = node.operation
    shape = {"shape": np.array(operation.shape, np.int32)}
    return Written("RESHAPE", node.inputs, options("Reshape", newShape=list(operation.shape)), shape)


def _transpose(node: Node, _: Graph) -> Written:
    operation: Any = node.operation
    return Written("TRANSPOSE", node.inputs, None, {"permutation": np.array(operation.permutation, np.int32)})


def _cast(node: Node, graph: Graph) -> Written:
    operation: Any = node.operation
    taken = graph.constants.get(node.inputs[0])
    kinds = {"outDataType": TYPES[operation.dtype]} | ({} if taken is None else {"inDataType": TYPES[dtype_of(taken)]})
    return Written("CAST", node.inputs, options("Cast", **kinds))


NODES: Mapping[type, Callable[[Node, Graph], Written]] = {
    Convolution: _convolution,
    TransposedConvolution: _transposed,
    Dense: _dense,
    MatMul: _matmul,
    Pool: _pool,
    Reduce: _reduce,
    Activation: _activation,
    PRelu: lambda node, _: Written("PRELU", node.inputs),
    Softmax: lambda node, _: Written("SOFTMAX", node.inputs, options("Softmax", beta=1.0)),
    Unary: _unary,
    Binary: _binary,
    Logical: _logical,
    Select: _select,
    Concat: _concat,
    Reshape: _reshape,
    Transpose: _transpose,
    Pad: _pad,
    Slice: _slice,
    Resize: _resize,
    Gather: _gather,
    Cast: _cast,
}
