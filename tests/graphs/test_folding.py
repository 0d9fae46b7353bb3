"""Folding and lowering leave what comes out as it was."""

from collections.abc import Callable

import numpy as np
import pytest

from graphs.evaluating import evaluate
from howfar.graphs import lowering
from howfar.graphs.building import Builder
from howfar.graphs.folding import fold
from howfar.graphs.graph import (
    Activation,
    ActivationName,
    BatchNorm,
    Binary,
    Clip,
    Convolution,
    Dense,
    Graph,
    Gru,
    LayerNorm,
    Lstm,
    Node,
    Pad,
    Pool,
    PRelu,
    Reshape,
    Softmax,
    Transpose,
    TransposedConvolution,
)
from howfar.graphs.lowering import Rule, lower
from howfar.graphs.unrolling import recurrences
from howfar.handed import TensorSpec

DRAW = np.random.default_rng(3)
EDGES = ((0, 0), (1, 1), (1, 1), (0, 0))


def numbers(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return DRAW.normal(0, 1, shape)


def builder(*shape: int) -> Builder:
    return Builder([TensorSpec("x", shape or (2, 6, 7, 4))])


def kinds(graph: Graph) -> list[str]:
    return [type(node.operation).__name__ for node in graph.nodes]


def same(before: Graph, after: Graph) -> None:
    inputs = [numbers(*spec.shape) for spec in before.inputs]
    for mine, right in zip(evaluate(after, inputs), evaluate(before, inputs), strict=True):
        np.testing.assert_allclose(mine, right, rtol=1e-5, atol=1e-5)


def normalised(b: Builder, x: str) -> str:
    channels = b.shapes[x][-1]
    parts = numbers(channels), numbers(channels), numbers(channels), np.abs(numbers(channels)) + 0.5
    return b.add(BatchNorm(1e-3), x, *(b.constant(part) for part in parts))


def weighted(b: Builder, kind: str) -> str:
    if kind == "dense":
        return b.add(Dense(), "x", b.constant(numbers(4, 5)), b.constant(numbers(5)))
    if kind == "transposed":
        return b.add(TransposedConvolution((2, 2)), "x", b.constant(numbers(3, 3, 5, 4)))
    groups = 4 if kind == "depthwise" else 1
    return b.add(Convolution(groups=groups), "x", b.constant(numbers(3, 3, 4 // groups, 8)))


@pytest.mark.parametrize("kind", ["convolution", "depthwise", "transposed", "dense"])
def test_a_norm_goes_into_the_weights_before_it(kind: str) -> None:
    b = builder()
    graph = b.finish([b.add(Activation("relu"), normalised(b, weighted(b, kind)))])
    folded = fold(graph)
    assert len(folded.nodes) == (2 if kind == "transposed" else 1)
    assert folded.outputs == graph.outputs
    same(graph, folded)


@pytest.mark.parametrize("kind", ["add", "subtract", "multiply", "divide"])
@pytest.mark.parametrize("first", [False, True])
def test_numbers_by_channel_go_into_the_weights(kind: str, first: bool) -> None:
    b = builder()
    made, values = weighted(b, "convolution"), b.constant(np.abs(numbers(8)) + 0.5)
    pair = (values, made) if first else (made, values)
    graph = b.finish([b.add(Binary(kind), *pair)])  # type: ignore[arg-type]
    folded = fold(graph)
    assert kinds(folded) == (["Convolution", "Binary"] if (kind, first) == ("divide", True) else ["Convolution"])
    same(graph, folded)


def test_lines_in_a_row_are_one() -> None:
    """As images are scaled: three layers of it are one factor and one summand a channel."""
    b = builder()
    made = b.add(Binary("multiply"), "x", b.constant(np.float32(1 / 255)))
    made = b.add(Binary("subtract"), b.constant(numbers(4)), made)
    made = b.add(Activation("tanh"), normalised(b, b.add(Binary("divide"), made, b.constant(np.float32(3)))))
    graph = b.finish([b.add(Binary("add"), b.add(Binary("add"), made, b.constant(numbers(4))), b.constant(numbers(4)))])
    folded = fold(graph)
    assert kinds(folded) == ["Binary", "Binary", "Activation", "Binary"]
    same(graph, folded)


def test_what_is_taken_twice_stays() -> None:
    """Neither a norm nor an activation may change what another node takes."""
    b = builder()
    made = weighted(b, "convolution")
    graph = b.finish([b.add(Binary("add"), b.add(Activation("relu"), normalised(b, made)), made)])
    folded = fold(graph)
    assert kinds(folded) == ["Convolution", "Binary", "Binary", "Activation", "Binary"]
    same(graph, folded)


def test_an_output_stays_what_it_is() -> None:
    b = builder()
    made = weighted(b, "convolution")
    graph = b.finish([made, normalised(b, made)])
    same(graph, fold(graph))
    assert fold(graph).outputs == graph.outputs


def test_what_is_there_twice_is_worked_out_once() -> None:
    """Also what is the same only because what it takes is; an output stays, with its own name."""
    b = builder()
    pairs = [b.add(Activation("tanh"), b.add(Clip(0, 1), "x")) for _ in range(2)]
    graph = b.finish([b.add(Binary("add"), *pairs), b.add(Clip(0, 1), "x")])
    folded = fold(graph)
    assert kinds(folded) == ["Clip", "Activation", "Binary", "Clip"]
    assert folded.outputs == graph.outputs
    same(graph, folded)


def test_a_norm_by_itself_is_a_factor_and_a_summand() -> None:
    b = builder()
    graph = b.finish([normalised(b, b.add(Activation("tanh"), "x"))])
    assert kinds(fold(graph)) == ["Activation", "Binary", "Binary"]
    same(graph, fold(graph))


def test_zeros_at_the_edges_go_into_windows() -> None:
    b = builder()
    padded = b.add(Pad(EDGES), "x")
    made = b.add(Activation("relu"), b.add(Convolution((2, 2)), padded, b.constant(numbers(3, 3, 4, 8))))
    graph = b.finish([b.add(Pool("max", (3, 3), (2, 2)), b.add(Pad(EDGES), made))])
    folded = fold(graph)
    assert kinds(folded) == ["Convolution", "Pool"]
    same(graph, folded)


@pytest.mark.parametrize("pad", [Pad(EDGES, value=1.0), Pad(EDGES, mode="edge"), Pad(((1, 0), *EDGES[1:]))])
def test_other_edges_stay(pad: Pad) -> None:
    b = builder()
    graph = b.finish([b.add(Convolution(), b.add(pad, "x"), b.constant(numbers(3, 3, 4, 8)))])
    assert kinds(fold(graph)) == ["Pad", "Convolution"]


def test_a_maximum_keeps_edges_that_could_be_it() -> None:
    """Without a ReLU before, all of a window may be below 0."""
    b = builder()
    graph = b.finish([b.add(Pool("max", (3, 3), (2, 2)), b.add(Pad(EDGES), "x"))])
    assert kinds(fold(graph)) == ["Pad", "Pool"]


def test_identities_and_what_nothing_takes_go() -> None:
    b = builder()
    made = b.add(Reshape((2, 42, 4)), b.add(Reshape((2, 6, 7, 4)), b.add(Transpose((0, 1, 2, 3)), "x")))
    b.add(Activation("tanh"), made)
    made = b.add(Binary("multiply"), made, b.constant(np.float32(1)))
    graph = b.finish([b.add(Reshape((84, 4)), made)])
    folded = fold(graph)
    assert kinds(folded) == ["Reshape"]
    assert not folded.constants
    same(graph, folded)


def test_constants_of_constants_are_worked_out() -> None:
    b = builder()
    table = b.add(Transpose((1, 0)), b.add(Binary("add"), b.constant(numbers(5, 4)), b.constant(np.float32(1))))
    graph = b.finish([b.add(Dense(), "x", table)])
    assert kinds(fold(graph)) == ["Dense"]
    same(graph, fold(graph))


def test_only_the_activations_asked_for_are_fused() -> None:
    b = builder()
    graph = b.finish([b.add(Clip(0, 6), weighted(b, "convolution")), b.add(Activation("tanh"), weighted(b, "dense"))])
    assert kinds(fold(graph)) == ["Convolution", "Dense", "Activation"]
    tanh: tuple[ActivationName, ...] = ("tanh",)
    assert kinds(fold(graph, tanh)) == ["Convolution", "Clip", "Dense"]
    assert kinds(fold(graph, ("relu6", "tanh"), (Convolution,))) == ["Convolution", "Dense", "Activation"]
    same(graph, fold(graph, ("relu6", "tanh")))


def added(node: Callable[[Builder], str], *shape: int) -> Graph:
    b = builder(*shape)
    return b.finish([node(b)])


def recurrent(kind: type, gates: int, **options: bool) -> Callable[[Builder], str]:
    def add(b: Builder) -> str:
        biases = numbers(gates * 3) if kind is Lstm else numbers(2, gates * 3)
        weights = [b.constant(each) for each in (numbers(5, gates * 3), numbers(3, gates * 3), biases)]
        return b.add(kind(3, **options), "x", *weights)

    return add


def scaled(operation: LayerNorm) -> Callable[[Builder], str]:
    return lambda b: b.add(operation, "x", b.constant(numbers(4)), b.constant(numbers(4)))


def convolved(operation: Convolution, *kernel: int) -> Callable[[Builder], str]:
    return lambda b: b.add(operation, "x", b.constant(numbers(*kernel)), b.constant(numbers(kernel[-1])))


def active(kind: ActivationName) -> Callable[[Builder], str]:
    return lambda b: b.add(Activation(kind), "x")


COMPOSED: tuple[ActivationName, ...] = (
    "hard_sigmoid", "hard_silu", "silu", "mish", "softplus", "softsign", "selu", "gelu", "gelu_tanh",
)  # fmt: skip
LOWERED: dict[str, tuple[Rule, Graph]] = {
    "layer norm": (lowering.layer_norms, added(scaled(LayerNorm(1e-3)))),
    "prelu": (lowering.slopes, added(lambda b: b.add(PRelu(), "x", b.constant(numbers(4))))),
    "softmax": (lowering.softmaxes, added(lambda b: b.add(Softmax(1), "x"))),
    "groups": (lowering.groups, added(convolved(Convolution(groups=2), 3, 3, 2, 6))),
    "margins": (
        lowering.odd_convolutions,
        added(convolved(Convolution((2, 1), (2, 1), ((3, 0), (1, 2)), groups=4), 3, 3, 1, 8)),
    ),
    "edges": (lowering.edge_pads, added(lambda b: b.add(Pad(((1, 0), *EDGES[1:3], (2, 1)), mode="edge"), "x"))),
    "max pool": (lowering.odd_pools, added(lambda b: b.add(Pool("max", (3, 3), (2, 2), ((1, 1), (2, 0))), "x"))),
    "mean pool": (lowering.odd_pools, added(lambda b: b.add(Pool("average", (3, 3), (2, 1), ((1, 1), (2, 0))), "x"))),
    "whole mean": (
        lowering.odd_pools,
        added(lambda b: b.add(Pool("average", (3, 3), (1, 1), ((1, 1), (1, 1)), margin_counts=True), "x")),
    ),
    "dense": (lowering.flat_dense, added(lambda b: b.add(Dense(), "x", b.constant(numbers(4, 3))))),
    "lstm": (recurrences, added(recurrent(Lstm, 4, sequences=False), 2, 4, 5)),
    "lstm backwards": (recurrences, added(recurrent(Lstm, 4, sequences=True, backwards=True), 2, 4, 5)),
    "gru": (recurrences, added(recurrent(Gru, 3, sequences=True), 2, 4, 5)),
    "gru backwards": (recurrences, added(recurrent(Gru, 3, sequences=False, backwards=True), 2, 4, 5)),
    "elu": (lowering.activations("elu"), added(lambda b: b.add(Activation("elu", alpha=0.3), "x"))),
    **{kind: (lowering.activations(kind), added(active(kind))) for kind in COMPOSED},
}


@pytest.mark.parametrize("name", LOWERED)
def test_simpler_operations_give_the_same(name: str) -> None:
    rule, graph = LOWERED[name]
    lowered = lower(graph, (rule,))
    assert not {type(node.operation) for node in graph.nodes} & {type(node.operation) for node in lowered.nodes} - {
        Activation, Pool, Convolution, Dense, Softmax,
    }  # fmt: skip
    assert lowered.nodes != graph.nodes
    assert lowered.outputs == graph.outputs
    same(graph, lowered)


def test_a_lowered_node_keeps_its_activation() -> None:
    graph = added(lambda b: b.add(Dense(), "x", b.constant(numbers(4, 3))))
    node = graph.nodes[0]
    fused = Graph(graph.inputs, graph.outputs, (Node(node.output, node.operation, node.inputs, Activation("relu")),),
                  graph.constants, graph.shapes)  # fmt: skip
    lowered = lower(fused, (lowering.flat_dense,))
    assert [node.activation is None for node in lowered.nodes] == [True, True, False]
    same(fused, lowered)
