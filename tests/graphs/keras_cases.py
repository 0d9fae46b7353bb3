"""Small Keras models, one for every kind of layer and operation that is read, and how they get weights."""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

Case = tuple[tuple[tuple[int, ...], ...], Callable[..., Any]]
IMAGE, SERIES, ROW = (7, 8, 4), (6, 5), (5,)


def one(shape: tuple[int, ...], make: Callable[[Any], Any]) -> Case:
    """One layer on one input: `make` gets keras.layers."""
    return (shape,), lambda k, x: make(k.layers)(x)


def _active(kind: str) -> Case:
    return one(SERIES, lambda k: k.Activation(kind))


def keras_own(module: str, name: str) -> Any:
    """A layer that Keras keeps for one of its applications."""
    return getattr(import_module(f"keras.src.applications.{module}"), name)


def _shared(k: Any, x: Any, y: Any) -> Any:
    layer = k.layers.Dense(4, activation="relu")
    return layer(x) - layer(y)


def _nested(k: Any, x: Any) -> Any:
    inner = k.Sequential([k.Input((5,)), k.layers.Dense(4, activation="tanh"), k.layers.Dropout(0.5)])
    entry = k.Input((5,))
    outer = k.Model(entry, [inner(entry), k.layers.Dense(4)(entry)])
    return k.layers.Concatenate()([*outer(x), inner(x)])


def _mobile(k: Any, x: Any) -> Any:
    """An inverted residual with squeeze and excite, as MobileNetV3 and EfficientNet have them."""
    layers = k.layers
    y = layers.Conv2D(8, 1, use_bias=False)(x)
    y = layers.Activation("hard_silu")(layers.BatchNormalization()(y))
    y = layers.DepthwiseConv2D(3, padding="valid", use_bias=False)(layers.ZeroPadding2D(1)(y))
    y = layers.ReLU(6.0)(layers.BatchNormalization(scale=False)(y))
    s = layers.GlobalAveragePooling2D(keepdims=True)(y)
    s = layers.Conv2D(4, 1, activation="relu")(s)
    s = layers.ReLU(6.0)(layers.Conv2D(8, 1)(s) + 3.0) * (1 / 6)
    y = layers.Multiply()([y, s])
    y = layers.BatchNormalization()(layers.Conv2D(4, 1, use_bias=False)(y))
    y = layers.Add()([x, y])
    return layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling2D()(y))


def _dense_net(k: Any, x: Any) -> Any:
    layers = k.layers
    y = layers.ReLU()(layers.BatchNormalization()(layers.Rescaling(1 / 255)(x)))
    y = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(y))
    z = layers.Conv2D(4, 3, padding="same")(layers.ReLU()(layers.BatchNormalization()(y)))
    y = layers.AveragePooling2D(2, padding="same")(layers.Concatenate()([y, z]))
    return layers.Dense(3)(layers.Dense(6, activation="relu")(layers.Flatten()(y)))


def _convnext(k: Any, x: Any) -> Any:
    layers = k.layers
    y = layers.LayerNormalization(epsilon=1e-6)(layers.DepthwiseConv2D(3, padding="same")(x))
    y = layers.Dense(4)(layers.Activation("gelu")(layers.Dense(8)(y)))
    return layers.Add()([x, y])


def _attention(k: Any, x: Any) -> Any:
    return k.layers.MultiHeadAttention(2, 3)(x, x)


ACTIVATIONS = (
    "relu", "relu6", "sigmoid", "tanh", "softplus", "softsign", "elu", "selu", "gelu", "silu", "mish", "hard_sigmoid",
    "hard_silu", "leaky_relu", "softmax", "exponential", "linear", "log_sigmoid", "hard_tanh",
)  # fmt: skip

