"""The graph written as a LiteRT file, and run from there by TensorFlow Lite's interpreter."""

from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

from graphs.evaluating import evaluate
from graphs.everything import choices, images, rows, some
from graphs.running import apart, drawn
from howfar.graphs import tflite_converter, to_saved_model, to_tflite
from howfar.graphs.building import Builder
from howfar.graphs.graph import (
    Activation,
    ActivationName,
    Binary,
    BinaryName,
    Cast,
    Clip,
    Concat,
    Convolution,
    Dense,
    Gather,
    Graph,
    Lstm,
    MatMul,
    Operation,
    Pad,
    Pool,
    Reduce,
    Slice,
    Softmax,
    Transpose,
    TransposedConvolution,
    Unary,
    UnaryName,
    Unreadable,
)
from howfar.graphs.ordering import in_order
from howfar.graphs.writers import WRITERS
from howfar.handed import TensorSpec
from howfar.portfolio import FormName

# TensorFlow's own interpreter says that it will be taken out; the package that follows it is not a part of howfar.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

FILE = tflite_converter.FILE
# No file of this format holds it: its builtin operators have none.
LACKED: UnaryName = "erf"


def given(folder: Path, x: Sequence[Any]) -> list[Any]:
    """What comes out, in the file's order."""
    interpreter = tf.lite.Interpreter(str(folder / FILE))
    interpreter.allocate_tensors()
    for place, array in zip(interpreter.get_input_details(), x, strict=True):
        interpreter.set_tensor(place["index"], array.astype(np.int32) if array.dtype == np.int64 else array)
    interpreter.invoke()
    return [interpreter.get_tensor(place["index"]) for place in interpreter.get_output_details()]


def demand_right(graph: Graph, folder: Path, bound: float = 1e-5) -> None:
    """What is written gives what NumPy gives."""
    assert to_tflite.write(graph, folder) == (FILE,)
    x = drawn(graph)
    for found, right in zip(given(folder, x), evaluate(graph, x), strict=True):
        assert apart(found, right) < bound


def of(operation: Operation, *shapes: tuple[int, ...], positive: bool = False) -> Graph:
    """A graph of one operation on an input and constants of these shapes; of numbers above 0 where it must be so."""
    b = Builder([TensorSpec("x", shapes[0])])
    x = b.add(Binary("add"), b.add(Unary("abs"), "x"), b.constant(np.float32(0.1))) if positive else "x"
    taken = [some(*shape) for shape in shapes[1:]]
    return b.finish([b.add(operation, x, *(b.constant(np.abs(one) + 0.1 if positive else one) for one in taken))])


@pytest.mark.parametrize("graph", [images(), rows(loops=False), choices()], ids=["images", "rows", "choices"])
def test_every_kind_of_operation_gives_the_same(tmp_path: Path, graph: Graph) -> None:
    demand_right(graph, tmp_path)


@pytest.mark.parametrize("kind", get_args(ActivationName))
def test_every_activation(tmp_path: Path, kind: ActivationName) -> None:
    demand_right(of(Activation(kind, 0.3 if kind in ("leaky_relu", "elu") else 1.0), (3, 40)), tmp_path)


@pytest.mark.parametrize("kind", sorted({*get_args(UnaryName)} - {LACKED}))
def test_every_function_of_one_number(tmp_path: Path, kind: UnaryName) -> None:
    demand_right(of(Unary(kind), (3, 40), positive=True), tmp_path)


@pytest.mark.parametrize("kind", get_args(BinaryName))
@pytest.mark.parametrize("second", [(4,), (2, 1, 4), ()])
def test_every_function_of_two_numbers(tmp_path: Path, kind: BinaryName, second: tuple[int, ...]) -> None:
    demand_right(of(Binary(kind), (2, 3, 4), second, positive=True), tmp_path)


@pytest.mark.parametrize("kind", ["mean", "max", "min", "sum", "prod"])
@pytest.mark.parametrize("keep", [False, True])
def test_every_reduction(tmp_path: Path, kind: Any, keep: bool) -> None:
    demand_right(of(Reduce(kind, (1, 2), keep), (2, 3, 4, 5)), tmp_path)


