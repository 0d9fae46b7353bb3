"""TensorFlow's operators on images. Kernels are (height, width, channels, filters), as in the graph."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from howfar.graphs import axes, windows
from howfar.graphs.building import same_margins
from howfar.graphs.drafting import Array, Draft, Operand, Order, Tensor
from howfar.graphs.graph import (
    Activation,
    Convolution,
    Margins,
    Pool,
    PRelu,
    Resize,
    TransposedConvolution,
    Unreadable,
)
from howfar.graphs.reading import Handler, Step

ACTIVATIONS = {
    "Relu": "relu", "Relu6": "relu6", "Elu": "elu", "Selu": "selu", "Sigmoid": "sigmoid", "Tanh": "tanh",
    "Softplus": "softplus", "Softsign": "softsign", "_FusedHardSwish": "hard_silu", "LeakyRelu": "leaky_relu",
}  # fmt: skip


def order_of(step: Step) -> Order:
    """Where the source has its axes."""
    name = step.attributes.get("data_format") or "NHWC"
    if name not in ("NHWC", "NCHW"):
        raise Unreadable(f"images as {name}")
    return axes.ascending(4) if name == "NHWC" else axes.CHANNELS_LAST


def _places(step: Step, name: str, order: Order) -> tuple[int, int]:
    """Along height and width, of an attribute that has a number for each axis."""
    four = step.attributes.get(name) or [1, 1, 1, 1]
    return four[order[1]], four[order[2]]


def _margins(step: Step, order: Order, lengths: Sequence[int], size: Sequence[int], stride: Sequence[int]) -> Margins:
    padding, dilations = step.attributes.get("padding"), _places(step, "dilations", order)
    if padding == "EXPLICIT":
        flat = step.attributes["explicit_paddings"]
        (top, bottom), (left, right) = (flat[2 * axis : 2 * axis + 2] for axis in order[1:3])
        return (top, bottom), (left, right)
    if padding not in ("SAME", "VALID"):
        raise Unreadable(f"padding {padding}")
    return same_margins(lengths, size, stride, dilations) if padding == "SAME" else ((0, 0), (0, 0))


def _lengths(draft: Draft, image: Operand, order: Order) -> tuple[int, ...]:
    shape = draft.shape(image)
    if len(shape) != 4:
        raise Unreadable(f"an image of {len(shape)} axes")
    return tuple(shape[axis] for axis in order[1:3])


def _convolved(draft: Draft, step: Step, kernel: Array, groups: int, biases: Sequence[Array] = ()) -> Tensor:
    order = order_of(step)
    size, strides = kernel.shape[:2], _places(step, "strides", order)
    margins = _margins(step, order, _lengths(draft, step[0], order), size, strides)
    operation = Convolution(strides, _places(step, "dilations", order), margins, groups)
    return windows.convolved(draft, step[0], [kernel, *biases], operation, order)


def _kernel(draft: Draft, step: Step, *, depthwise: bool) -> tuple[Array, int]:
    """As the graph has it, and the groups."""
    kernel, channels = step.known(1), draft.shape(step[0])[order_of(step)[3]]
    if depthwise:
        return kernel.reshape(*kernel.shape[:2], 1, -1), channels
    return kernel, channels // kernel.shape[2]


def _convolution(*, depthwise: bool) -> Handler:
    def handle(draft: Draft, step: Step) -> Operand:
        return _convolved(draft, step, *_kernel(draft, step, depthwise=depthwise))

    return handle


def _fused_convolution(*, depthwise: bool) -> Handler:
    def handle(draft: Draft, step: Step) -> Operand:
        kernel, groups = _kernel(draft, step, depthwise=depthwise)
        fused = list(step.attributes.get("fused_ops") or [])
        biases = [step.known(2).reshape(-1)] if fused[:1] == ["BiasAdd"] else []
        made = _convolved(draft, step, kernel, groups, biases)
        return followed(draft, step, made, fused, 2)

    return handle


def followed(draft: Draft, step: Step, made: Tensor, fused: Sequence[str], place: int) -> Tensor:
    """What is fused behind an operation; a bias is there already. `place`: that of the first argument of these."""
    for name in fused:
        if name == "BiasAdd":
            place += 1
        elif name == "FusedBatchNorm":
            arrays = [step.known(i) for i in range(place, place + 4)]
            epsilon = step.attributes.get("epsilon", 1e-4)
            made, place = windows.batch_norm(draft, made, arrays, epsilon, made.order[-1]), place + 4
        elif name == "Prelu":
            made, place = prelu(draft, made, step.known(place)), place + 1
        else:
            made = draft.unary(activation(name, step.attributes), made)
    return made


def activation(name: str, attributes: Mapping[str, Any]) -> Activation:
    """By TensorFlow's name."""
    if name not in ACTIVATIONS:
        raise Unreadable(f"the activation {name}")
    slope = attributes.get("alpha", attributes.get("leakyrelu_alpha", 0.2)) if name == "LeakyRelu" else 1.0
    return Activation(ACTIVATIONS[name], slope)  # type: ignore[arg-type]


def prelu(draft: Draft, operand: Operand, slopes: Array) -> Tensor:
    """Slopes that broadcast to x by the source's axes."""
    tensor = draft.tensor(operand)
    tensor = draft.plain(tensor) if tensor.image else tensor
    return draft.add(PRelu(), tensor.name, draft.spread(slopes, tensor.order), order=tensor.order)


