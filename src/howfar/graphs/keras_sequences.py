"""Keras's layers that go along steps: recurrent ones, attention, and those that wrap another."""

from collections.abc import Sequence
from math import sqrt
from typing import Any

import numpy as np

from howfar.graphs.graph import Binary, BinaryName, Concat, Dense, Gather, Gru, Lstm, MatMul, Softmax, Transpose
from howfar.graphs.keras_building import Handler, KerasBuilder, numbers, refuse


def recurrent(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    """An LSTM or a GRU, forwards or backwards, from a state of zeros."""
    _check(layer, inputs)
    made = _unrolled(b, layer, inputs[0])
    return _reversed(b, made) if layer.go_backwards and layer.return_sequences else made


def _check(layer: Any, inputs: Sequence[str]) -> None:
    if len(inputs) != 1 or layer.return_state or layer.stateful:
        refuse(layer, "keeps, takes or returns its state, which is not read")
    if layer.activation.__name__ != "tanh" or layer.recurrent_activation.__name__ != "sigmoid":
        refuse(layer, "has other activations than tanh and sigmoid")
    if type(layer).__name__ == "GRU" and not layer.reset_after:
        refuse(layer, "resets before the recurrent product (reset_after=False)")


def _unrolled(b: KerasBuilder, layer: Any, x: str) -> str:
    """In the order of the input's steps, whichever way it goes."""
    is_lstm = type(layer).__name__ == "LSTM"
    cell, units = layer.cell, layer.units
    shape = (4 * units,) if is_lstm else (2, 3 * units)
    biases = b.weight(cell.bias) if layer.use_bias else b.filled(0.0, shape)
    operation = (Lstm if is_lstm else Gru)(units, layer.return_sequences, layer.go_backwards)
    return b.add(operation, x, b.weight(cell.kernel), b.weight(cell.recurrent_kernel), biases)


def _reversed(b: KerasBuilder, x: str) -> str:
    backwards = np.arange(b.shapes[x][1] - 1, -1, -1, dtype=np.int32)
    return b.add(Gather(1), x, b.constant(backwards, "backwards"))


def bidirectional(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str | list[str]:
    """Both ways at once; what comes of a step lies at that step."""
    ways = (layer.forward_layer, layer.backward_layer)
    if any(type(way).__name__ not in ("LSTM", "GRU") for way in ways):
        refuse(layer, "wraps another layer than an LSTM or a GRU")
    for way in ways:
        _check(way, inputs)
    both = [_unrolled(b, way, inputs[0]) for way in ways]
    if layer.merge_mode is None:
        return both
    if layer.merge_mode == "concat":
        return b.add(Concat(len(b.shapes[both[0]]) - 1), *both)
    kind: BinaryName = "multiply" if layer.merge_mode == "mul" else "add"
    made = b.add(Binary(kind), *both)
    return b.scalar("multiply", made, 0.5) if layer.merge_mode == "ave" else made


def time_distributed(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    """One layer for every step: a sample and a step are one sample more."""
    (x,) = inputs
    samples, steps, *rest = b.shapes[x]
    inner = layer.layer
    if type(inner).__name__ == "Dense":
        return b.layer(inner, [x])[0]
    made = b.layer(inner, [b.reshape(x, (samples * steps, *rest))])
    return b.reshape(made[0], (samples, steps, *b.shapes[made[0]][1:]))


def attention(b: KerasBuilder, layer: Any, inputs: Sequence[str]) -> str:
    """query, value and (the value, where there is none) key: each (n, steps, features), by heads of their own."""
    query, value, *rest = inputs
    key = rest[0] if rest else value
    if any(len(b.shapes[x]) != 3 for x in inputs) or getattr(layer, "_use_gate", False):
        refuse(layer, "attends over several axes, or has a gate")
    if getattr(layer, "_sliding_window", None) is not None:
        refuse(layer, "has a sliding window")
    parts = ((query, "query"), (key, "key"), (value, "value"))
    heads = [_heads(b, getattr(layer, f"_{name}_dense"), x) for x, name in parts]
    scores = b.scalar("multiply", b.add(MatMul(transpose_b=True), heads[0], heads[1]), 1 / sqrt(layer.key_dim))
    mixed = b.add(Transpose((0, 2, 1, 3)), b.add(MatMul(), b.add(Softmax(3), scores), heads[2]))
    samples, steps, count, size = b.shapes[mixed]
    return _projected(b, layer._output_dense, b.reshape(mixed, (samples, steps, count * size)), count * size)


def _heads(b: KerasBuilder, dense: Any, x: str) -> str:
    """(n, steps, features) to (n, heads, steps, size)."""
    features, heads, size = dense.kernel.shape
    made = b.reshape(_projected(b, dense, x, features), (*b.shapes[x][:2], heads, size))
    return b.add(Transpose((0, 2, 1, 3)), made)


def _projected(b: KerasBuilder, dense: Any, x: str, features: int) -> str:
    units = numbers(dense.kernel).size // features
    biases = [] if dense.bias is None else [b.weight(dense.bias, (units,))]
    return b.add(Dense(), x, b.weight(dense.kernel, (features, units)), *biases)


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("LSTM", "GRU"), recurrent),
    "Bidirectional": bidirectional,
    "TimeDistributed": time_distributed,
    "MultiHeadAttention": attention,
}
