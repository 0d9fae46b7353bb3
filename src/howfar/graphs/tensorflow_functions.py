"""The neutral graph's operations as TensorFlow's, for SavedModels and for LiteRT."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from howfar.graphs.building import Array, same_margins
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
    LayerNorm,
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
)
from howfar.graphs.tensorflow_recurrent import RECURRENT

ACTIVATIONS: Mapping[str, Callable[[Any, float], Any]] = {
    "relu": lambda x, _: tf.nn.relu(x),
    "relu6": lambda x, _: tf.nn.relu6(x),
    "sigmoid": lambda x, _: tf.sigmoid(x),
    "tanh": lambda x, _: tf.tanh(x),
    "softplus": lambda x, _: tf.math.softplus(x),
    "softsign": lambda x, _: tf.nn.softsign(x),
    "elu": lambda x, alpha: tf.nn.elu(x) if alpha == 1.0 else tf.where(x > 0, x, alpha * tf.math.expm1(x)),
    "selu": lambda x, _: tf.nn.selu(x),
    "gelu": lambda x, _: tf.nn.gelu(x, approximate=False),
    "gelu_tanh": lambda x, _: tf.nn.gelu(x, approximate=True),
    "silu": lambda x, _: x * tf.sigmoid(x),
    "mish": lambda x, _: x * tf.tanh(tf.math.softplus(x)),
    "hard_sigmoid": lambda x, _: tf.nn.relu6(x + 3.0) * (1 / 6),
    "hard_silu": lambda x, _: x * tf.nn.relu6(x + 3.0) * (1 / 6),
    "leaky_relu": tf.nn.leaky_relu,
}
UNARY: Mapping[str, Callable[[Any], Any]] = {
    "exp": tf.exp, "log": tf.math.log, "sqrt": tf.sqrt, "rsqrt": tf.math.rsqrt, "negative": tf.negative, "abs": tf.abs,
    "square": tf.square, "reciprocal": lambda x: 1.0 / x, "floor": tf.floor, "ceil": tf.math.ceil, "round": tf.round,
    "sign": tf.sign, "erf": tf.math.erf, "sin": tf.sin, "cos": tf.cos,
}  # fmt: skip
BINARY: Mapping[str, Callable[[Any, Any], Any]] = {
    "add": tf.add, "subtract": tf.subtract, "multiply": tf.multiply, "divide": tf.divide, "maximum": tf.maximum,
    "minimum": tf.minimum, "power": tf.pow, "squared_difference": tf.math.squared_difference,
}  # fmt: skip
LOGICAL: Mapping[str, Callable[[Any, Any], Any]] = {
    "less": tf.less, "less_equal": tf.less_equal, "greater": tf.greater, "greater_equal": tf.greater_equal,
    "equal": tf.equal, "and": tf.logical_and, "or": tf.logical_or,
}  # fmt: skip
REDUCED: Mapping[str, Callable[..., Any]] = {
    "mean": tf.reduce_mean, "max": tf.reduce_max, "min": tf.reduce_min, "sum": tf.reduce_sum, "prod": tf.reduce_prod,
}  # fmt: skip


def run(graph: Graph, inputs: Mapping[str, Any], hold: Callable[[str, Array], Any]) -> dict[str, Any]:
    """The outputs by their names, of tensors by theirs. `hold` makes a tensor of a constant, by its name."""
    values = dict(inputs)
    held = {name: hold(name, array) for name, array in graph.constants.items()}
    for node in graph.nodes:
        taken = [held[name] if name in held else values[name] for name in node.inputs]
        values[node.output] = _made(node, taken)
    return {name: held[name] if name in held else values[name] for name in graph.outputs}


def _made(node: Node, inputs: Sequence[Any]) -> Any:
    made = FUNCTIONS[type(node.operation)](node.operation, *inputs)
    return made if node.activation is None else activated(node.activation, made)


def activated(operation: Activation, x: Any) -> Any:
    return ACTIVATIONS[operation.kind](x, operation.alpha)


def _margined(x: Any, margins: Margins, value: float = 0.0) -> Any:
    if not any(map(any, margins)):
        return x
    return tf.pad(x, [(0, 0), *margins, (0, 0)], constant_values=value)


def _padding(x: Any, size: Sequence[int], operation: Any, dilations: Sequence[int]) -> str:
    """SAME where the margins are just these, else VALID on an image that has them already."""
    same = same_margins(x.shape[1:3], size, operation.strides, dilations)
    return "SAME" if operation.margins == same and any(map(any, same)) else "VALID"


def convolved(operation: Convolution, x: Any, kernel: Any, biases: Any = None) -> Any:
    padding = _padding(x, kernel.shape[:2], operation, operation.dilations)
    x = x if padding == "SAME" else _margined(x, operation.margins)
    made = _filtered(operation, x, kernel, padding)
    return made if biases is None else tf.nn.bias_add(made, biases)


def _filtered(operation: Convolution, x: Any, kernel: Any, padding: str) -> Any:
    strides, groups, channels = operation.strides, operation.groups, x.shape[3]
    # TensorFlow's depthwise convolution knows equal strides only.
    if groups == channels > 1 and strides[0] == strides[1]:
        depthwise = tf.reshape(kernel, (*kernel.shape[:2], channels, -1))
        return tf.nn.depthwise_conv2d(x, depthwise, (1, *strides, 1), padding, dilations=operation.dilations)
    if groups == 1:
        return tf.nn.conv2d(x, kernel, strides, padding, dilations=operation.dilations)
    # TensorFlow has no gradient and LiteRT no fast kernel for groups; both take the parts one by one.
    images, kernels = tf.split(x, groups, 3), tf.split(kernel, groups, 3)
    made = [
        tf.nn.conv2d(*each, strides, padding, dilations=operation.dilations)
        for each in zip(images, kernels, strict=True)
    ]
    return tf.concat(made, 3)


def spread(operation: TransposedConvolution, x: Any, kernel: Any, biases: Any = None) -> Any:
    """All that comes out, of which the margins are cut off."""
    size, filters, (top, left) = kernel.shape[:2], kernel.shape[2], (pair[0] for pair in operation.margins)
    whole = [
        (length - 1) * stride + window
        for length, stride, window in zip(x.shape[1:3], operation.strides, size, strict=True)
    ]
    made = tf.nn.conv2d_transpose(x, kernel, (x.shape[0], *whole, filters), operation.strides, "VALID")
    height, width = (length - sum(pair) for length, pair in zip(whole, operation.margins, strict=True))
    made = made if not any(map(any, operation.margins)) else made[:, top : top + height, left : left + width]
    return made if biases is None else tf.nn.bias_add(made, biases)


def dense(_: Dense, x: Any, weights: Any, biases: Any = None) -> Any:
    """Of rows: TensorFlow multiplies a batch of matrices by one otherwise much more slowly."""
    rows = x if len(x.shape) == 2 else tf.reshape(x, (-1, x.shape[-1]))
    made = tf.matmul(rows, weights)
    made = made if biases is None else tf.nn.bias_add(made, biases)
    return made if len(x.shape) == 2 else tf.reshape(made, (*x.shape[:-1], weights.shape[1]))


def batch_norm(operation: BatchNorm, x: Any, *arrays: Any) -> Any:
    scale, offset, mean, variance = arrays
    if len(x.shape) == 4:
        return tf.raw_ops.FusedBatchNormV3(
            x=x, scale=scale, offset=offset, mean=mean, variance=variance, epsilon=operation.epsilon, is_training=False
        )[0]
    return tf.nn.batch_normalization(x, mean, variance, offset, scale, operation.epsilon)


def layer_norm(operation: LayerNorm, x: Any, scale: Any, offset: Any) -> Any:
    centred = x - tf.reduce_mean(x, -1, keepdims=True)
    variance = tf.reduce_mean(tf.square(centred), -1, keepdims=True)
    return centred * tf.math.rsqrt(variance + operation.epsilon) * scale + offset


def pooled(operation: Pool, x: Any) -> Any:
    padding = _padding(x, operation.size, operation, (1, 1))
    if operation.kind == "max":
        x = x if padding == "SAME" else _margined(x, operation.margins, x.dtype.min)
        return tf.nn.max_pool2d(x, operation.size, operation.strides, padding)
    if padding == "SAME" and not operation.margin_counts:
        return tf.nn.avg_pool2d(x, operation.size, operation.strides, "SAME")
    made = tf.nn.avg_pool2d(_margined(x, operation.margins), operation.size, operation.strides, "VALID")
    return (
        made if operation.margin_counts or not any(map(any, operation.margins)) else made * _shares(operation, x.shape)
    )


def _shares(operation: Pool, shape: Sequence[int]) -> Array:
    """By how much an average is too small where a part of its window is margin: (1, height', width', 1)."""
    down, across = (_covered(operation, axis, shape[axis + 1]) for axis in (0, 1))
    counts = down[:, None] * across[None, :]
    return (np.prod(operation.size) / counts).astype(np.float32)[None, :, :, None]


def _covered(operation: Pool, axis: int, length: int) -> Array:
    """How much of each window lies on the image, along one axis."""
    size, stride, (before, after) = operation.size[axis], operation.strides[axis], operation.margins[axis]
    starts = np.arange(0, length + before + after - size + 1, stride) - before
    return np.minimum(starts + size, length) - np.maximum(starts, 0)


def prelu(_: PRelu, x: Any, slopes: Any) -> Any:
    """In the form that LiteRT's converter knows."""
    return tf.nn.relu(x) + -slopes * tf.nn.relu(-x)


