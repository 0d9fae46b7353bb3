"""Tiny models of every kind that a user may name, made anew in each test's folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np


def onnx_model(shape: Sequence[int | str] = (1, 3), *, operator: str = "Relu") -> Any:
    """y = operator(x @ weights) of 3 by 2 weights, as a ModelProto."""
    import onnx  # noqa: PLC0415
    from onnx import TensorProto, helper, numpy_helper  # noqa: PLC0415

    weights = numpy_helper.from_array(np.linspace(-1, 1, 6, dtype=np.float32).reshape(3, 2), "weights")
    nodes = [helper.make_node("MatMul", ["x", "weights"], ["z"]), helper.make_node(operator, ["z"], ["y"], name="last")]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, list(shape))
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [shape[0], 2])
    graph = helper.make_graph(nodes, "tiny", [x], [y], [weights])
    opsets = [helper.make_opsetid("", 17)]
    return onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8)


def onnx_file(path: Path, shape: Sequence[int | str] = (1, 3), *, operator: str = "Relu") -> Path:
    path.write_bytes(onnx_model(shape, operator=operator).SerializeToString())
    return path


def onnx_file_beside(path: Path, location: str, *, content: bytes | None = b"", length: int = 24) -> Path:
    """One whose weights lie in another file, by that name; `content`: of that, None where it is there."""
    model = onnx_model()
    (weights,) = model.graph.initializer
    if content is not None:
        (path.parent / location).write_bytes(content or weights.raw_data)
    weights.ClearField("raw_data")
    weights.data_location = 1
    for key, value in (("location", location), ("offset", "0"), ("length", str(length))):
        weights.external_data.add(key=key, value=value)
    path.write_bytes(model.SerializeToString())
    return path


def keras_model(*, open_image: bool = False) -> Any:
    """A convolution, its normalisation, and a dense layer over 8 x 8 images; weights that are no zeros."""
    import keras  # noqa: PLC0415

    keras.utils.set_random_seed(3)
    side = None if open_image else 8
    image = keras.Input((side, side, 3), name="image")
    maps = keras.layers.Conv2D(4, 3, padding="same", use_bias=False, name="maps")(image)
    normal = keras.layers.BatchNormalization(name="normal")(maps)
    pooled = keras.layers.GlobalAveragePooling2D(name="pooled")(keras.layers.ReLU(name="cut")(normal))
    model = keras.Model(image, keras.layers.Dense(5, activation="softmax", name="classes")(pooled))
    random = np.random.default_rng(3)
    model.get_layer("normal").moving_mean.assign(random.normal(size=4))
    model.get_layer("normal").moving_variance.assign(random.uniform(0.5, 2, 4))
    return model


def sequential_model() -> Any:
    """Two dense layers, of which the first is in a Sequential model of its own."""
    import keras  # noqa: PLC0415

    inner = keras.Sequential([keras.Input((8,)), keras.layers.Dense(3, activation="relu")])
    return keras.Sequential([keras.Input((8,)), inner, keras.layers.Dense(2, name="scores")])


def words_model() -> Any:
    """An embedding of 7 words and their mean."""
    import keras  # noqa: PLC0415

    keras.utils.set_random_seed(4)
    words = keras.Input((6,), dtype="int32", name="words")
    mean = keras.layers.GlobalAveragePooling1D()(keras.layers.Embedding(7, 4)(words))
    return keras.Model(words, keras.layers.Dense(2)(mean))
