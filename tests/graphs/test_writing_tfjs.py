"""TensorFlow.js's files: that they hold together. What it makes of them is seen in browsers."""

import base64
import json
from collections import Counter
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphs.evaluating import evaluate
from graphs.everything import choices
from graphs.keras_cases import CASES, model_of
from graphs.running import apart, drawn
from howfar.graphs import tfjs_files, to_tfjs_graph, to_tfjs_layers
from howfar.graphs.building import Builder
from howfar.graphs.from_keras import read
from howfar.graphs.from_tensorflow import read_graph_model
from howfar.graphs.graph import Binary, Unreadable
from howfar.graphs.writers import WRITERS
from howfar.handed import TensorSpec
from howfar.sources import tfjs_running

pytest.importorskip("keras")
BYTES = {"float32": 4, "int32": 4, "bool": 1, "uint8": 1}
# What its layers can't do.
NO_LAYERS = {
    "activation exponential", "attention", "bidirectional sum", "elements", "gru", "gru sequences", "items",
    "lstm sequences backwards", "means of channels", "resizing", "resizing nearest", "time distributed image",
    "transposed gaps", "up sampling bilinear",
}  # fmt: skip


def written(name: str, form: Any, folder: Path) -> dict[str, Any]:
    files = WRITERS[form](read(model_of(name), 2), folder)
    assert files == ("model.json", "weights.bin")
    return dict(json.loads((folder / "model.json").read_text()))


def weights_of(model: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    """The list of weights, which is as long as the file."""
    (manifest,) = model["weightsManifest"]
    size = sum(prod(each["shape"]) * BYTES[each["dtype"]] for each in manifest["weights"])
    assert manifest["paths"] == ["weights.bin"]
    assert (folder / "weights.bin").stat().st_size == size
    return list(manifest["weights"])


def test_what_depends_on_conditions_is_of_tensorflows_own_nodes(tmp_path: Path) -> None:
    """TensorFlow runs them from the file, and they read again."""
    graph = choices()
    to_tfjs_graph.write(graph, tmp_path)
    described = tfjs_files.description(tmp_path / "model.json")
    runtime, run = tfjs_running.runner(tmp_path / "model.json", described, tfjs_running.signed(described), None)
    assert runtime == "TensorFlow"
    x = drawn(graph)
    again = read_graph_model(tmp_path / "model.json", {})
    for found in (run(x), evaluate(again, x)):
        for mine, right in zip(found, evaluate(graph, x), strict=True):
            assert apart(mine, right) < 1e-5


def test_layers_have_no_conditions(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"no layer for (Logical|Select)"):
        to_tfjs_layers.write(choices(), tmp_path)


@pytest.mark.parametrize("name", CASES)
def test_a_graph_model_holds_together(name: str, tmp_path: Path) -> None:
    """Every node takes what comes before it; every constant has its weights; biases have one axis."""
    model = written(name, "tfjs-graph", tmp_path)
    nodes = model["modelTopology"]["node"]
    shapes = {each["name"]: each["shape"] for each in weights_of(model, tmp_path)}
    known: set[str] = set()
    for node in nodes:
        assert known.issuperset(node["input"]), node
        known.add(node["name"])
        if "fused_ops" in node["attr"]:
            assert len(shapes[node["input"][2]]) == 1
    assert {node["name"] for node in nodes if node["op"] == "Const"} == set(shapes)
    for side in ("inputs", "outputs"):
        assert known.issuperset(model["signature"][side])


def test_products_are_fused_with_biases_and_relu(tmp_path: Path) -> None:
    nodes = written("mobile", "tfjs-graph", tmp_path)["modelTopology"]["node"]
    fused = {
        node["name"]: [base64.b64decode(each).decode() for each in node["attr"]["fused_ops"]["list"]["s"]]
        for node in nodes
        if "fused_ops" in node["attr"]
    }
    assert Counter(map(tuple, fused.values())) == {
        ("BiasAdd",): 3,
        ("BiasAdd", "Relu6"): 2,
        ("BiasAdd", "Relu"): 1,
    }
    operators = Counter(node["op"] for node in nodes)
    assert operators["_FusedConv2D"] == 4
    assert operators["FusedDepthwiseConv2dNative"] == operators["_FusedMatMul"] == 1
    assert not {"Pad", "PadV2", "BiasAdd", "FusedBatchNormV3"} & set(operators)


@pytest.mark.parametrize("name", [name for name in CASES if name not in NO_LAYERS])
def test_a_layers_model_holds_together(name: str, tmp_path: Path) -> None:
    """Every layer takes what comes before it; weights belong to layers."""
    model = written(name, "tfjs-layers", tmp_path)
    config = model["modelTopology"]["model_config"]["config"]
    known: set[str] = set()
    for layer in config["layers"]:
        taken = [entry[0] for call in layer["inbound_nodes"] for entry in call]
        assert known.issuperset(taken), layer
        assert layer["name"] not in known
        known.add(layer["name"])
    weights = weights_of(model, tmp_path)
    assert known.issuperset(each["name"].partition("/")[0] for each in weights)
    assert len({each["name"] for each in weights}) == len(weights)
    assert known.issuperset(entry[0] for entry in config["input_layers"] + config["output_layers"])


@pytest.mark.parametrize("name", sorted(NO_LAYERS & set(CASES)))
def test_what_layers_lack_is_refused_by_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"which TensorFlow\.js's layers lack"):
        to_tfjs_layers.write(read(model_of(name), 2), tmp_path)


def test_weights_are_as_keras_has_them(tmp_path: Path) -> None:
    model = model_of("dense")
    (entry, *_) = weights_of(written("dense", "tfjs-layers", tmp_path), tmp_path)
    kernel, biases = model.get_weights()
    assert entry["shape"] == [5, 4]
    stored = np.frombuffer((tmp_path / "weights.bin").read_bytes(), np.float32)
    np.testing.assert_array_equal(stored, [*kernel.ravel(), *biases])


def test_layers_have_their_relu_within(tmp_path: Path) -> None:
    """As in Keras: TensorFlow.js works both out at once then."""
    config = written("mobile", "tfjs-layers", tmp_path)["modelTopology"]["model_config"]["config"]
    within = Counter(layer["config"].get("activation") for layer in config["layers"] if layer["class_name"] == "Conv2D")
    assert within == {"linear": 3, "relu": 1}
    assert not [layer for layer in config["layers"] if layer["class_name"] == "Activation"]


def test_smaller_weights_would_weigh_a_half_and_a_quarter(tmp_path: Path) -> None:
    graph = read(model_of("dense"))
    to_tfjs_graph.write(graph, tmp_path)
    size = (tmp_path / "weights.bin").stat().st_size
    assert size == 24 * 4
    assert to_tfjs_graph.quantized_bytes(graph) == (size // 2, size // 4)


def test_whole_numbers_of_64_bits_are_weighed_where_the_form_refuses_them(tmp_path: Path) -> None:
    b = Builder([TensorSpec("i", (2,), "int64")])
    graph = b.finish([b.add(Binary("add"), "i", b.constant(np.array([2**40, 1])))])
    assert to_tfjs_graph.quantized_bytes(graph) == (8, 8)
    with pytest.raises(Unreadable, match="beyond 32 bits"):
        to_tfjs_graph.write(graph, tmp_path)
