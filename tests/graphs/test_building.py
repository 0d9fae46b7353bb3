"""Shapes, names, and what graphs count."""

import numpy as np
import pytest

from howfar.graphs import counting
from howfar.graphs.building import Builder, plain_name, same_margins, shape_of
from howfar.graphs.graph import (
    Activation,
    Convolution,
    Dense,
    Gru,
    Lstm,
    MatMul,
    Operation,
    Pool,
    Reduce,
    Slice,
    TransposedConvolution,
    Unreadable,
)
from howfar.handed import TensorSpec
from howfar.layers import Shape

SHAPES: list[tuple[Operation, list[Shape], Shape]] = [
    (Convolution((2, 2), margins=((0, 1), (0, 1))), [(1, 224, 224, 3), (3, 3, 3, 32)], (1, 112, 112, 32)),
    (Convolution(dilations=(2, 2)), [(1, 9, 9, 3), (3, 3, 3, 8)], (1, 5, 5, 8)),
    (TransposedConvolution((2, 2), ((0, 1), (0, 1))), [(1, 7, 7, 8), (3, 3, 4, 8)], (1, 14, 14, 4)),
    (MatMul(transpose_a=True, transpose_b=True), [(5, 1, 3, 2), (4, 6, 3)], (5, 4, 2, 6)),
    (Pool("max", (3, 3), (2, 2), ((1, 1), (1, 1))), [(1, 112, 112, 64)], (1, 56, 56, 64)),
    (Reduce("mean", (1, 2)), [(2, 7, 7, 5)], (2, 5)),
    (Reduce("mean", (1, 2), keep=True), [(2, 7, 7, 5)], (2, 1, 1, 5)),
    (Slice((0, 1), (2, 9), (1, 3)), [(2, 9)], (2, 3)),
    (Lstm(4, sequences=True), [(2, 6, 5), (5, 16), (4, 16), (16,)], (2, 6, 4)),
]


@pytest.mark.parametrize(("operation", "shapes", "made"), SHAPES)
def test_shapes(operation: Operation, shapes: list[Shape], made: Shape) -> None:
    assert shape_of(operation, shapes) == made


@pytest.mark.parametrize(
    ("length", "size", "stride", "margins"),
    [(224, 3, 2, (0, 1)), (225, 3, 2, (1, 1)), (7, 2, 1, (0, 1)), (8, 1, 2, (0, 0)), (5, 2, 3, (0, 0))],
)
def test_same_padding_is_tensorflows(length: int, size: int, stride: int, margins: tuple[int, int]) -> None:
    assert same_margins((length, length), (size, size), (stride, stride)) == (margins, margins)


def test_names_are_plain_and_there_once() -> None:
    b = Builder([TensorSpec("dense", (1, 3))])
    b.scope = "dense"
    weights = b.constant(np.ones((3, 3)), "kernel")
    names = [b.add(Dense(), "dense", weights) for _ in range(2)]
    assert [weights, *names] == ["dense_kernel", "dense_1", "dense_2"]
    assert plain_name("block/1:conv-2") == "block_1_conv_2"
    assert plain_name("1x") == "n1x"


def test_outputs_come_out_of_nodes_of_their_own() -> None:
    b = Builder([TensorSpec("x", (1, 3))])
    made = b.add(Activation("relu"), "x")
    graph = b.finish([made, made, "x"])
    assert len({*graph.outputs, "x"}) == 4
    assert [graph.shapes[name] for name in graph.outputs] == [(1, 3)] * 3


def test_what_a_graph_has_no_type_for_is_refused() -> None:
    b = Builder([])
    with pytest.raises(Unreadable, match="complex64"):
        b.constant(np.ones(3, np.complex64))
    assert b.constants == {}
    with pytest.raises(Unreadable, match="can't be reshaped"):
        b.reshape(b.constant(np.ones(3)), (2, 2))


def test_a_window_that_does_not_fit_is_refused() -> None:
    b = Builder([TensorSpec("x", (1, 2, 2, 1))])
    with pytest.raises(Unreadable, match="gives nothing"):
        b.add(Pool("max", (3, 3), (1, 1)), "x")


def test_multiply_adds() -> None:
    b = Builder([TensorSpec("x", (2, 8, 8, 4)), TensorSpec("steps", (2, 6, 5))])
    full = b.add(Convolution(), "x", b.constant(np.ones((3, 3, 4, 16))))
    grouped = b.add(Convolution(groups=4), "x", b.constant(np.ones((3, 3, 1, 8))))
    dense = b.add(Dense(), full, b.constant(np.ones((16, 10))), b.constant(np.ones(10)))
    spread = b.add(TransposedConvolution((2, 2)), "x", b.constant(np.ones((2, 2, 3, 4))))
    product = b.add(MatMul(transpose_b=True), "steps", "steps")
    weights = [b.constant(np.ones(shape)) for shape in ((5, 16), (4, 16), (16,))]
    lstm = b.add(Lstm(4, sequences=False), "steps", *weights)
    weights = [b.constant(np.ones(shape)) for shape in ((5, 12), (4, 12), (2, 12))]
    gru = b.add(Gru(4, sequences=False), "steps", *weights)
    outputs = full, grouped, dense, spread, product, lstm, gru
    convolved = 2 * 6 * 6 * (16 * 36 + 8 * 9 + 16 * 10)
    recurrent = 2 * 6 * (9 * 16 + 9 * 12)
    assert counting.multiply_adds(b.finish(outputs)) == convolved + 2 * 8 * 8 * 4 * 12 + 2 * 6 * 6 * 5 + recurrent


def test_parameters_are_what_is_stored() -> None:
    b = Builder([TensorSpec("x", (2, 4))])
    made = b.add(Dense(), "x", b.constant(np.ones((4, 5))), b.filled(0.0, (5,)))
    b.constant(np.float32(3))
    b.constant(np.arange(9, dtype=np.int32))
    assert counting.parameters(b.finish([made])) == 20
    assert counting.operators(b.finish([made])) == {"Dense": 1}