def bias_add(draft: Draft, step: Step) -> Operand:
    biases = step[1]
    rank = draft.rank(step[0])
    if step.attributes.get("data_format") == "NCHW" and rank > 2:
        biases = step.known(1).reshape((-1,) + (1,) * (rank - 2))
    return draft.binary("add", step[0], biases)


def transposed_convolution(draft: Draft, step: Step) -> Operand:
    """(size of the result, kernel, image)."""
    order, kernel, image = order_of(step), step.known(1), step[2]
    sizes = step.integers(0)
    ends = [sizes[axis] for axis in order[1:3]] if len(sizes) == 4 else sizes
    strides = _places(step, "strides", order)
    if _places(step, "dilations", order) != (1, 1):
        raise Unreadable("a transposed convolution with dilations")
    lengths = _lengths(draft, image, order)
    cut = [
        stride * (length - 1) + size - end
        for stride, length, size, end in zip(strides, lengths, kernel.shape[:2], ends, strict=True)
    ]
    if min(cut) < 0:
        raise Unreadable("more comes out than the kernel reaches")
    down, across = ((each // 2, each - each // 2) for each in cut)
    return windows.spread_over(draft, image, [kernel], TransposedConvolution(strides, (down, across)), order)


def _pool(kind: Literal["max", "average"]) -> Handler:
    def handle(draft: Draft, step: Step) -> Operand:
        order = order_of(step)
        size, strides = _places(step, "ksize", order), _places(step, "strides", order)
        margins = _margins(step, order, _lengths(draft, step[0], order), size, strides)
        return windows.pooled(draft, step[0], Pool(kind, size, strides, margins), order)

    return handle


def batch_norm(draft: Draft, step: Step) -> Operand:
    if step.attributes.get("is_training", True):
        raise Unreadable("batch normalization as in training")
    arrays = [step.known(place) for place in range(1, 5)]
    return windows.batch_norm(draft, step[0], arrays, step.attributes.get("epsilon", 1e-4), order_of(step)[3])


def resize_bilinear(draft: Draft, step: Step) -> Operand:
    height, width = step.integers(1)
    half, corners = (bool(step.attributes.get(name)) for name in ("half_pixel_centers", "align_corners"))
    return windows.resized(draft, step[0], Resize((height, width), "bilinear", half, corners), axes.ascending(4))


def resize_nearest(draft: Draft, step: Step) -> Operand:
    half, corners = (bool(step.attributes.get(name)) for name in ("half_pixel_centers", "align_corners"))
    ends = zip(draft.shape(step[0])[1:3], step.integers(1), strict=True)
    places = [_nearest(length, count, half, corners) for length, count in ends]
    return windows.nearest(draft, step[0], places, axes.ascending(4))


def _nearest(length: int, count: int, half: bool, corners: bool) -> Array:
    i = np.arange(count)
    if corners and count > 1:
        return np.floor(i * (length - 1) / (count - 1) + 0.5).astype(np.int64)
    return np.minimum(np.floor((i + 0.5 * half) * length / count + 1e-9), length - 1).astype(np.int64)


def response_norm(draft: Draft, step: Step) -> Operand:
    numbers = step.attributes
    size = 2 * numbers.get("depth_radius", 5) + 1
    scale, bias, power = numbers.get("alpha", 1.0) * size, numbers.get("bias", 1.0), numbers.get("beta", 0.5)
    image = draft.transpose(draft.tensor(step[0]), (0, 3, 1, 2))
    return draft.transpose(windows.response_norm(draft, image, size, scale, bias, power), (0, 2, 3, 1))


def depth_to_space(draft: Draft, step: Step) -> Operand:
    n, height, width, channels = draft.shape(step[0])
    block = step.attributes["block_size"]
    left = channels // block**2
    parts = draft.reshape(draft.tensor(step[0]), (n, height, width, block, block, left))
    return draft.reshape(draft.transpose(parts, (0, 1, 3, 2, 4, 5)), (n, height * block, width * block, left))


def space_to_depth(draft: Draft, step: Step) -> Operand:
    n, height, width, channels = draft.shape(step[0])
    block = step.attributes["block_size"]
    parts = draft.reshape(draft.tensor(step[0]), (n, height // block, block, width // block, block, channels))
    moved = draft.transpose(parts, (0, 1, 3, 2, 4, 5))
    return draft.reshape(moved, (n, height // block, width // block, channels * block**2))


HANDLERS: Mapping[str, Handler] = {
    "Conv2D": _convolution(depthwise=False), "DepthwiseConv2dNative": _convolution(depthwise=True),
    "_FusedConv2D": _fused_convolution(depthwise=False),
    "FusedDepthwiseConv2dNative": _fused_convolution(depthwise=True),
    "_FusedDepthwiseConv2dNative": _fused_convolution(depthwise=True),
    "Conv2DBackpropInput": transposed_convolution, "BiasAdd": bias_add, "MaxPool": _pool("max"),
    "AvgPool": _pool("average"), "FusedBatchNorm": batch_norm, "FusedBatchNormV2": batch_norm,
    "FusedBatchNormV3": batch_norm, "ResizeBilinear": resize_bilinear, "ResizeNearestNeighbor": resize_nearest,
    "LRN": response_norm, "DepthToSpace": depth_to_space, "SpaceToDepth": space_to_depth,
}  # fmt: skip
