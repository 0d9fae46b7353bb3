"""TensorFlow.js's layers models as Keras models: each layer against its like in Keras, and what is refused."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from howfar.errors import UserError
from howfar.graphs.from_tfjs_layers import read
from howfar.graphs.graph import Unreadable

BASE = {
    "trainable": True,
    "kernel_initializer": {"class_name": "VarianceScaling", "config": {}},
    "kernel_regularizer": None,
}


def written(path: Path, topology: Any, weights: dict[str, Any]) -> Path:
    entries = [{"name": name, "shape": array.shape, "dtype": "float32"} for name, array in weights.items()]
    manifest = [{"paths": ["w.bin"], "weights": entries}]
    (path / "w.bin").write_bytes(b"".join(np.ascontiguousarray(array).tobytes() for array in weights.values()))
    described = {"format": "layers-model", "modelTopology": topology, "weightsManifest": manifest}
    (path / "model.json").write_text(json.dumps(described))
    return path / "model.json"


def sequential(path: Path, shape: Sequence[int], *layers: tuple[str, dict[str, Any]], **weights: Any) -> Path:
    """Layers named by their place; weights of the layer `l0` as `l0_kernel`."""
    made: list[Any] = [
        {"class_name": kind, "config": {**BASE, **config, "name": f"l{i}"}} for i, (kind, config) in enumerate(layers)
    ]
    made[0]["config"]["batch_input_shape"] = [None, *shape]
    topology = {"class_name": "Sequential", "config": {"name": "s", "layers": made}, "keras_version": "2.15.0"}
    return written(
        path, {"model_config": topology}, {name.replace("_", "/", 1): array for name, array in weights.items()}
    )


def drawn(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def close(model: Any, like: Any, x: Any) -> None:
    assert np.allclose(np.asarray(model(x)), np.asarray(like(x)), rtol=1e-5, atol=1e-6)


def test_a_convolutional_net(tmp_path: Path) -> None:
    norm = {"axis": [3], "momentum": 0.9, "epsilon": 0.01, "beta_initializer": {"class_name": "Zeros", "config": {}}}
    weights = {
        "l0_kernel": drawn(3, 3, 2, 4), "l0_bias": drawn(4), "l1_gamma": drawn(4), "l1_beta": drawn(4),
        "l1_moving_mean": drawn(4), "l1_moving_variance": drawn(4) ** 2, "l2_depthwise_kernel": drawn(3, 3, 4, 1),
        "l2_bias": drawn(4), "l5_kernel": drawn(16, 3), "l5_bias": drawn(3),
    }  # fmt: skip
    path = sequential(
        tmp_path, (8, 8, 2),
        ("Conv2D", {"filters": 4, "kernel_size": [3, 3], "padding": "same", "activation": "swish"}),
        ("BatchNormalization", norm),
        ("DepthwiseConv2D", {"kernel_size": [3, 3], "strides": [2, 2], "depth_multiplier": 1, "activation": "relu6"}),
        ("MaxPooling2D", {"pool_size": [2, 2], "padding": "same"}), ("Flatten", {}),
        ("Dense", {"units": 3, "activation": "softmax"}), **weights,
    )  # fmt: skip
    like = keras.Sequential([
        keras.Input((8, 8, 2)), keras.layers.Conv2D(4, 3, padding="same", activation="silu"),
        keras.layers.BatchNormalization(epsilon=0.01), keras.layers.DepthwiseConv2D(3, 2, activation="relu6"),
        keras.layers.MaxPooling2D(padding="same"), keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax"),
    ])  # fmt: skip
    like.set_weights(list(weights.values()))
    close(read(path), like, drawn(2, 8, 8, 2))


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_recurrent_layers_both_ways(tmp_path: Path, kind: str) -> None:
    inner = {"class_name": kind, "config": {"units": 3, "return_sequences": True, "name": "inner"}}
    own = (keras.layers.LSTM(3, return_sequences=True) if kind == "LSTM"
           else keras.layers.GRU(3, return_sequences=True, reset_after=False))  # fmt: skip
    like = keras.Sequential([keras.Input((4, 2)), keras.layers.Bidirectional(own), keras.layers.Dense(2)])
    arrays = [drawn(*array.shape, seed=i) for i, array in enumerate(like.get_weights())]
    like.set_weights(arrays)
    parts = [
        f"{way}_inner/{part}" for way in ("forward", "backward") for part in ("kernel", "recurrent_kernel", "bias")
    ]
    names = [*(f"l0/{part}" for part in parts), "l1/kernel", "l1/bias"]
    layers = [
        {"class_name": "Bidirectional", "config": {
            "layer": inner, "merge_mode": "concat", "batch_input_shape": [None, 4, 2], "name": "l0"}},
        {"class_name": "Dense", "config": {"units": 2, "name": "l1"}},
    ]  # fmt: skip
    topology = {"class_name": "Sequential", "config": layers}
    close(read(written(tmp_path, topology, dict(zip(names, arrays, strict=True)))), like, drawn(2, 4, 2))


def test_a_functional_model_with_a_shared_layer_and_a_model_inside(tmp_path: Path) -> None:
    dense = {"class_name": "Dense", "name": "shared", "config": {"units": 4, "name": "shared", "activation": "relu"},
             "inbound_nodes": [[["a", 0, 0, {}]], [["b", 0, 0, {}]]]}  # fmt: skip
    inside = {"class_name": "Sequential", "name": "inside", "inbound_nodes": [[["sum", 0, 0, {}]]], "config": {
        "name": "inside", "layers": [{"class_name": "Dense", "config": {
            "units": 2, "name": "last", "use_bias": False, "batch_input_shape": [None, 4]}}]}}  # fmt: skip
    layers = [
        inside,
        {"class_name": "Add", "name": "sum", "config": {"name": "sum"},
         "inbound_nodes": [[["shared", 0, 0, {}], ["shared", 1, 0, {}]]]},
        dense,
        *({"class_name": "InputLayer", "name": name, "inbound_nodes": [], "config": {
            "name": name, "batch_input_shape": [None, 3], "dtype": "float32"}} for name in "ab"),
    ]  # fmt: skip
    config = {
        "name": "m",
        "layers": layers,
        "input_layers": [["a", 0, 0], ["b", 0, 0]],
        "output_layers": [["inside", 0, 0]],
    }
    weights = {"shared/kernel": drawn(3, 4), "shared/bias": drawn(4), "last/kernel": drawn(4, 2)}
    model = read(written(tmp_path, {"class_name": "Model", "config": config}, weights))
    a, b = drawn(2, 3), drawn(2, 3, seed=1)
    rows = [np.maximum(x @ weights["shared/kernel"] + weights["shared/bias"], 0) for x in (a, b)]
    assert np.allclose(np.asarray(model([a, b])), sum(rows) @ weights["last/kernel"], atol=1e-5)
    assert model.count_params() == 24


@pytest.mark.parametrize("kind", ["Lambda", "Masking", "TFOpLambda", "Layer", "__class__", "../x"])
def test_an_unknown_layer_is_named(tmp_path: Path, kind: str) -> None:
    with pytest.raises(Unreadable, match=f"layer l0 is a {kind}"):
        read(sequential(tmp_path, (4,), (kind, {"function": ["4wEAAAAA", None, None]})))


@pytest.mark.parametrize("activation", ["hard_sigmoid", "exec", {"class_name": "Lambda", "config": {}}])
def test_an_unknown_activation_is_named(tmp_path: Path, activation: Any) -> None:
    with pytest.raises(Unreadable, match="layer l0: the activation"):
        read(sequential(tmp_path, (4,), ("Dense", {"units": 2, "activation": activation})))


def test_a_layer_with_something_inside_is_refused(tmp_path: Path) -> None:
    units = {"class_name": "__lambda__", "config": {"value": "print(1)"}}
    with pytest.raises(Unreadable, match="units is not plain"):
        read(sequential(tmp_path, (4,), ("Dense", {"units": units})))


def test_weights_that_do_not_fit_are_named(tmp_path: Path) -> None:
    path = sequential(tmp_path, (4,), ("Dense", {"units": 2}), l0_kernel=drawn(4, 3), l0_bias=drawn(2))
    with pytest.raises(Unreadable, match=r"layer l0 .* needs \[\(4, 2\), \(2,\)\]"):
        read(path)


@pytest.mark.parametrize(
    "topology",
    [
        {},
        {"class_name": "Sequential"},
        *({"class_name": kind, "config": {"layers": []}} for kind in ("Model", "Sequential")),
    ],
)
def test_a_broken_topology(tmp_path: Path, topology: Any) -> None:
    with pytest.raises(UserError, match="modelTopology is broken"):
        read(written(tmp_path, topology, {}))