@pytest.mark.parametrize("operation", [
    Clip(0.0, 6.0), Clip(0.0, inf), Clip(-0.5, 0.5), Clip(-inf, 0.2), Clip(-0.2, inf), Softmax(0), Softmax(3),
    Pad(((0, 0), (1, 2), (0, 1), (0, 0)), 3.0), Pad(((0, 0), (1, 2), (2, 1), (0, 0)), mode="reflect"),
    Pad(((1, 0), (1, 2), (2, 1), (0, 3)), mode="edge"), Slice((0, 1, 0, 2), (2, 7, 8, 4), (1, 3, 2, 1)),
    Slice((0, 1, 0, 2), (2, 7, 8, 4), (1, 1, 1, 1)), Cast("int32"),
    Pool("max", (3, 2), (2, 1)), Pool("average", (3, 3), (2, 2), ((1, 1), (0, 1))),
    Pool("max", (3, 3), (2, 2), ((2, 0), (1, 1))),
    Pool("average", (2, 2), (1, 1), ((1, 0), (0, 1)), margin_counts=True),
])  # fmt: skip
def test_of_one_image(tmp_path: Path, operation: Operation) -> None:
    demand_right(of(operation, (2, 8, 9, 5)), tmp_path)


@pytest.mark.parametrize(("operation", "kernel"), [
    (Convolution(), (3, 2, 4, 6)),
    (Convolution((2, 1), (1, 1), ((1, 1), (0, 1))), (3, 2, 4, 6)),
    (Convolution((1, 1), (2, 3), ((2, 2), (3, 3))), (3, 3, 4, 6)),
    (Convolution((2, 2), (1, 1), ((0, 3), (2, 0))), (3, 3, 4, 6)),
    (Convolution((1, 2), (1, 1), ((1, 1), (1, 1)), groups=4), (3, 3, 1, 4)),
    (Convolution((1, 1), (2, 2), groups=4), (3, 3, 1, 12)),
    (Convolution(groups=2), (3, 3, 2, 6)),
    (TransposedConvolution((2, 2)), (3, 3, 6, 4)),
    (TransposedConvolution((2, 3), ((1, 0), (2, 1))), (3, 4, 6, 4)),
])  # fmt: skip
@pytest.mark.parametrize("biased", [False, True])
def test_convolutions(tmp_path: Path, operation: Operation, kernel: tuple[int, ...], biased: bool) -> None:
    filters = kernel[2] if isinstance(operation, TransposedConvolution) else kernel[3]
    demand_right(of(operation, (2, 9, 8, 4), kernel, *([(filters,)] if biased else [])), tmp_path)


@pytest.mark.parametrize(("operation", "shapes"), [
    (Dense(), ((3, 4), (4, 5))), (Dense(), ((3, 4), (4, 5), (5,))), (Dense(), ((2, 3, 4), (4, 5), (5,))),
    (MatMul(), ((2, 3, 4), (4, 5))), (MatMul(transpose_b=True), ((2, 3, 4), (5, 4))),
    (MatMul(transpose_a=True), ((2, 4, 3), (2, 4, 5))), (MatMul(), ((2, 3, 4), (2, 4, 5))),
])  # fmt: skip
def test_products(tmp_path: Path, operation: Operation, shapes: Sequence[tuple[int, ...]]) -> None:
    demand_right(of(operation, *shapes), tmp_path)


def test_weights_that_are_worked_out_and_those_that_two_take_in_two_layouts(tmp_path: Path) -> None:
    b = Builder([TensorSpec("x", (3, 4)), TensorSpec("w", (4, 5))])
    biases, weights = b.constant(some(5)), b.constant(some(4, 5))
    own = b.add(Dense(), "x", "w", biases)
    both = [b.add(Dense(), "x", weights, biases), b.add(Binary("multiply"), "w", weights)]
    demand_right(b.finish([b.add(Concat(0), own, *both)]), tmp_path)


def test_an_activation_goes_into_the_product_before_it(tmp_path: Path) -> None:
    b = Builder([TensorSpec("x", (1, 6, 6, 3))])
    made = b.add(Convolution(), "x", b.constant(some(3, 3, 3, 4)), b.constant(some(4)))
    demand_right(b.finish([b.add(Activation("relu"), made)]), tmp_path)
    (graph,) = read(tmp_path).subgraphs
    assert [one.builtinOptions.fusedActivationFunction for one in graph.operators] == [
        schema.ActivationFunctionType.RELU
    ]


def test_what_takes_it_is_told_its_names_and_finds_its_weights_aligned(tmp_path: Path) -> None:
    graph = images()
    to_tflite.write(graph, tmp_path)
    model = read(tmp_path)
    (signature,) = model.signatureDefs
    assert [one.name.decode() for one in signature.inputs] == [spec.name for spec in graph.inputs]
    assert [one.name.decode() for one in signature.outputs] == list(graph.outputs)
    contents = (tmp_path / FILE).read_bytes()
    found = schema.Model.GetRootAs(contents, 0)
    vectors = [found.Buffers(place).DataAsNumpy() for place in range(found.BuffersLength())]
    own = np.frombuffer(contents, np.uint8).ctypes.data
    places = [one.ctypes.data - own for one in vectors if isinstance(one, np.ndarray)]
    assert len(places) > 20 and {place % 16 for place in places} == {0}