def clipped(operation: Clip, x: Any) -> Any:
    x = x if np.isneginf(operation.low) else tf.maximum(x, operation.low)
    return x if np.isposinf(operation.high) else tf.minimum(x, operation.high)


def padded(operation: Pad, x: Any) -> Any:
    if operation.mode != "edge":
        return tf.pad(x, operation.margins, operation.mode.upper(), operation.value)
    for axis, (before, after) in enumerate(operation.margins):
        if before or after:
            length = x.shape[axis]
            x = tf.gather(x, np.clip(np.arange(-before, length + after), 0, length - 1), axis=axis)
    return x


def resized(operation: Resize, x: Any) -> Any:
    function = tf.raw_ops.ResizeNearestNeighbor if operation.method == "nearest" else tf.raw_ops.ResizeBilinear
    # TensorFlow takes one of the two at most.
    half = operation.half_pixel and not operation.align_corners
    return function(images=x, size=operation.size, align_corners=operation.align_corners, half_pixel_centers=half)


def reduced(operation: Reduce, x: Any) -> Any:
    return REDUCED[operation.kind](x, operation.axes, keepdims=operation.keep)


def product(operation: MatMul, a: Any, b: Any) -> Any:
    return tf.matmul(a, b, transpose_a=operation.transpose_a, transpose_b=operation.transpose_b)


