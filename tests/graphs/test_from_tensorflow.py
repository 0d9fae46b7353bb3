"""TensorFlow's graphs read: each operator, whole nets as SavedModels and as TensorFlow.js graph models."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import json_format
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from graphs.evaluating import evaluate
from graphs.running import apart, drawn, kinds
from howfar.errors import UserError
from howfar.graphs import from_saved_model
from howfar.graphs.from_tensorflow import read_graph_def, read_graph_model
from howfar.graphs.graph import Graph, Unreadable

IMAGE = (2, 8, 7, 6)
WEIGHTS = np.random.default_rng(1).normal(size=(3, 2, 6, 4)).astype(np.float32)


def frozen(function: Callable[..., Any], *shapes: tuple[int | None, ...]) -> Any:
    """The function of tensors of these shapes, with its variables as constants."""
    specs = [tf.TensorSpec(shape, tf.float32, name=f"x{i}") for i, shape in enumerate(shapes)]
    return convert_variables_to_constants_v2(tf.function(function).get_concrete_function(*specs))


def graph_of(function: Any, shapes: dict[str, tuple[int, ...]] | None = None) -> Graph:
    names = [tensor.op.name for tensor in function.inputs]
    ends = [tensor.name for tensor in function.outputs]
    return read_graph_def(function.graph.as_graph_def(), names, ends, shapes or {}, {})


def same(function: Callable[..., Any], *shapes: tuple[int, ...], limit: float = 2e-5) -> Graph:
    """The graph of a function, after its outputs were held against TensorFlow's."""
    graph = graph_of(frozen(function, *shapes))
    arrays = drawn(graph)
    for found, right in zip(evaluate(graph, arrays), tf.nest.flatten(function(*map(tf.constant, arrays))), strict=True):
        assert apart(found, right.numpy()) < limit
    return graph


OPERATORS: dict[str, Callable[[Any], Any]] = {
    "a convolution": lambda x: tf.nn.conv2d(x, WEIGHTS, (2, 1), "SAME", dilations=1),
    "one with dilations": lambda x: tf.nn.conv2d(x, WEIGHTS, 1, "VALID", dilations=(2, 3)),
    "one with margins": lambda x: tf.nn.conv2d(x, WEIGHTS, 2, [[0, 0], [1, 2], [0, 3], [0, 0]]),
    "a depthwise one": lambda x: tf.nn.depthwise_conv2d(x, WEIGHTS, (1, 2, 2, 1), "SAME"),
    "a transposed one": lambda x: tf.nn.conv2d_transpose(x, WEIGHTS.transpose(0, 1, 3, 2), (2, 16, 14, 4), 2, "SAME"),
    "a pool": lambda x: tf.nn.max_pool2d(x, (3, 2), 2, "SAME"),
    "a mean pool": lambda x: tf.nn.avg_pool2d(x, 3, 2, "SAME"),
    "normalization": lambda x: tf.raw_ops.FusedBatchNormV3(
        x=x, scale=WEIGHTS[0, 0, :, 0], offset=WEIGHTS[0, 0, :, 1], mean=WEIGHTS[0, 0, :, 2],
        variance=WEIGHTS[0, 0, :, 3] ** 2 + 1, epsilon=0.01, is_training=False)[0],
    "bias": lambda x: tf.nn.bias_add(x, WEIGHTS[0, 0, :, 0]),
    "response norm": lambda x: tf.nn.local_response_normalization(x, 2, 1.5, 0.3, 0.6),
    "bilinear": lambda x: tf.image.resize(x, (11, 5)),
    "nearest": lambda x: tf.image.resize(x, (5, 16), "nearest"),
    "nearest corners": lambda x: tf.raw_ops.ResizeNearestNeighbor(images=x, size=(5, 16), align_corners=True),
    "depth to space": lambda x: tf.nn.depth_to_space(tf.concat([x, x[..., :2]], 3), 2),
    "space to depth": lambda x: tf.nn.space_to_depth(x[:, :, :6], 2),
    "mean": lambda x: tf.reduce_mean(x, (1, -2), keepdims=True),
    "max": lambda x: tf.reduce_max(x, 3),
    "moments": lambda x: tf.concat(tf.nn.moments(x, (3,), keepdims=True), 3),
    "softmax": tf.nn.softmax,
    "log softmax": tf.nn.log_softmax,
    "gelu": tf.nn.gelu,
    "gelu by tanh": lambda x: tf.nn.gelu(x, approximate=True),
    "leaky": lambda x: tf.nn.leaky_relu(x, 0.1),
    "erfc": tf.math.erfc,
    "clip": lambda x: tf.clip_by_value(x, -0.3, 0.4),
    "flatten": lambda x: tf.reshape(x, (tf.shape(x)[0], -1)),
    "transpose": lambda x: tf.transpose(x, (0, 3, 1, 2)),
    "slices": lambda x: x[:, 1:-2:2, tf.newaxis, -1, ...],
    "an ellipsis": lambda x: x[..., 2:4],
    "a slice": lambda x: tf.slice(x, (0, 1, 2, 0), (-1, 3, 2, -1)),
    "gather": lambda x: tf.gather(x, [[2, 0], [1, 1]], axis=2),
    "pad": lambda x: tf.pad(x, ((0, 0), (1, 2), (0, 0), (3, 0)), constant_values=2.0),
    "mirror": lambda x: tf.pad(x, ((0, 0), (1, 2), (0, 0), (0, 0)), "REFLECT"),
    "stack": lambda x: tf.stack([x, 2 * x], 2),
    "split": lambda x: tf.split(x, 3, 3),
    "split by sizes": lambda x: tf.split(x, (1, 5), 3),
    "unstack": lambda x: tf.unstack(x, axis=0),
    "tile": lambda x: tf.tile(x, (1, 2, 1, 3)),
    "broadcast": lambda x: tf.broadcast_to(x[:, :1], (3, 2, 8, 7, 6)),
    "where": lambda x: tf.where(np.tril(np.ones((7, 6))) > 0, x, -1e9),
    "where worked out": lambda x: tf.where((x > 0.5) | (x <= -0.5) & ~(x < -1), x, -1e9),
    "where equal": lambda x: tf.where((tf.round(x) == 0) & (tf.round(x) != 1) & (x >= -0.3), x, 2 * x),
    "select by the first axis": lambda x: tf.raw_ops.Select(condition=[True, False], x=x, y=2 * x),
    "select of constants": lambda x: x * tf.raw_ops.Select(
        condition=np.arange(7) % 2 == 0, x=np.full((7, 6), 2, np.float32), y=np.ones((7, 6), np.float32)),
    "einsum": lambda x: tf.einsum("bhwc,bhvc->bhwv", x, x),
    "einsum of weights": lambda x: tf.einsum("bhwc,kjcd->bhwkjd", x, WEIGHTS),
    "matmul": lambda x: tf.matmul(x, x, transpose_b=True),
    "squeeze": lambda x: tf.squeeze(tf.expand_dims(x[:, :1], -1)),
    "range": lambda x: x * tf.cast(tf.range(tf.shape(x)[3]), tf.float32),
    "several": lambda x: tf.add_n([x, tf.square(x), tf.math.rsqrt(tf.abs(x) + 1.0), tf.maximum(x, 0.1) ** 1.5]),
}  # fmt: skip


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator(name: str) -> None:
    same(OPERATORS[name], IMAGE, limit=5e-5)