def test_no_weight_is_there_twice(tmp_path: Path) -> None:
    b = Builder([TensorSpec("x", (1, 64))])
    weights, x = b.constant(some(64, 64)), "x"
    for _ in range(5):
        x = b.add(Dense(), x, weights)
    demand_right(b.finish([x]), tmp_path, bound=1e-4)
    assert (tmp_path / FILE).stat().st_size < 1.5 * 4 * 64 * 64


def read(folder: Path) -> Any:
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs((folder / FILE).read_bytes(), 0))


def test_what_litert_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="no erf"):
        to_tflite.write(of(Unary(LACKED), (2, 3)), tmp_path)


def test_what_is_too_large_for_the_format_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(to_tflite, "MOST_BYTES", 100)
    with pytest.raises(Unreadable, match="a LiteRT file holds 2"):
        to_tflite.write(of(Dense(), (3, 4), (4, 50)), tmp_path)


def test_whole_numbers_are_of_32_bits(tmp_path: Path) -> None:
    """LiteRT.js takes no others from a page."""
    b = Builder([TensorSpec("i", (2, 3), "int64"), TensorSpec("x", (2, 3))])
    shifted = b.add(Binary("add"), "i", b.constant(np.array(1, np.int64)))
    looked_up = b.add(Gather(0), b.constant(some(5, 4)), shifted)
    demand_right(b.finish([looked_up, b.add(Cast("int64"), "x"), shifted]), tmp_path)
    (graph,) = read(tmp_path).subgraphs
    assert schema.TensorType.INT64 not in [one.type for one in graph.tensors]


def test_what_needs_64_bits_is_refused(tmp_path: Path) -> None:
    b = Builder([TensorSpec("i", (2, 3), "int64")])
    with pytest.raises(Unreadable, match="whole numbers beyond 32 bits"):
        to_tflite.write(b.finish([b.add(Binary("add"), "i", b.constant(np.array(2**40, np.int64)))]), tmp_path)


def test_loops_are_left_to_tensorflow_s_converter(tmp_path: Path) -> None:
    graph = in_order(rows())
    to_tflite.write(graph, tmp_path)
    x = drawn(graph)
    runner = tf.lite.Interpreter(str(tmp_path / FILE)).get_signature_runner()
    found = runner(**dict(zip(to_saved_model.names(graph), x, strict=True)))
    for name, right in zip(graph.outputs, evaluate(graph, x), strict=True):
        assert apart(found[name], right) < 1e-5


def test_whole_numbers_before_a_loop_are_of_32_bits_too(tmp_path: Path) -> None:
    b = Builder([TensorSpec("ids", (2, 5), "int64")])
    embedded = b.add(Gather(0), b.constant(some(6, 4)), "ids")
    arrays = [b.constant(some(4, 12)), b.constant(some(3, 12)), b.constant(some(12))]
    demand_right(b.finish([b.add(Lstm(3, False), embedded, *arrays)]), tmp_path)
    assert tf.lite.Interpreter(str(tmp_path / FILE)).get_input_details()[0]["dtype"] == np.int32


def test_of_loops_the_outputs_come_as_the_graph_has_them(tmp_path: Path) -> None:
    """The converter has an order of its own."""
    b = Builder([TensorSpec("x", (2, 5, 4))])
    arrays = [b.constant(some(4, 12)), b.constant(some(3, 12)), b.constant(some(12))]
    every, last = b.add(Lstm(3, True), "x", *arrays), b.add(Lstm(3, False), "x", *arrays)
    turned = b.add(Transpose((1, 0, 2)), every)
    for outputs in ([turned, last], [last, turned, every]):
        demand_right(b.finish(outputs), tmp_path)


@pytest.mark.parametrize("operation", [Clip(0.0, 3.0), Activation("relu"), Unary("abs")])
@pytest.mark.parametrize("form", WRITERS)
def test_functions_of_whole_numbers_are_refused_by_name(tmp_path: Path, operation: Operation, form: FormName) -> None:
    b = Builder([TensorSpec("x", (2, 3), "int32")])
    graph = b.finish([b.add(operation, "x")])
    with pytest.raises(Unreadable, match=r"(clip|relu|abs) of int32; howfar writes it of float32"):
        WRITERS[form](graph, tmp_path)


def test_more_axes_than_litert_takes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="a tensor of 7 axes; LiteRT takes 6"):
        to_tflite.write(of(Unary("exp"), (1, 2, 1, 2, 1, 2, 2)), tmp_path)


def test_the_converter_s_refusal_names_the_operator(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="Erf"):
        tflite_converter.write(of(Unary(LACKED), (2, 3)), tmp_path)
