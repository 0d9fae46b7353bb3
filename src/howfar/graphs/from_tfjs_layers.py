"""TensorFlow.js's layers models as Keras models. Layers are made by the names of their classes, from numbers and texts
alone: no class that a file brings, no function, no Lambda."""

from collections.abc import Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import Any

import keras

from howfar.errors import UserError
from howfar.graphs import tfjs_files
from howfar.graphs.from_tfjs_weights import give
from howfar.graphs.graph import Unreadable

LAYERS = (
    "Activation", "Add", "AlphaDropout", "Average", "AveragePooling1D", "AveragePooling2D", "BatchNormalization",
    "Bidirectional", "Concatenate", "Conv1D", "Conv2D", "Conv2DTranspose", "Cropping1D", "Cropping2D", "Dense",
    "DepthwiseConv2D", "Dot", "Dropout", "ELU", "Embedding", "Flatten", "GRU", "GaussianDropout", "GaussianNoise",
    "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "LSTM",
    "LayerNormalization", "LeakyReLU", "MaxPooling1D", "MaxPooling2D", "Maximum", "Minimum", "Multiply", "PReLU",
    "Permute", "ReLU", "RepeatVector", "Rescaling", "Reshape", "SeparableConv2D", "SimpleRNN", "Softmax",
    "SpatialDropout1D", "SpatialDropout2D", "Subtract", "TimeDistributed", "UpSampling1D", "UpSampling2D",
    "ZeroPadding1D", "ZeroPadding2D",
)  # fmt: skip
MODELS = ("Model", "Functional", "Sequential")
# TensorFlow.js's hard_sigmoid is clip(0.2 x + 0.5, 0, 1), as in Keras 2; that of Keras 3 is another function.
ACTIVATIONS: Mapping[str, str] = {
    **{name: name for name in ("elu", "linear", "relu", "relu6", "selu", "sigmoid", "softmax", "softplus", "softsign",
                               "tanh", "gelu", "mish", "silu")},
    "swish": "silu",
}  # fmt: skip
# Arguments that Keras 3 calls otherwise.
RENAMED: Mapping[tuple[str, str], str] = {
    ("LeakyReLU", "alpha"): "negative_slope", ("DepthwiseConv2D", "dilation"): "dilation_rate",
}  # fmt: skip
# What only training needs, and what is taken from elsewhere.
LEFT_OUT = ("initializer", "regularizer", "constraint", "batch_input_shape", "input_shape", "dtype", "implementation")


def read(path: Path) -> Any:
    """A built `keras.Model` with its weights, by the file `model.json`; shapes as the file has them.

    Raises: UserError where a file is broken or outside the folder; Unreadable for layers that howfar does not know.
    """
    described = tfjs_files.description(path)
    weights = tfjs_files.weights(path, described)
    topology = described["modelTopology"]
    try:
        model = _model(topology.get("model_config", topology))
    except (KeyError, IndexError, AttributeError, TypeError, ValueError, RecursionError) as error:
        raise UserError(f"its modelTopology is broken: {error}", where=str(path)) from error
    give(model, weights)
    return model


def _model(described: Mapping[str, Any]) -> Any:
    """Older files have the layers of a Sequential model as its config."""
    kind, config = described["class_name"], described["config"]
    if kind not in MODELS:
        raise Unreadable(f"a model of class {kind}")
    if kind != "Sequential":
        return _functional(config)
    layers = config if isinstance(config, list) else config["layers"]
    name = "sequential" if isinstance(config, list) else config.get("name")
    first = [] if layers[0]["class_name"] == "InputLayer" else [_input(_shape_of(layers[0]))]
    return keras.Sequential([*first, *(_layer(each) for each in layers)], name=name)


def _shape_of(layer: Mapping[str, Any]) -> Sequence[int | None]:
    """The shape with the batch that the first layer says, or the first one in it where that is a model."""
    config = layer["config"]
    if layer["class_name"] in MODELS:
        return _shape_of((config if isinstance(config, list) else config["layers"])[0])
    if "batch_input_shape" not in config and "layer" in config:
        return _shape_of(config["layer"])
    found = config.get("batch_input_shape") or config.get("batch_shape")
    if found is None:
        raise Unreadable(f"layer {config.get('name')} does not say the shape of its input")
    return list(found)


