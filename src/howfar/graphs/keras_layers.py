"""Keras's layers that weigh, pool and normalise, one function a kind."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from howfar.graphs.building import Array, same_margins
from howfar.graphs.graph import (
    BatchNorm,
    Binary,
    Cast,
    Convolution,
    Dense,
    Gather,
    LayerNorm,
    Margins,
    Pad,
    Pool,
    Reduce,
    TransposedConvolution,
)
from howfar.graphs.keras_building import Handler, KerasBuilder, numbers, refuse
from howfar.layers import Shape

NONE: Margins = ((0, 0), (0, 0))


def _pair(numbers_of: Sequence[int]) -> tuple[int, int]:
    """Height and width; what goes along steps alone is an image of height 1."""
    return (1, numbers_of[0]) if len(numbers_of) == 1 else (numbers_of[0], numbers_of[1])


def _as_image(b: KerasBuilder, x: str) -> str:
    shape = b.shapes[x]
    return b.reshape(x, (shape[0], 1, *shape[1:])) if len(shape) == 3 else x


def _as_before(b: KerasBuilder, image: str, x: str) -> str:
    shape = b.shapes[image]
    return b.reshape(image, (shape[0], *shape[2:])) if len(b.shapes[x]) == 3 else image


def _margins(layer: Any, image: Shape, size: tuple[int, int], dilations: tuple[int, int] = (1, 1)) -> Margins:
    strides = _pair(layer.strides)
    if layer.padding == "same":
        return same_margins(image[1:3], size, strides, dilations)
    if layer.padding == "causal":
        return (0, 0), ((size[1] - 1) * dilations[1], 0)
    return NONE


def _convolve(b: KerasBuilder, layer: Any, image: str, weights: Sequence[str], *, groups: int) -> str:
    kernel, dilations = b.shapes[weights[0]], _pair(layer.dilation_rate)
    margins = _margins(layer, b.shapes[image], (kernel[0], kernel[1]), dilations)
    return b.add(Convolution(_pair(layer.strides), dilations, margins, groups), image, *weights)


def _kernel_shape(kernel: Any, depthwise: bool = False) -> Shape:
    """Height and width before the channels; a depthwise kernel's (channels, multiplier) become filters."""
    shape = tuple(kernel.shape)
    image = (1, *shape) if len(shape) == 3 else shape
    return (*image[:2], 1, image[2] * image[3]) if depthwise else image


def _biases(b: KerasBuilder, layer: Any) -> list[str]:
    return [b.weight(layer.bias)] if layer.use_bias else []


