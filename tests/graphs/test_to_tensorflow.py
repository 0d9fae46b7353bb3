"""The graph written as a SavedModel and as a LiteRT file, and run from there."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from graphs.evaluating import evaluate
from graphs.running import apart, drawn
from howfar.graphs import from_saved_model, to_saved_model, to_tflite
from howfar.graphs.building import Builder
from howfar.graphs.graph import (
    Activation,
    BatchNorm,
    Binary,
    Concat,
    Convolution,
    Dense,
    Gather,
    Graph,
    Gru,
    LayerNorm,
    Lstm,
    MatMul,
    Pad,
    Pool,
    PRelu,
    Reduce,
    Reshape,
    Resize,
    Slice,
    Softmax,
    Transpose,
    TransposedConvolution,
    Unary,
    Unreadable,
)  # fmt: skip
from howfar.records import TensorSpec


def some(*shape: int) -> Any:
    return np.random.default_rng(3).normal(size=shape).astype(np.float32)


def images() -> Graph:
    """Every operation on images; names that TensorFlow does not take."""
    b = Builder([TensorSpec("image:0", (2, 9, 8, 4))])
    x = b.add(Convolution(margins=((1, 1), (0, 2))), "image:0", b.constant(some(3, 3, 4, 6)), b.constant(some(6)))
    x = b.add(Activation("hard_silu"), b.add(BatchNorm(0.01), x, *(b.constant(np.abs(some(6)) + i) for i in range(4))))
    x = b.add(Convolution(strides=(2, 2), margins=((0, 1), (1, 1)), groups=6), x, b.constant(some(3, 3, 1, 6)))
    y = b.add(Convolution(groups=2), x, b.constant(some(1, 1, 3, 6)), b.constant(some(6)))
    x = b.add(Binary("add"), x, b.add(PRelu(), y, b.constant(some(6))))
    x = b.add(TransposedConvolution((2, 2), ((1, 1), (0, 1))), x, b.constant(some(3, 3, 5, 6)), b.constant(some(5)))
    x = b.add(Pool("max", (3, 3), (2, 2), ((1, 1), (1, 1))), x)
    average = b.add(Pool("average", (3, 3), (1, 1), ((2, 1), (1, 1))), x)
    counting = b.add(Pool("average", (3, 3), (1, 1), ((2, 1), (1, 1)), margin_counts=True), x)
    x = b.add(Concat(3), average, counting)
    x = b.add(Resize((10, 12), "bilinear"), b.add(Resize((8, 9), "nearest", half_pixel=False), x))
    x = b.add(Pad(((0, 0), (1, 0), (0, 2), (0, 0)), mode="reflect"), x)
    x = b.add(Pad(((0, 0), (1, 3), (0, 2), (0, 0)), mode="edge"), x)
    x = b.add(Slice((0, 1, 0, 2), (2, 9, 12, 9), (1, 2, 3, 1)), x)
    return b.finish([b.add(Softmax(1), b.add(Reduce("mean", (1, 2)), x)), b.add(Activation("mish"), x)])


def rows() -> Graph:
    """Everything else: two inputs, one of numbers of words."""
    b = Builder([TensorSpec("words", (2, 5), "int32"), TensorSpec("x", (2, 5, 4))])
    table = b.add(Gather(0), b.constant(some(7, 4)), "words")
    x = b.add(LayerNorm(1e-3), b.add(Binary("add"), table, "x"), b.constant(some(4)), b.constant(some(4)))
    both = [b.add(kind(3, True, back), x, *arrays(b, kind)) for kind in (Lstm, Gru) for back in (False, True)]
    last = [b.add(kind(3, False, back), x, *arrays(b, kind)) for kind in (Lstm, Gru) for back in (False, True)]
    x = b.add(Activation("gelu"), b.add(Dense(), b.add(Concat(2), *both), b.constant(some(12, 6)), b.constant(some(6))))
    products = b.add(Softmax(2), b.add(MatMul(transpose_b=True), x, x))
    x = b.add(Transpose((0, 2, 1)), b.add(MatMul(), products, x))
    x = b.add(Unary("sqrt"), b.add(Unary("square"), b.add(Reshape((2, 30)), x)))
    return b.finish([x, b.add(Concat(1), *last)])


def arrays(b: Builder, kind: type) -> list[str]:
    gates = 12 if kind is Lstm else 9
    biases = some(gates) if kind is Lstm else some(2, gates)
    return [b.constant(array) for array in (some(4, gates), some(3, gates), biases)]


@pytest.mark.parametrize("graph", [images(), rows()], ids=["images", "rows"])
def test_a_saved_model_gives_the_same(tmp_path: Path, graph: Graph) -> None:
    files = to_saved_model.write(graph, tmp_path)
    assert {"saved_model.pb", "variables/variables.index"} <= set(files)
    assert all((tmp_path / name).is_file() for name in files)
    function = tf.saved_model.load(str(tmp_path)).signatures["serving_default"]
    x = drawn(graph)
    found = function(**dict(zip(to_saved_model.names(graph), map(tf.constant, x), strict=True)))
    for name, right in zip(graph.outputs, evaluate(graph, x), strict=True):
        assert apart(found[name].numpy(), right) < 1e-5


# TensorFlow's own interpreter says that it will be taken out; the package that follows it is not a part of howfar.
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("graph", [images(), rows()], ids=["images", "rows"])
def test_a_litert_file_gives_the_same(tmp_path: Path, graph: Graph) -> None:
    assert to_tflite.write(graph, tmp_path) == ("model.tflite",)
    x = drawn(graph)
    for found, right in zip(interpreted(tmp_path / "model.tflite", graph, x), evaluate(graph, x), strict=True):
        assert apart(found, right) < 1e-5


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_litert_file_is_made_of_the_savedmodel_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph, beside = images(), tmp_path / "saved-model"
    to_saved_model.write(graph, beside)
    monkeypatch.setattr(to_saved_model, "write", None)
    to_tflite.write(graph, tmp_path, beside)
    x = drawn(graph)
    for found, right in zip(interpreted(tmp_path / "model.tflite", graph, x), evaluate(graph, x), strict=True):
        assert apart(found, right) < 1e-5


def interpreted(path: Path, graph: Graph, x: Sequence[Any]) -> list[Any]:
    """By the signature that the converter writes; outputs in the graph's order."""
    interpreter = tf.lite.Interpreter(str(path))
    runner = interpreter.get_signature_runner()
    found = runner(**dict(zip(to_saved_model.names(graph), x, strict=True)))
    return [found[name] for name in graph.outputs]


def test_what_litert_lacks_is_named(tmp_path: Path) -> None:
    b = Builder([TensorSpec("x", (2, 3))])
    graph = b.finish([b.add(Unary("erf"), "x")])
    with pytest.raises(Unreadable, match="Erf"):
        to_tflite.write(graph, tmp_path)


def test_what_is_written_reads_again(tmp_path: Path) -> None:
    """A signature has its outputs in the order of their names."""
    written = images()
    to_saved_model.write(written, tmp_path)
    graph = from_saved_model.read(tmp_path, {})
    x = drawn(graph)
    right = dict(zip(written.outputs, evaluate(written, x), strict=True))
    for found, name in zip(evaluate(graph, x), sorted(right), strict=True):
        assert apart(found, right[name]) < 1e-5
