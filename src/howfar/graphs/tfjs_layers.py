"""TensorFlow.js's layers: each neutral operation as one or several of them, in the words of Keras 2."""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from howfar.graphs import tfjs_numbers
from howfar.graphs.building import same_margins
from howfar.graphs.graph import (
    BatchNorm,
    Cast,
    Concat,
    Convolution,
    Dense,
    Gather,
    Gru,
    LayerNorm,
    Lstm,
    MatMul,
    Node,
    Pad,
    Pool,
    Reduce,
    Reshape,
    Resize,
    Slice,
    Transpose,
    TransposedConvolution,
)
from howfar.graphs.tfjs_numbers import refuse
from howfar.graphs.tfjs_topology import ZEROS, Layers

FIRST = {"data_format": "channels_last"}


def _windows(m: Layers, node: Node, x: str, size: Sequence[int]) -> tuple[str, dict[str, Any]]:
    """What is gone over, with zeros at its edges where margins are neither none nor "same", and how."""
    operation: Any = node.operation
    dilations = getattr(operation, "dilations", (1, 1))
    same = same_margins(m.shapes[x][1:3], size[:2], operation.strides, dilations) == operation.margins
    if any(map(sum, operation.margins)) and not same:
        x = m.add("ZeroPadding2D", [x], {"padding": [list(pair) for pair in operation.margins], **FIRST})
        same = False
    padding = "same" if same and any(map(sum, operation.margins)) else "valid"
    return x, {"strides": list(operation.strides), "padding": padding, **FIRST}


def _within(node: Node) -> str:
    """The activation that a layer has in it."""
    return node.activation.kind if node.activation else "linear"


def _convolution(m: Layers, node: Node) -> str:
    operation: Any = node.operation
    kernel = m.constant(node.inputs[1])
    x, config = _windows(m, node, node.inputs[0], kernel.shape)
    config |= {"kernel_size": list(kernel.shape[:2]), "dilation_rate": list(operation.dilations)}
    config |= {"use_bias": len(node.inputs) == 3, "bias_initializer": ZEROS, "activation": _within(node)}
    biases = {"bias": m.constant(node.inputs[2])} if len(node.inputs) == 3 else {}
    if operation.groups == 1:
        config |= {"filters": kernel.shape[3], "kernel_initializer": ZEROS}
        return m.add("Conv2D", [x], config, {"kernel": kernel, **biases})
    channels = m.shapes[node.inputs[0]][3]
    if operation.groups != channels:
        refuse(node, f"of {operation.groups} groups")
    multiplier = kernel.shape[3] // channels
    config |= {"depth_multiplier": multiplier, "depthwise_initializer": ZEROS}
    by_channel = kernel.reshape(*kernel.shape[:2], channels, multiplier)
    return m.add("DepthwiseConv2D", [x], config, {"depthwise_kernel": by_channel, **biases})


def _transposed(m: Layers, node: Node) -> str:
    operation: Any = node.operation
    kernel = m.constant(node.inputs[1])
    if any(size < stride for size, stride in zip(kernel.shape[:2], operation.strides, strict=True)):
        refuse(node, "with strides that are longer than its kernel")
    config = {"filters": kernel.shape[2], "kernel_size": list(kernel.shape[:2]), "strides": list(operation.strides)}
    config |= {"padding": "same" if any(map(sum, operation.margins)) else "valid", "use_bias": False, **FIRST}
    return m.add("Conv2DTranspose", [node.inputs[0]], config | {"kernel_initializer": ZEROS}, {"kernel": kernel})


def _dense(m: Layers, node: Node) -> str:
    weights = {"kernel": m.constant(node.inputs[1])}
    if len(node.inputs) == 3:
        weights["bias"] = m.constant(node.inputs[2])
    config = {"units": weights["kernel"].shape[1], "use_bias": len(node.inputs) == 3, "activation": _within(node)}
    return m.add("Dense", [node.inputs[0]], config | {"kernel_initializer": ZEROS, "bias_initializer": ZEROS}, weights)


def _matmul(m: Layers, node: Node) -> str:
    operation: Any = node.operation
    if any(len(m.shapes[name]) != 3 or name in m.constants for name in node.inputs):
        refuse(node, "of other tensors than (samples, rows, columns)")
    axes = [1 if operation.transpose_a else 2, 2 if operation.transpose_b else 1]
    return m.add("Dot", node.inputs, {"axes": axes, "normalize": False})


def _batch_norm(m: Layers, node: Node) -> str:
    operation: Any = node.operation
    parts = (m.constant(name) for name in node.inputs[1:])
    weights = dict(zip(("gamma", "beta", "moving_mean", "moving_variance"), parts, strict=True))
    return m.add("BatchNormalization", [node.inputs[0]], {"axis": -1, "epsilon": operation.epsilon}, weights)


def _layer_norm(m: Layers, node: Node) -> str:
    operation: Any = node.operation
    weights = dict(zip(("gamma", "beta"), (m.constant(name) for name in node.inputs[1:]), strict=True))
    return m.add("LayerNormalization", [node.inputs[0]], {"axis": [-1], "epsilon": operation.epsilon}, weights)


def _pool(m: Layers, node: Node) -> str:
    pool: Any = node.operation
    (image,) = node.inputs
    x, config = _windows(m, node, image, pool.size)
    if x != image and not (m.never_negative(image) if pool.kind == "max" else pool.margin_counts):
        refuse(node, f"with margins {pool.margins}")
    kind = "MaxPooling2D" if pool.kind == "max" else "AveragePooling2D"
    return m.add(kind, [x], config | {"pool_size": list(pool.size)})