CASES: Mapping[str, Case] = {
    "conv2d": one(IMAGE, lambda k: k.Conv2D(6, (3, 2), padding="same", activation="relu")),
    "conv2d strides": one(IMAGE, lambda k: k.Conv2D(6, 3, strides=2, padding="same", use_bias=False)),
    "conv2d dilated": one(IMAGE, lambda k: k.Conv2D(6, 3, dilation_rate=2, padding="same")),
    "conv2d groups": one(IMAGE, lambda k: k.Conv2D(6, 3, groups=2, activation="relu6")),
    "conv2d by channel": one(IMAGE, lambda k: k.Conv2D(8, 3, groups=4)),
    "conv1d": one(SERIES, lambda k: k.Conv1D(4, 3, strides=2, padding="same", activation="tanh")),
    "conv1d causal": one(SERIES, lambda k: k.Conv1D(4, 3, padding="causal", dilation_rate=2)),
    "depthwise": one(IMAGE, lambda k: k.DepthwiseConv2D(3, strides=2, depth_multiplier=2, padding="same")),
    "separable": one(IMAGE, lambda k: k.SeparableConv2D(6, 3, padding="same", activation="relu")),
    "separable 1d": one(SERIES, lambda k: k.SeparableConv1D(6, 3)),
    "transposed": one(IMAGE, lambda k: k.Conv2DTranspose(3, 3, strides=2, padding="same", activation="relu")),
    "transposed valid": one(IMAGE, lambda k: k.Conv2DTranspose(3, 4, strides=2)),
    "transposed gaps": one(IMAGE, lambda k: k.Conv2DTranspose(3, 2, strides=3, padding="valid")),
    "transposed 4 by 2": one(IMAGE, lambda k: k.Conv2DTranspose(3, 4, strides=2, padding="same", use_bias=False)),
    "dense": one(ROW, lambda k: k.Dense(4, activation="sigmoid")),
    "dense series": one(SERIES, lambda k: k.Dense(4, use_bias=False)),
    "dense image": one(IMAGE, lambda k: k.Dense(4, activation="relu")),
    "batch norm": one(IMAGE, lambda k: k.BatchNormalization()),
    "batch norm row": one(ROW, lambda k: k.BatchNormalization(center=False, scale=False)),
    "layer norm": one(IMAGE, lambda k: k.LayerNormalization()),
    "layer norm row": one(ROW, lambda k: k.LayerNormalization(scale=False)),
    "max pool": one(IMAGE, lambda k: k.MaxPooling2D(3, strides=2, padding="same")),
    "average pool": one(IMAGE, lambda k: k.AveragePooling2D(3, strides=2, padding="same")),
    "max pool 1d": one(SERIES, lambda k: k.MaxPooling1D(2)),
    "average pool 1d": one(SERIES, lambda k: k.AveragePooling1D(3, strides=1, padding="same")),
    "global average": one(IMAGE, lambda k: k.GlobalAveragePooling2D(keepdims=True)),
    "global max": one(IMAGE, lambda k: k.GlobalMaxPooling2D()),
    "global average 1d": one(SERIES, lambda k: k.GlobalAveragePooling1D()),
    "zero padding": one(IMAGE, lambda k: k.ZeroPadding2D(((1, 2), (0, 3)))),
    "zero padding 1d": one(SERIES, lambda k: k.ZeroPadding1D((1, 2))),
    "cropping": one(IMAGE, lambda k: k.Cropping2D(((1, 2), (0, 3)))),
    "cropping 1d": one(SERIES, lambda k: k.Cropping1D((1, 2))),
    "up sampling": one(IMAGE, lambda k: k.UpSampling2D((2, 3))),
    "up sampling bilinear": one(IMAGE, lambda k: k.UpSampling2D(2, interpolation="bilinear")),
    "up sampling 1d": one(SERIES, lambda k: k.UpSampling1D(2)),
    "resizing": one(IMAGE, lambda k: k.Resizing(5, 11)),
    "resizing nearest": one(IMAGE, lambda k: k.Resizing(5, 11, interpolation="nearest")),
    "relu most": one(ROW, lambda k: k.ReLU(max_value=1.5)),
    "relu slope": one(ROW, lambda k: k.ReLU(max_value=1.5, negative_slope=0.1)),
    "leaky relu": one(ROW, lambda k: k.LeakyReLU(0.3)),
    "elu": one(ROW, lambda k: k.ELU(0.5)),
    "prelu": one(IMAGE, lambda k: k.PReLU(shared_axes=(1, 2))),
    "prelu own": one(IMAGE, lambda k: k.PReLU()),
    "softmax": one(SERIES, lambda k: k.Softmax(1)),
    "softmax image": one(IMAGE, lambda k: k.Softmax()),
    "reshape": one(IMAGE, lambda k: k.Reshape((4, -1))),
    "flatten": one(IMAGE, lambda k: k.Flatten()),
    "permute": one(IMAGE, lambda k: k.Permute((3, 1, 2))),
    "repeat": one(ROW, lambda k: k.RepeatVector(3)),
    "rescaling": one(IMAGE, lambda k: k.Rescaling(1 / 127.5, offset=-1)),
    "rescaling by channel": one(IMAGE, lambda k: k.Rescaling([1.0, 2.0, 3.0, 4.0], [0.1, 0.2, 0.3, 0.4])),
    "normalization": one(IMAGE, lambda k: k.Normalization(mean=[1, 2, 3, 4], variance=[1, 2, 3, 4])),
    "normalization all": one(ROW, lambda k: k.Normalization(axis=None, mean=2.0, variance=3.0)),
    "normalization backwards": one(ROW, lambda k: k.Normalization(mean=2.0, variance=3.0, invert=True)),
    "embedding": one((6,), lambda k: k.Embedding(9, 4)),
    "lstm": one(SERIES, lambda k: k.LSTM(4)),
    "lstm sequences": one(SERIES, lambda k: k.LSTM(4, return_sequences=True, use_bias=False)),
    "lstm backwards": one(SERIES, lambda k: k.LSTM(4, go_backwards=True)),
    "lstm sequences backwards": one(SERIES, lambda k: k.LSTM(4, return_sequences=True, go_backwards=True)),
    "gru": one(SERIES, lambda k: k.GRU(4)),
    "gru sequences": one(SERIES, lambda k: k.GRU(4, return_sequences=True)),
    "bidirectional": one(SERIES, lambda k: k.Bidirectional(k.LSTM(4, return_sequences=True))),
    "bidirectional last": one(SERIES, lambda k: k.Bidirectional(k.LSTM(4))),
    "bidirectional sum": one(SERIES, lambda k: k.Bidirectional(k.GRU(4), merge_mode="sum")),
    "time distributed": one(SERIES, lambda k: k.TimeDistributed(k.Dense(3, activation="relu"))),
    "time distributed image": one((3, *IMAGE), lambda k: k.TimeDistributed(k.Conv2D(2, 3))),
    "attention": ((SERIES,), _attention),
    "layer scale": one(IMAGE, lambda _: keras_own("convnext", "LayerScale")(0.5, 4)),
    "scaled sum": ((ROW, ROW), lambda _, x, y: keras_own("inception_resnet_v2", "CustomScaleLayer")(0.2)([x, y])),
    "add": ((ROW, ROW), lambda k, x, y: k.layers.Add()([x, y])),
    "subtract": ((ROW, ROW), lambda k, x, y: k.layers.Subtract()([x, y])),
    "multiply": ((IMAGE, (1, 1, 4)), lambda k, x, y: k.layers.Multiply()([x, y])),
    "average": ((ROW, ROW, ROW), lambda k, *x: k.layers.Average()(x)),
    "maximum": ((ROW, ROW), lambda k, x, y: k.layers.Maximum()([x, y])),
    "minimum": ((ROW, ROW), lambda k, x, y: k.layers.Minimum()([x, y])),
    "concatenate": ((IMAGE, IMAGE), lambda k, x, y: k.layers.Concatenate(axis=1)([x, y])),
    "dot": ((SERIES, SERIES), lambda k, x, y: k.layers.Dot(axes=2)([x, y])),
    "dot rows": ((ROW, ROW), lambda k, x, y: k.layers.Dot(axes=1)([x, y])),
    "dot steps": ((SERIES, SERIES), lambda k, x, y: k.layers.Dot(axes=1)([x, y])),
    "arithmetic": ((ROW, ROW), lambda k, x, y: (1.0 - x) * 0.5 + k.ops.square(x - y) / 3.0),
    "elements": ((IMAGE,), lambda k, x: k.ops.sqrt(k.ops.exp(-k.ops.abs(x)) + 1.0)),
    "bounds": ((ROW,), lambda k, x: k.ops.maximum(k.ops.clip(x, -0.5, 1.0), 0.1)),
    "relu operation": ((IMAGE,), lambda k, x: k.ops.relu6(k.ops.gelu(x, approximate=False))),
    "gelu by tanh": ((ROW,), lambda k, x: k.ops.gelu(x, approximate=True)),
    "means": ((IMAGE,), lambda k, x: k.ops.mean(x, axis=(1, 2)) + k.ops.max(x, axis=[1, 2])),
    "means of steps": ((SERIES,), lambda k, x: k.ops.sum(x, axis=1, keepdims=True)),
    "means of channels": ((IMAGE,), lambda k, x: k.ops.mean(k.layers.Conv2D(4, 1)(x), axis=-1, keepdims=True)),
    "items": ((SERIES,), lambda _, x: x[:, 1:-1, ::2]),
    "an item": ((SERIES,), lambda _, x: x[:, -1]),
    "items of channels": ((IMAGE,), lambda _, x: x[..., 1:3]),
    "axes": ((SERIES,), lambda k, x: k.ops.squeeze(k.ops.transpose(k.ops.expand_dims(x, 1), (0, 1, 3, 2)), 1)),
    "matmul": ((SERIES, SERIES), lambda k, x, y: k.ops.matmul(x, k.ops.transpose(y, (0, 2, 1)))),
    "several outputs": ((ROW,), lambda k, x: [k.layers.Dense(3)(x), k.layers.Dense(2)(x), x]),
    "shared": ((ROW, ROW), _shared),
    "nested": ((ROW,), _nested),
    "mobile": ((IMAGE,), _mobile),
    "dense net": ((IMAGE,), _dense_net),
    "convnext": ((IMAGE,), _convnext),
    **{f"activation {kind}": _active(kind) for kind in ACTIVATIONS},
}


