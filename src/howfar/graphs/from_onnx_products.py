"""ONNX's matrix products, normalisation over the last axis, and recurrent layers."""

from collections.abc import Callable, Mapping, Sequence
from math import prod

import numpy as np

from howfar.graphs import axes, by_axes
from howfar.graphs.drafting import Array, Draft, Operand, Tensor
from howfar.graphs.from_onnx_images import normalized
from howfar.graphs.graph import Gru, Lstm, Unreadable
from howfar.graphs.reading import Handler, Step

STEPS_FIRST = (1, 0, 2)  # the order of (steps, n, inputs), which is (n, steps, inputs) in the graph


def gemm(draft: Draft, step: Step) -> Operand:
    """alpha * a * b + beta * c, either of the first two transposed."""
    alpha, beta = (step.attributes.get(name, 1.0) for name in ("alpha", "beta"))
    turns = (step.attributes.get(name, 0) for name in ("transA", "transB"))
    first, second = (_turned(draft, step[place], turn) for place, turn in enumerate(turns))
    third = step.get(2)
    if not isinstance(second, Tensor):
        second = second if alpha == 1.0 else second * np.float32(alpha)
        biases = _row(third, beta, second.shape[1])
        made = by_axes.dense(draft, first, second, biases)
        return made if biases is not None or third is None else _added(draft, made, third, beta)
    made = by_axes.product(draft, first, second)
    made = made if alpha == 1.0 else draft.binary("multiply", made, alpha)
    return made if third is None else _added(draft, made, third, beta)


def _turned(draft: Draft, operand: Operand, turn: int) -> Operand:
    if not turn:
        return operand
    return draft.transpose(operand, (1, 0)) if isinstance(operand, Tensor) else operand.T


def _row(biases: Operand | None, beta: float, units: int) -> Array | None:
    """Biases that are the same for every row."""
    if biases is None or isinstance(biases, Tensor) or prod(biases.shape[:-1]) != 1:
        return None
    return np.array(np.broadcast_to(biases.reshape(-1) * np.float32(beta), (units,)))


def _added(draft: Draft, made: Tensor, third: Operand, beta: float) -> Tensor:
    scaled = third if beta == 1.0 else draft.binary("multiply", third, beta)
    return draft.binary("add", made, scaled)


def matmul(draft: Draft, step: Step) -> Operand:
    return by_axes.product(draft, step[0], step[1])


def einsum(draft: Draft, step: Step) -> Operand:
    return by_axes.einsum(draft, step.attributes["equation"], [each for each in step.inputs if each is not None])


def layer_norm(draft: Draft, step: Step) -> Operand:
    rank = draft.rank(step[0])
    first, epsilon = axes.at(step.attributes.get("axis", -1), rank), step.attributes.get("epsilon", 1e-5)
    scale, offset = step.known(1), step.known_or(2, None)
    if any(step.wanted[1:]):
        raise Unreadable("layer normalization that gives its means")
    if first == rank - 1:
        length = draft.shape(step[0])[-1]
        whole = [np.broadcast_to(x.reshape(-1), (length,)) for x in (scale, offset) if x is not None]
        return by_axes.layer_norm(draft, step[0], whole, epsilon)
    made = draft.binary("multiply", normalized(draft, step[0], range(first, rank), epsilon), scale)
    return made if offset is None else draft.binary("add", made, offset)


def lstm(draft: Draft, step: Step) -> Sequence[Operand]:
    """Gates in the order input, output, forget, cell."""
    _refuse(draft, step, ("Sigmoid", "Tanh", "Tanh"), states=(5, 6))
    if step.get(7) is not None and np.any(step.known(7)):
        raise Unreadable("peepholes")
    if step.attributes.get("input_forget", 0) or step.wanted[2:] == (True,):
        raise Unreadable("coupled gates, or the last cell state as an output")

    def arrays(way: int, units: int) -> list[Array]:
        weights, recurrent = (_gates(step.known(place)[way].T) for place in (1, 2))
        biases = step.known_or(3, np.zeros((way + 1, 8 * units), np.float32))[way].reshape(2, -1).sum(0)
        return [weights, recurrent, _gates(biases)]

    return _recurrent(draft, step, Lstm, arrays)


def gru(draft: Draft, step: Step) -> Sequence[Operand]:
    """Gates in the order update, reset, candidate, as in the graph."""
    _refuse(draft, step, ("Sigmoid", "Tanh"), states=(5,))
    if not step.attributes.get("linear_before_reset", 0):
        raise Unreadable("a reset gate before the recurrent product (linear_before_reset 0)")

    def arrays(way: int, units: int) -> list[Array]:
        biases = step.known_or(3, np.zeros((way + 1, 6 * units), np.float32))[way].reshape(2, -1)
        return [step.known(1)[way].T, step.known(2)[way].T, biases]

    return _recurrent(draft, step, Gru, arrays)


def _gates(array: Array) -> Array:
    """From input, output, forget, cell to input, forget, cell, output."""
    i, o, f, c = np.split(array, 4, axis=-1)
    return np.concatenate([i, f, c, o], axis=-1)


def _refuse(draft: Draft, step: Step, usual: tuple[str, ...], states: Sequence[int]) -> None:
    """What the graph's recurrent layers do not have."""
    named = step.attributes.get("activations")
    if named and tuple(name.title() for name in named) != usual * (len(named) // len(usual)):
        raise Unreadable(f"activations {named}")
    if "clip" in step.attributes or step.attributes.get("layout", 0):
        raise Unreadable("clipped gates, or the batch first")
    if step.get(4) is not None and np.any(step.known(4) != draft.shape(step[0])[0]):
        raise Unreadable("sequences of several lengths")
    if any(step.get(place) is not None and np.any(step.known(place)) for place in states):
        raise Unreadable("a state at the beginning that is not 0")


def _recurrent(
    draft: Draft, step: Step, kind: type[Lstm] | type[Gru], arrays: Callable[[int, int], list[Array]]
) -> Sequence[Operand]:
    """All steps' outputs (steps, directions, n, units), and each direction's last (directions, n, units)."""
    units = step.attributes["hidden_size"]
    way = step.attributes.get("direction", "forward")
    backwards = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}[way]
    x = draft.named(step[0], STEPS_FIRST)
    constants = [[draft.constant(array) for array in arrays(i, units)] for i in range(len(backwards))]

    def run(sequences: bool) -> list[Tensor]:
        return [
            draft.add(kind(units, sequences, back), x, *names) for back, names in zip(backwards, constants, strict=True)
        ]

    steps, n = draft.shape(step[0])[:2]
    whole = [draft.transpose(draft.reshape(y, (n, steps, 1, units)), (1, 2, 0, 3)) for y in run(True)]
    last = [draft.reshape(y, (1, n, units)) for y in run(False)]
    return [each[0] if len(each) == 1 else by_axes.joined(draft, each, axis) for each, axis in ((whole, 1), (last, 0))]


HANDLERS: Mapping[str, Handler] = {
    "Gemm": gemm, "MatMul": matmul, "Einsum": einsum, "LayerNormalization": layer_norm, "LSTM": lstm, "GRU": gru,
}  # fmt: skip