def _reduce(m: Layers, node: Node) -> str:
    reduce: Any = node.operation
    shape = m.shapes[node.inputs[0]]
    if (
        reduce.axes not in ((1,), (1, 2))
        or len(shape) != len(reduce.axes) + 2
        or reduce.kind not in ("mean", "max", "sum")
    ):
        refuse(node, f"{reduce.kind} over axes {reduce.axes}")
    kind = f"Global{'Max' if reduce.kind == 'max' else 'Average'}Pooling{len(reduce.axes)}D"
    made = m.add(kind, node.inputs, FIRST if len(reduce.axes) == 2 else {})
    if reduce.kind == "sum":
        made = m.rescaled(made, prod(shape[axis] for axis in reduce.axes))
    return m.reshaped(made, m.shapes[node.output]) if reduce.keep else made


def _concat(m: Layers, node: Node) -> str:
    operation: Any = node.operation
    axis: int = operation.axis
    if axis == 0 or any(name in m.constants for name in node.inputs):
        refuse(node, "of samples, or of constants")
    return m.add("Concatenate", node.inputs, {"axis": axis})


def _reshape(m: Layers, node: Node) -> str:
    if m.shapes[node.inputs[0]][:1] != m.shapes[node.output][:1]:
        refuse(node, "of samples")
    return m.reshaped(node.inputs[0], m.shapes[node.output])


def _transpose(m: Layers, node: Node) -> str:
    operation: Any = node.operation
    permutation = operation.permutation
    if permutation[0] != 0:
        refuse(node, "of samples")
    return m.add("Permute", node.inputs, {"dims": list(permutation[1:])})


def _pad(m: Layers, node: Node) -> str:
    pad: Any = node.operation
    if pad.mode != "constant" or pad.value or any(pad.margins[0]):
        refuse(node, f"by other than zeros, or of samples ({pad.mode}, {pad.value:g})")
    return m.edged("ZeroPadding2D", "padding", node.inputs[0], pad.margins)


def _slice(m: Layers, node: Node) -> str:
    piece: Any = node.operation
    shape = m.shapes[node.inputs[0]]
    margins = [(start, length - end) for start, end, length in zip(piece.starts, piece.ends, shape, strict=True)]
    if any(step != 1 for step in piece.steps) or any(margins[0]):
        refuse(node, "in steps, or of samples")
    return m.edged("Cropping2D", "cropping", node.inputs[0], margins)


def _resize(m: Layers, node: Node) -> str:
    resize: Any = node.operation
    height, width = m.shapes[node.inputs[0]][1:3]
    whole = resize.size[0] % height == resize.size[1] % width == 0
    if not whole or resize.align_corners or (resize.half_pixel and resize.method == "bilinear"):
        refuse(node, f"{resize.method} to {resize.size}, by centres of pixels or not by whole factors")
    size = [resize.size[0] // height, resize.size[1] // width]
    return m.add("UpSampling2D", node.inputs, {"size": size, "interpolation": resize.method, **FIRST})


def _gather(m: Layers, node: Node) -> str:
    """An embedding; one row repeated."""
    operation: Any = node.operation
    axis: int = operation.axis
    x, indices = node.inputs
    if axis == 0 and x in m.constants and indices not in m.constants and m.constant(x).ndim == 2:
        rows, length = m.constant(x).shape
        config = {"input_dim": rows, "output_dim": length, "embeddings_initializer": ZEROS}
        return m.add("Embedding", [indices], config, {"embeddings": m.constant(x)})
    shape = m.shapes.get(x, ())
    one_row = axis == 1 and len(shape) == 3 and shape[1] == 1
    if not one_row or indices not in m.constants or m.constant(indices).any():
        refuse(node, f"along axis {axis}")
    return m.add("RepeatVector", [m.reshaped(x, (shape[0], shape[2]))], {"n": m.constant(indices).size})


def _cast(m: Layers, node: Node) -> str:
    """What an embedding takes is made whole by itself; nothing else is cast."""
    if any(not isinstance(user.operation, Gather) for user in m.users(node.output)):
        refuse(node, "for other than an embedding")
    return node.inputs[0]


def _lstm(m: Layers, node: Node) -> str:
    operation: Any = node.operation
    if operation.backwards and operation.sequences:
        refuse(node, "backwards with all of its steps")
    return m.add("LSTM", [node.inputs[0]], lstm_config(operation), lstm_weights(m, node))


def lstm_config(operation: Lstm) -> dict[str, Any]:
    """Its configuration."""
    gates = {"activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True, "unit_forget_bias": False}
    drawn = {f"{part}_initializer": ZEROS for part in ("kernel", "recurrent", "bias")}
    way = {"return_sequences": operation.sequences, "go_backwards": operation.backwards}
    return {"units": operation.units, **gates, **drawn, **way}


def lstm_weights(m: Layers, node: Node) -> dict[str, Any]:
    """Its three arrays."""
    return dict(zip(("kernel", "recurrent_kernel", "bias"), map(m.constant, node.inputs[1:]), strict=True))


def _gru(_: Layers, node: Node) -> str:
    refuse(node, "with the reset behind the recurrent product")


LAYERS: Mapping[type, Callable[[Layers, Node], str]] = {
    **tfjs_numbers.LAYERS,
    Convolution: _convolution,
    TransposedConvolution: _transposed,
    Dense: _dense,
    MatMul: _matmul,
    BatchNorm: _batch_norm,
    LayerNorm: _layer_norm,
    Pool: _pool,
    Reduce: _reduce,
    Concat: _concat,
    Reshape: _reshape,
    Transpose: _transpose,
    Pad: _pad,
    Slice: _slice,
    Resize: _resize,
    Gather: _gather,
    Cast: _cast,
    Lstm: _lstm,
    Gru: _gru,
}