FUNCTIONS: Mapping[type, Callable[..., Any]] = {
    Convolution: convolved, TransposedConvolution: spread, Dense: dense, MatMul: product, BatchNorm: batch_norm,
    LayerNorm: layer_norm, Pool: pooled, Reduce: reduced, Activation: activated, PRelu: prelu, Clip: clipped,
    Pad: padded, Resize: resized, **RECURRENT,
    Softmax: lambda operation, x: tf.nn.softmax(x, operation.axis),
    Unary: lambda operation, x: UNARY[operation.kind](x),
    Binary: lambda operation, a, b: BINARY[operation.kind](a, b),
    Logical: lambda operation, a, b: LOGICAL[operation.kind](a, b),
    Select: lambda _, condition, a, b: tf.where(condition, a, b),
    Concat: lambda operation, *tensors: tf.concat(tensors, operation.axis),
    Reshape: lambda operation, x: tf.reshape(x, operation.shape),
    Transpose: lambda operation, x: tf.transpose(x, operation.permutation),
    Slice: lambda operation, x: tf.strided_slice(x, operation.starts, operation.ends, operation.steps),
    Gather: lambda operation, x, indices: tf.gather(x, indices, axis=operation.axis),
    Cast: lambda operation, x: tf.cast(x, operation.dtype),
}  # fmt: skip