def test_functions_are_written_out() -> None:
    inner = tf.function(lambda x, y: (x * y, x - y))
    outer = tf.function(lambda x: inner(x, x + 1.0)[1] * inner(x, x)[0])
    specs = tf.TensorSpec((2, 3), tf.float32, name="x0")
    function = outer.get_concrete_function(specs)
    graph = graph_of(function)
    (array,) = drawn(graph)
    assert apart(evaluate(graph, [array])[0], -array * array) < 1e-6


def test_an_unknown_operator_is_named_with_its_node() -> None:
    with pytest.raises(Unreadable, match=r"operator Cumsum \(running\)"):
        graph_of(frozen(lambda x: tf.cumsum(x, name="running"), (2, 3)))


def test_a_loop_is_named() -> None:
    function = tf.function(
        lambda x: tf.while_loop(lambda i, _: i < tf.cast(x[0, 0], tf.int32), lambda i, y: (i + 1, y * 2), (0, x))
    )
    with pytest.raises(Unreadable, match="While"):
        graph_of(function.get_concrete_function(tf.TensorSpec((2, 3), tf.float32, name="x0")))


def net() -> Any:
    """Convolutions of several kinds with normalization, a residual, an upsampling, attention; two inputs."""
    image, other = keras.Input((12, 12, 3), name="image"), keras.Input((5,), name="other")
    x = keras.layers.Conv2D(8, 3, padding="same", use_bias=False)(image)
    x = keras.layers.ReLU(6.0)(keras.layers.BatchNormalization()(x))
    y = keras.layers.SeparableConv2D(8, 3, padding="same", activation="silu")(x)
    x = keras.layers.MaxPooling2D(3, 2, "same")(keras.layers.Add()([x, y]))
    x = keras.layers.Conv2DTranspose(4, 3, 2, "same")(keras.layers.UpSampling2D(interpolation="bilinear")(x))
    x = keras.layers.Concatenate()([keras.layers.Reshape((-1, 4))(x), keras.layers.Reshape((-1, 4))(x) * 0.5])
    x = keras.layers.LayerNormalization()(keras.layers.MultiHeadAttention(2, 4)(x, x) + x)
    x = keras.layers.Dense(5, activation="gelu")(keras.layers.GlobalAveragePooling1D()(x))
    return keras.Model([image, other], [keras.layers.Softmax()(x + other), x], name="net")


