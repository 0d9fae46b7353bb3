"""Keras's layers that weigh nothing: activations, joining, shaping, and those that do nothing once trained."""

from collections.abc import Callable, Sequence
from math import inf
from typing import Any

import numpy as np

from howfar.graphs.graph import (
    Activation,
    Binary,
    BinaryName,
    Clip,
    Concat,
    Gather,
    MatMul,
    Pad,
    PRelu,
    Reshape,
    Resize,
    Slice,
    Softmax,
    Transpose,
)
from howfar.graphs.keras_building import Handler, KerasBuilder, refuse
from howfar.layers import Shape

# At inference these give what they take.
UNCHANGING = (
    "ActivityRegularization", "AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise", "Identity",
    "RandomBrightness", "RandomContrast", "RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom",
    "SpatialDropout1D", "SpatialDropout2D", "StochasticDepth",
)  # fmt: skip


def unchanged(_: KerasBuilder, __: Any, inputs: Sequence[str]) -> str:
    return inputs[0]


def activation(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    return b.activated(layer.activation, inputs[0], layer)


def relu(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    if layer.threshold:
        refuse(layer, f"has a threshold of {layer.threshold}; only 0 is read")
    return rectified(b, inputs[0], layer.negative_slope or 0.0, layer.max_value)


def rectified(b: KerasBuilder, x: str, slope: float, most: float | None) -> str:
    """x above 0 and up to `most`, slope * x below."""
    if not slope and most is not None:
        return b.add(Activation("relu6") if most == 6 else Clip(0.0, float(most)), x)
    x = b.add(Activation("leaky_relu", alpha=float(slope)) if slope else Activation("relu"), x)
    return x if most is None else b.add(Clip(-inf, float(most)), x)


def leaky_relu(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    return b.add(Activation("leaky_relu", alpha=float(layer.negative_slope)), inputs[0])


def elu(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    return b.add(Activation("elu", alpha=float(layer.alpha)), inputs[0])


def prelu(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    return b.add(PRelu(), inputs[0], b.weight(layer.alpha))


def softmax(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    if not isinstance(layer.axis, int):
        refuse(layer, "goes over several axes; one is read")
    return b.add(Softmax(layer.axis % len(b.shapes[inputs[0]])), inputs[0])


def _joining(kind: BinaryName, *, mean: bool = False) -> Handler:
    def join(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
        if len({len(b.shapes[x]) for x in inputs}) > 1:
            refuse(layer, "joins tensors of different ranks")
        made = inputs[0]
        for x in inputs[1:]:
            made = b.add(Binary(kind), made, x)
        return b.scalar("multiply", made, 1 / len(inputs)) if mean else made

    return join


def concatenate(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    return b.add(Concat(layer.axis % len(b.shapes[inputs[0]])), *inputs)


def dot(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    """The sum over one axis of each, sample by sample; a vector is a matrix of one row (the first) or column."""
    x, y = inputs
    ranks = len(b.shapes[x]), len(b.shapes[y])
    axes = [layer.axes] * 2 if isinstance(layer.axes, int) else list(layer.axes)
    if layer.normalize or max(ranks) > 3 or min(ranks) < 2:
        refuse(layer, "normalises, or takes tensors of more than two axes beside the batch")
    over = [axis % rank for axis, rank in zip(axes, ranks, strict=True)]
    samples = b.shapes[x][0]
    a, c = (b.reshape(name, (samples, -1, 1)) if len(b.shapes[name]) == 2 else name for name in (x, y))
    made = b.add(MatMul(transpose_a=over[0] == 1, transpose_b=over[1] == 2), a, c)
    kept = [length for name, axis in zip(inputs, over, strict=True) for length in _beside(b.shapes[name], axis)]
    return b.reshape(made, (samples, *kept) if kept else (samples, 1))


def _beside(shape: Shape, axis: int) -> list[int]:
    return [length for place, length in enumerate(shape) if place not in (0, axis)]


def reshape(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    return b.reshape(inputs[0], (b.shapes[inputs[0]][0], *layer.target_shape))


def flatten(b: KerasBuilder, _: Any, inputs: Sequence[str]) -> str:
    return b.reshape(inputs[0], (b.shapes[inputs[0]][0], -1))


def permute(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    return b.add(Transpose((0, *layer.dims)), inputs[0])


def repeat_vector(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    samples, features = b.shapes[inputs[0]]
    row = b.add(Reshape((samples, 1, features)), inputs[0])
    return b.add(Gather(1), row, b.constant(np.zeros(layer.n, np.int32), "indices"))


def _margins(b: KerasBuilder, margins: Any, x: str) -> tuple[tuple[int, int], ...]:
    """Before and after along every axis, from those of the image or of the steps."""
    inner = [tuple(margins)] if isinstance(margins[0], int) else [tuple(each) for each in margins]
    assert len(inner) == len(b.shapes[x]) - 2
    return ((0, 0), *((int(before), int(after)) for before, after in inner), (0, 0))


def zero_padding(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    return b.add(Pad(_margins(b, layer.padding, inputs[0])), inputs[0])


def cropping(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    margins, shape = _margins(b, layer.cropping, inputs[0]), b.shapes[inputs[0]]
    ends = tuple(length - after for length, (_, after) in zip(shape, margins, strict=True))
    return b.add(Slice(tuple(before for before, _ in margins), ends, (1,) * len(shape)), inputs[0])


def up_sampling(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    method: Any = getattr(layer, "interpolation", "nearest")
    if method not in ("nearest", "bilinear"):
        refuse(layer, f"resizes by the method {method}")
    shape = b.shapes[inputs[0]]
    image = b.reshape(inputs[0], (shape[0], 1, *shape[1:])) if len(shape) == 3 else inputs[0]
    by = (1, layer.size) if isinstance(layer.size, int) else tuple(layer.size)
    height, width = (length * times for length, times in zip(b.shapes[image][1:3], by, strict=True))
    made = b.add(Resize((height, width), method, half_pixel=method == "bilinear"), image)
    return b.reshape(made, (shape[0], width, shape[2])) if len(shape) == 3 else made


def resizing(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    cut = layer.crop_to_aspect_ratio or layer.pad_to_aspect_ratio or getattr(layer, "antialias", False)
    if cut or layer.interpolation not in ("nearest", "bilinear"):
        refuse(layer, "resizes by another method than nearest and bilinear, or keeps the ratio of the sides")
    return b.add(Resize((layer.height, layer.width), layer.interpolation), inputs[0])


JOINED: dict[str, Callable[..., Any]] = {
    "Add": _joining("add"),
    "Average": _joining("add", mean=True),
    "Multiply": _joining("multiply"),
    "Subtract": _joining("subtract"),
    "Maximum": _joining("maximum"),
    "Minimum": _joining("minimum"),
    "Concatenate": concatenate,
    "Dot": dot,
}
HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(UNCHANGING, unchanged),
    **JOINED,
    "Activation": activation,
    "ReLU": relu,
    "LeakyReLU": leaky_relu,
    "ELU": elu,
    "PReLU": prelu,
    "Softmax": softmax,
    "Reshape": reshape,
    "Flatten": flatten,
    "Permute": permute,
    "RepeatVector": repeat_vector,
    **dict.fromkeys(("ZeroPadding1D", "ZeroPadding2D"), zero_padding),
    **dict.fromkeys(("Cropping1D", "Cropping2D"), cropping),
    **dict.fromkeys(("UpSampling1D", "UpSampling2D"), up_sampling),
    "Resizing": resizing,
}
