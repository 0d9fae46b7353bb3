"""Recurrent layers in TensorFlow: the inputs' product for all steps at once, then a loop over the recurrent one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from howfar.graphs.graph import Gru, Lstm

States = tuple[Any, ...]


def lstm(operation: Lstm, x: Any, weights: Any, recurrent: Any, biases: Any) -> Any:
    """Gates in the order input, forget, cell, output."""

    def step(row: Any, states: States) -> States:
        output, cell = states
        gates = tf.split(row + tf.matmul(output, recurrent), 4, axis=1)
        cell = tf.sigmoid(gates[1]) * cell + tf.sigmoid(gates[0]) * tf.tanh(gates[2])
        return tf.sigmoid(gates[3]) * tf.tanh(cell), cell

    return _looped(operation, _rows(x, weights, biases), 2, step)


def gru(operation: Gru, x: Any, weights: Any, recurrent: Any, biases: Any) -> Any:
    """Gates in the order update, reset, candidate."""

    def step(row: Any, states: States) -> States:
        (output,) = states
        own = tf.split(row, 3, axis=1)
        other = tf.split(tf.nn.bias_add(tf.matmul(output, recurrent), biases[1]), 3, axis=1)
        update, reset = (tf.sigmoid(own[i] + other[i]) for i in (0, 1))
        candidate = tf.tanh(own[2] + reset * other[2])
        return (update * output + (1.0 - update) * candidate,)

    return _looped(operation, _rows(x, weights, biases[0]), 1, step)


def _rows(x: Any, weights: Any, biases: Any) -> Any:
    """(steps, n, gates): LiteRT has no other product of three axes by two that is as fast."""
    n, steps, inputs = x.shape
    rows = tf.reshape(tf.transpose(x, (1, 0, 2)), (steps * n, inputs))
    return tf.reshape(tf.nn.bias_add(tf.matmul(rows, weights), biases), (steps, n, weights.shape[1]))


def _looped(operation: Lstm | Gru, rows: Any, count: int, step: Callable[[Any, States], States]) -> Any:
    """A loop, not its steps in a row: these would have the recurrent weights once per step in a LiteRT file."""
    steps, n = rows.shape[:2]
    states: States = (tf.zeros((n, operation.units)),) * count
    if not operation.sequences:
        return _last(rows, states, step, backwards=operation.backwards)
    outputs = tf.TensorArray(tf.float32, steps, element_shape=(n, operation.units))

    def body(i: Any, outputs: Any, *states: Any) -> Sequence[Any]:
        place = steps - 1 - i if operation.backwards else i
        after = step(rows[place], states)
        return (i + 1, outputs.write(place, after[0]), *after)

    _, outputs, *_ = tf.while_loop(lambda i, *_: i < steps, body, (0, outputs, *states), maximum_iterations=steps)
    return tf.transpose(outputs.stack(), (1, 0, 2))


def _last(rows: Any, states: States, step: Callable[[Any, States], States], *, backwards: bool) -> Any:
    steps = rows.shape[0]

    def body(i: Any, *states: Any) -> Sequence[Any]:
        return (i + 1, *step(rows[steps - 1 - i if backwards else i], states))

    _, output, *_ = tf.while_loop(lambda i, *_: i < steps, body, (0, *states), maximum_iterations=steps)
    return output


RECURRENT: Mapping[type, Callable[..., Any]] = {Lstm: lstm, Gru: gru}