def convolution(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    (x,) = inputs
    kernel = b.weight(layer.kernel, _kernel_shape(layer.kernel))
    made = _convolve(b, layer, _as_image(b, x), [kernel, *_biases(b, layer)], groups=layer.groups)
    return b.activated(layer.activation, _as_before(b, made, x), layer)


def depthwise(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    (x,) = inputs
    kernel = b.weight(layer.kernel, _kernel_shape(layer.kernel, depthwise=True))
    made = _convolve(b, layer, _as_image(b, x), [kernel, *_biases(b, layer)], groups=b.shapes[x][-1])
    return b.activated(layer.activation, _as_before(b, made, x), layer)


def separable(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    (x,) = inputs
    image = _as_image(b, x)
    kernel = b.weight(layer.depthwise_kernel, _kernel_shape(layer.depthwise_kernel, depthwise=True))
    apart = _convolve(b, layer, image, [kernel], groups=b.shapes[x][-1])
    mixing = b.weight(layer.pointwise_kernel, _kernel_shape(layer.pointwise_kernel))
    made = b.add(Convolution(), apart, mixing, *_biases(b, layer))
    return b.activated(layer.activation, _as_before(b, made, x), layer)


def transposed(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    if layer.output_padding is not None or any(rate != 1 for rate in layer.dilation_rate):
        refuse(layer, "has an output padding or a dilation, which is not read of a transposed convolution")
    (x,) = inputs
    kernel, strides = b.weight(layer.kernel, _kernel_shape(layer.kernel)), _pair(layer.strides)
    cuts = [_cut(layer.padding, size, stride) for size, stride in zip(b.shapes[kernel][:2], strides, strict=True)]
    cut: Margins = ((cuts[0][0], max(cuts[0][1], 0)), (cuts[1][0], max(cuts[1][1], 0)))
    made = b.add(TransposedConvolution(strides, cut), _as_image(b, x), kernel)
    beyond = [max(-after, 0) for _, after in cuts]
    if any(beyond):
        made = b.add(Pad(((0, 0), (0, beyond[0]), (0, beyond[1]), (0, 0))), made)
    for biases in _biases(b, layer):
        made = b.add(Binary("add"), made, biases)
    return b.activated(layer.activation, _as_before(b, made, x), layer)


def _cut(padding: str, size: int, stride: int) -> tuple[int, int]:
    """What is cut off before and after; below 0 there is more: a stride that is longer than the kernel leaves room."""
    excess = size - stride
    return (excess // 2, excess - excess // 2) if padding == "same" and excess > 0 else (0, min(excess, 0))


def dense(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    made = b.add(Dense(), inputs[0], b.weight(layer.kernel), *_biases(b, layer))
    return b.activated(layer.activation, made, layer)


def embedding(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    if layer.mask_zero:
        refuse(layer, "masks steps, which is not read")
    return b.add(Gather(0), b.weight(layer.embeddings), b.add(Cast("int32"), inputs[0]))


def pool(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    (x,) = inputs
    image, size = _as_image(b, x), _pair(layer.pool_size)
    kind: Literal["max", "average"] = "max" if type(layer).__name__.startswith("Max") else "average"
    margins = _margins(layer, b.shapes[image], size)
    return _as_before(b, b.add(Pool(kind, size, _pair(layer.strides), margins), image), x)


def global_pool(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    axes = tuple(range(1, len(b.shapes[inputs[0]]) - 1))
    kind: Literal["max", "mean"] = "max" if "Max" in type(layer).__name__ else "mean"
    return b.add(Reduce(kind, axes, layer.keepdims), inputs[0])


def batch_norm(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    (x,) = inputs
    shape = b.shapes[x]
    if layer.axis not in (-1, len(shape) - 1):
        refuse(layer, f"normalises along axis {layer.axis}; only the last is read")
    scale, offset = b.weight_or(layer.gamma, 1.0, shape[-1:]), b.weight_or(layer.beta, 0.0, shape[-1:])
    moving = b.weight(layer.moving_mean), b.weight(layer.moving_variance)
    return b.add(BatchNorm(layer.epsilon), x, scale, offset, *moving)


def layer_norm(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    (x,) = inputs
    shape = b.shapes[x]
    axes = [layer.axis] if isinstance(layer.axis, int) else list(layer.axis)
    if axes not in ([-1], [len(shape) - 1]) or getattr(layer, "rms_scaling", False):
        refuse(layer, f"normalises along axes {axes}, or by the root of the squares alone; only the last axis is read")
    scale, offset = b.weight_or(layer.gamma, 1.0, shape[-1:]), b.weight_or(layer.beta, 0.0, shape[-1:])
    return b.add(LayerNorm(layer.epsilon), x, scale, offset)


def normalization(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    """What it learnt of its data: a mean and a variance, along the last axis or any others."""
    (x,) = inputs
    mean, deviation = numbers(layer.mean), np.maximum(np.sqrt(numbers(layer.variance)), np.float32(1e-7))
    channels = b.shapes[x][-1:]
    if layer.invert:
        return _twice(b, x, ("multiply", deviation), ("add", mean))
    if mean.size == 1 or (mean.shape[-1:] == channels and mean.size == channels[0]):
        apart = [
            b.constant(_along(values, channels), name) for values, name in ((mean, "mean"), (deviation**2, "variance"))
        ]
        return b.add(BatchNorm(0.0), x, b.filled(1.0, channels), b.filled(0.0, channels), *apart)
    return _twice(b, x, ("subtract", mean), ("divide", deviation))


def _along(values: Array, channels: Shape) -> Array:
    return np.broadcast_to(values.reshape(-1), channels)


def _twice(b: KerasBuilder, x: str, first: tuple[Any, Array], second: tuple[Any, Array]) -> str:
    for kind, values in (first, second):
        x = b.add(Binary(kind), x, b.constant(values))
    return x


def rescaling(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    scale, offset = (np.asarray(numbers(value), np.float32) for value in (layer.scale, layer.offset))
    return _twice(b, inputs[0], ("multiply", scale), ("add", offset))


def layer_scale(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    """Of ConvNeXt: one factor a channel."""
    return b.add(Binary("multiply"), inputs[0], b.weight(layer.gamma))


def scaled_sum(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    """Of InceptionResNetV2: a tensor and so many of another."""
    x, y = inputs
    return b.add(Binary("add"), x, b.scalar("multiply", y, float(layer.scale)))


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("Conv1D", "Conv2D"), convolution),
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D"), depthwise),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"), separable),
    **dict.fromkeys(("Conv1DTranspose", "Conv2DTranspose"), transposed),
    **dict.fromkeys(("MaxPooling1D", "MaxPooling2D", "AveragePooling1D", "AveragePooling2D"), pool),
    **dict.fromkeys(
        ("GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalAveragePooling1D", "GlobalAveragePooling2D"), global_pool
    ),
    "Dense": dense,
    "Embedding": embedding,
    "BatchNormalization": batch_norm,
    "LayerNormalization": layer_norm,
    "Normalization": normalization,
    "Rescaling": rescaling,
    "LayerScale": layer_scale,
    "CustomScaleLayer": scaled_sum,
}