def _input(shape: Sequence[int | None], name: str | None = None, dtype: str | None = None) -> Any:
    return keras.layers.InputLayer(batch_shape=tuple(shape), dtype=dtype or "float32", name=name)


def _layer(described: Mapping[str, Any]) -> Any:
    kind, config = described["class_name"], described["config"]
    if kind in MODELS:
        return _model(described)
    if kind == "InputLayer":
        return _input(_shape_of(described), config.get("name"), config.get("dtype"))
    if kind not in LAYERS:
        raise Unreadable(f"layer {config.get('name')} is a {kind}, which howfar does not read")
    made = getattr(keras.layers, kind)
    known = signature(made.__init__).parameters
    arguments = {RENAMED.get((kind, key), key): value for key, value in config.items() if not key.endswith(LEFT_OUT)}
    kept = {key: _plain(kind, config, key, value) for key, value in arguments.items() if key in known or key == "name"}
    if kind == "GRU":
        kept.setdefault("reset_after", False)
    return made(**kept)


def _plain(kind: str, config: Mapping[str, Any], key: str, value: Any) -> Any:
    """A number, a text or a list of these; for a wrapper, the layer in it."""
    if key in ("layer", "backward_layer") and kind in ("Bidirectional", "TimeDistributed"):
        return None if value is None else _layer(value)
    if key.endswith("activation"):
        return _activation(config, value)
    if isinstance(value, Mapping):
        raise Unreadable(f"layer {config.get('name')}: {key} is not plain")
    return value[0] if kind in ("BatchNormalization", "LayerNormalization") and _is_one(key, value) else value


def _is_one(key: str, value: Any) -> bool:
    return key == "axis" and isinstance(value, list) and len(value) == 1


def _activation(config: Mapping[str, Any], value: Any) -> str:
    name = str(value.get("class_name") if isinstance(value, Mapping) else value or "linear")
    if name not in ACTIVATIONS:
        raise Unreadable(f"layer {config.get('name')}: the activation {name}")
    return ACTIVATIONS[name]


def _functional(config: Mapping[str, Any]) -> Any:
    """Layers are called as soon as what they take is there: files need not have them in that order."""
    layers = {each["config"]["name"] if "name" not in each else each["name"]: each for each in config["layers"]}
    made = {name: _layer(each) for name, each in layers.items()}
    tensors: dict[tuple[str, int], list[Any]] = {}
    calls = [(name, i, call) for name, each in layers.items() for i, call in enumerate(each.get("inbound_nodes") or [])]
    for name, layer in made.items():
        if layers[name]["class_name"] == "InputLayer":
            tensors[name, 0] = [layer.output]
    while calls:
        ready = [call for call in calls if all(_source(each) in tensors for each in call[2])]
        if not ready:
            raise ValueError(f"layer {calls[0][0]} takes what nothing gives")
        for name, i, call in ready:
            tensors[name, i] = _called(made[name], [tensors[_source(each)][each[2]] for each in call])
        calls = [call for call in calls if call not in ready]
    ends = [
        [tensors[_source(each)][each[2]] for each in _listed(config[side])]
        for side in ("input_layers", "output_layers")
    ]
    return keras.Model(*(side[0] if len(side) == 1 else side for side in ends), name=config.get("name"))


def _source(call: Sequence[Any]) -> tuple[str, int]:
    """The layer, and which of its calls."""
    if any(value is not None and value is not False for value in (call[3] if len(call) > 3 else {}).values()):
        raise Unreadable(f"a call of layer {call[0]} with more than tensors: {', '.join(call[3])}")
    return call[0], call[1]


def _listed(ends: Sequence[Any]) -> Sequence[Sequence[Any]]:
    """A single one may stand without a list around it."""
    return [ends] if ends and isinstance(ends[0], str) else ends


def _called(layer: Any, tensors: list[Any]) -> list[Any]:
    result = layer(tensors[0] if len(tensors) == 1 else tensors)
    return list(result) if isinstance(result, list | tuple) else [result]