def unsettled(model: Any) -> Any:
    """Weights that are not 0 or 1 anywhere."""
    random = np.random.default_rng(2)
    for variable in model.variables:
        variable.assign(variable + random.uniform(0.05, 0.3, variable.shape).astype(np.float32))
    return model


def test_a_saved_model(tmp_path: Path) -> None:
    model = unsettled(net())
    tf.saved_model.save(Served(model), str(tmp_path))
    graph = from_saved_model.read(tmp_path, {"image": (2, 12, 12, 3), "other": (2, 5)})
    arrays = drawn(graph)
    by_name = dict(zip([spec.name for spec in graph.inputs], arrays, strict=True))
    right = model([by_name["image"], by_name["other"]])
    for found, wanted in zip(evaluate(graph, arrays), right, strict=True):
        assert apart(found, np.asarray(wanted)) < 5e-5
    assert "Transpose" not in kinds(graph)[: kinds(graph).index("Reshape")]


class Served(tf.Module):  # type: ignore[misc] # it ships no types
    """A model under a signature with its inputs' names."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.own = model.variables
        self.model = model

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[
            tf.TensorSpec((None, 12, 12, 3), tf.float32, "image"), tf.TensorSpec((None, 5), tf.float32, "other"),
        ]
    )  # fmt: skip
    def serve(self, image: Any, other: Any) -> dict[str, Any]:
        first, second = self.model([image, other])
        return {"a": first, "b": second}


def graph_model(folder: Path, function: Any, shards: int = 1) -> Path:
    """A frozen function as the files of TensorFlow.js's converter."""
    graph_def = function.graph.as_graph_def()
    held = {node.name: tf.make_ndarray(node.attr["value"].tensor) for node in graph_def.node if node.op == "Const"}
    for node in graph_def.node:
        if node.op == "Const":
            node.attr["value"].Clear()
    data = b"".join(array.tobytes() for array in held.values())
    cuts = [len(data) * i // shards for i in range(shards + 1)]
    for i in range(shards):
        (folder / f"shard{i}.bin").write_bytes(data[cuts[i] : cuts[i + 1]])
    entries = [{"name": name, "shape": array.shape, "dtype": array.dtype.name} for name, array in held.items()]
    ends = {tensor.name: {"name": tensor.name} for tensor in function.outputs}
    described = {
        "format": "graph-model",
        "modelTopology": json_format.MessageToDict(graph_def),
        "signature": {"outputs": ends},
        "weightsManifest": [{"paths": [f"shard{i}.bin" for i in range(shards)], "weights": entries}],
    }
    (folder / "model.json").write_text(json.dumps(described))
    return folder / "model.json"


def test_a_graph_model(tmp_path: Path) -> None:
    function = frozen(lambda x: tf.nn.relu(tf.nn.conv2d(x, WEIGHTS, 1, "SAME"))[:, 1:] + 1.0, (None, 8, 7, 6))
    graph = read_graph_model(graph_model(tmp_path, function, shards=3), {"x0": IMAGE})
    (array,) = drawn(graph)
    assert apart(evaluate(graph, [array])[0], function(tf.constant(array))[0].numpy()) < 1e-5


def test_fused_operators_of_a_graph_model(tmp_path: Path) -> None:
    """As TensorFlow.js's converter fuses them."""
    described = {
        "modelTopology": {"node": [
            {"name": "x", "op": "Placeholder", "attr": {"dtype": {"type": "DT_FLOAT"}, "shape": {"shape": {"dim": [
                {"size": "-1"}, {"size": "4"}, {"size": "4"}, {"size": "2"}]}}}},
            *({"name": name, "op": "Const", "attr": {"dtype": {"type": 1}}} for name in ("k", "b", "d", "w", "c")),
            {"name": "s", "op": "Const"},
            {"name": "conv", "op": "_FusedConv2D", "input": ["x", "k", "b"], "attr": {
                **attributes(strides=[1, 1, 1, 1]), "fused_ops": words("BiasAdd", "Relu6"), "padding": word("SAME")}},
            {"name": "deep", "op": "FusedDepthwiseConv2dNative", "input": ["conv", "d", "b"], "attr": {
                **attributes(strides=[1, 2, 2, 1]), "fused_ops": words("BiasAdd"), "padding": word("VALID")}},
            {"name": "flat", "op": "Reshape", "input": ["deep", "s"]},
            {"name": "y", "op": "_FusedMatMul", "input": ["flat", "w", "c", "^deep"], "attr": {
                "fused_ops": words("BiasAdd", "LeakyRelu"), "leakyrelu_alpha": {"f": 0.3}}},
        ]},
        "weightsManifest": [{"paths": ["w.bin"], "weights": [
            {"name": "k", "shape": [3, 3, 2, 3], "dtype": "float32"}, {"name": "b", "shape": [3], "dtype": "float32"},
            {"name": "d", "shape": [2, 2, 3, 1], "dtype": "float32"},
            {"name": "w", "shape": [12, 5], "dtype": "float32"},
            {"name": "c", "shape": [5], "dtype": "float32"}, {"name": "s", "shape": [2], "dtype": "int32"}]}],
    }  # fmt: skip
    random = np.random.default_rng(0)
    k, b, d, w, c = (
        random.normal(size=shape).astype(np.float32) for shape in ((3, 3, 2, 3), 3, (2, 2, 3, 1), (12, 5), 5)
    )
    flat = np.array([1, -1], np.int32)
    (tmp_path / "w.bin").write_bytes(b"".join(array.tobytes() for array in (k, b, d, w, c, flat)))
    (tmp_path / "model.json").write_text(json.dumps(described))
    graph = read_graph_model(tmp_path / "model.json", {"x": (1, 4, 4, 2)})
    (x,) = drawn(graph)
    conv = tf.nn.relu6(tf.nn.conv2d(x, k, 1, "SAME") + b)
    deep = tf.nn.depthwise_conv2d(conv, d, (1, 2, 2, 1), "VALID") + b
    right = tf.nn.leaky_relu(tf.reshape(deep, (1, -1)) @ w + c, 0.3)
    assert apart(evaluate(graph, [x])[0], right.numpy()) < 1e-5


def attributes(**lists: list[int]) -> dict[str, Any]:
    return {name: {"list": {"i": [str(each) for each in items]}} for name, items in lists.items()}


def word(text: str) -> dict[str, str]:
    return {"s": base64.b64encode(text.encode()).decode()}


def words(*texts: str) -> dict[str, Any]:
    return {"list": {"s": [word(text)["s"] for text in texts]}}


def test_a_saved_model_that_writes_a_file_is_not_loaded(tmp_path: Path) -> None:
    module = tf.Module()
    module.serve = tf.function(
        lambda x: (tf.io.write_file(str(tmp_path / "written"), "a"), x)[1], input_signature=[tf.TensorSpec((1,))]
    )
    tf.saved_model.save(module, str(tmp_path / "m"), signatures=module.serve)
    with pytest.raises(UserError, match="WriteFile"):
        from_saved_model.read(tmp_path / "m", {})
    assert not (tmp_path / "written").exists()


def test_a_saved_model_with_a_table_is_not_loaded(tmp_path: Path) -> None:
    """A table is filled by a function that loading runs."""
    filler = tf.lookup.KeyValueTensorInitializer([1, 2], [3.0, 4.0], tf.int64, tf.float32)
    module = tf.Module()
    module.table = tf.lookup.StaticHashTable(filler, 0.0)
    module.serve = tf.function(module.table.lookup, input_signature=[tf.TensorSpec((1,), tf.int64, name="x")])
    tf.saved_model.save(module, str(tmp_path), signatures=module.serve)
    with pytest.raises(Unreadable, match="run when it is loaded"):
        from_saved_model.read(tmp_path, {})


def test_a_saved_model_cut_off(tmp_path: Path) -> None:
    module = tf.Module()
    module.v = tf.Variable([2.0])
    module.serve = tf.function(lambda x: x * module.v, input_signature=[tf.TensorSpec((1,), name="x")])
    tf.saved_model.save(module, str(tmp_path), signatures=module.serve)
    assert kinds(from_saved_model.read(tmp_path, {})) == ["Binary"]
    data = tmp_path / "variables" / "variables.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:2])
    with pytest.raises(UserError, match="cannot load it"):
        from_saved_model.read(tmp_path, {})
    (tmp_path / "saved_model.pb").write_bytes((tmp_path / "saved_model.pb").read_bytes()[:100])
    with pytest.raises(UserError, match="not a whole SavedModel"):
        from_saved_model.read(tmp_path, {})


def test_no_saved_model(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not a whole SavedModel"):
        from_saved_model.read(tmp_path, {})