@cache
def model_of(name: str) -> Any:
    """The case's model, every weight drawn, so that none is 0 or 1 as layers begin. It is made once."""
    import keras  # noqa: PLC0415 - it loads a native framework

    shapes, make = CASES[name]
    inputs = [keras.Input(shape) for shape in shapes]
    model = keras.Model(inputs if len(inputs) > 1 else inputs[0], make(keras, *inputs))
    draw = np.random.default_rng(1)
    for variable in model.variables:
        if "seed" not in variable.path:
            variable.assign(_drawn(draw, variable))
    return model


def _drawn(draw: np.random.Generator, variable: Any) -> NDArray[np.float64]:
    values: NDArray[np.float64] = draw.normal(0, 0.5, tuple(variable.shape))
    return np.abs(values) + 0.5 if "variance" in variable.path else values


def inputs_of(name: str, batch_size: int) -> list[NDArray[np.float32]]:
    """Numbers about 0; of an embedding whole ones."""
    draw = np.random.default_rng(2)
    shapes = [(batch_size, *shape) for shape in CASES[name][0]]
    if name == "embedding":
        return [draw.integers(0, 9, shape).astype(np.float32) for shape in shapes]
    return [draw.normal(0, 1.5, shape).astype(np.float32) for shape in shapes]


def outputs_of(model: Any, inputs: list[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """As Keras works them out."""
    made = model(inputs if len(inputs) > 1 else inputs[0])
    return [np.asarray(each) for each in (made if isinstance(made, list | tuple) else [made])]
