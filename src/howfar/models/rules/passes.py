"""Forward and backward through one layer of each kind, over a batch, in NumPy float64: what the rules are made of."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from howfar.layers import Conv2D, Dense, Layer, Lstm, MaxPool2D, shape_in, shape_out
from howfar.models.rules import Matrix
from howfar.models.rules.activations import FORWARD, SLOPE


class Passed(Struct, frozen=True):
    """One layer's forward pass: its input and output (batch, ...), and what its backward pass wants to remember."""

    inputs: Matrix
    outputs: Matrix
    memory: Any = None


class Gone(Struct, frozen=True):
    """One layer's backward pass: the loss's gradient by the layer's input (empty where nobody asked), and by each of
    its parameters."""

    by_inputs: Matrix
    by_parameters: Sequence[Matrix]


_NOT_ASKED = np.empty(0)


def through(layers: Sequence[Layer], parameters: Sequence[Sequence[Matrix]], inputs: Matrix) -> list[Passed]:
    """Forward through all layers, one after the other: what each made of `inputs` (batch, features)."""
    passed: list[Passed] = []
    for layer, own in zip(layers, parameters, strict=True):
        passed.append(forward(layer, own, passed[-1].outputs if passed else inputs))
    return passed


def forward(layer: Layer, parameters: Sequence[Matrix], inputs: Matrix) -> Passed:
    """`inputs` (batch, ...) in any shape that holds the layer's."""
    x = inputs.reshape(len(inputs), *shape_in(layer))
    match layer:
        case Dense():
            weights, biases = parameters
            return Passed(x, FORWARD[layer.activation](x @ weights + biases))
        case Conv2D():
            return Passed(x, FORWARD[layer.activation](_convolved(layer, parameters, x)))
        case MaxPool2D():
            squares = _squares(layer, x)
            largest = squares.argmax(axis=-1)  # the first of equal ones, row by row
            return Passed(x, np.take_along_axis(squares, largest[..., None], axis=-1)[..., 0], largest)
        case Lstm():
            states = _steps(layer, parameters, x)
            hidden = np.stack([state.hidden for state in states], axis=1)
            return Passed(x, hidden if layer.sequences else hidden[:, -1], states)
    return Passed(x, x.reshape(len(x), *shape_out(layer)))


def backward(
    layer: Layer, parameters: Sequence[Matrix], passed: Passed, by_outputs: Matrix, *, asked: bool, raw: bool = False
) -> Gone:
    """From the gradient by the layer's output. `asked`: whether the gradient by its input is wanted; `raw`:
    `by_outputs` is that by what goes into the activation, as a softmax and its loss give it together."""
    delta = by_outputs.reshape(passed.outputs.shape)
    if isinstance(layer, Dense | Conv2D) and not raw:
        delta = delta * SLOPE[layer.activation](passed.outputs)
    match layer:
        case Dense():
            by_inputs = delta @ parameters[0].T if asked else _NOT_ASKED
            return Gone(by_inputs, (passed.inputs.T @ delta, delta.sum(axis=0)))
        case Conv2D():
            return _convolved_back(layer, parameters[0], passed.inputs, delta, asked=asked)
        case MaxPool2D():
            return Gone(_unpooled(layer, passed, delta), ())
        case Lstm():
            return _steps_back(layer, parameters, passed, delta)
    return Gone(delta.reshape(passed.inputs.shape), ())


def _offsets(layer: Conv2D) -> Iterator[tuple[int, int]]:
    return ((row, column) for row in range(layer.kernel) for column in range(layer.kernel))


def _seen(layer: Conv2D, padded: Matrix, row: int, column: int) -> Matrix:
    """What one weight of the kernel meets at each place: a view (batch, height, width, channels)."""
    return padded[:, row : row + layer.height, column : column + layer.width]


def _padded(layer: Conv2D, x: Matrix) -> Matrix:
    margin = (layer.kernel // 2,) * 2
    return np.pad(x, ((0, 0), margin, margin, (0, 0)))


def _convolved(layer: Conv2D, parameters: Sequence[Matrix], x: Matrix) -> Matrix:
    weights, biases = parameters
    padded = _padded(layer, x)
    sums = np.tile(biases, (x[..., 0].size, 1))
    for row, column in _offsets(layer):
        sums += _seen(layer, padded, row, column).reshape(-1, layer.channels) @ weights[row, column]
    return sums.reshape(len(x), *shape_out(layer))


def _convolved_back(layer: Conv2D, weights: Matrix, x: Matrix, delta: Matrix, *, asked: bool) -> Gone:
    padded, flat = _padded(layer, x), delta.reshape(-1, layer.filters)
    by_weights, by_padded = np.empty_like(weights), np.zeros_like(padded)
    for row, column in _offsets(layer):
        by_weights[row, column] = _seen(layer, padded, row, column).reshape(-1, layer.channels).T @ flat
        if asked:
            _seen(layer, by_padded, row, column)[...] += (flat @ weights[row, column].T).reshape(x.shape)
    margin = layer.kernel // 2
    by_inputs = by_padded[:, margin : margin + layer.height, margin : margin + layer.width]
    return Gone(by_inputs if asked else _NOT_ASKED, (by_weights, flat.sum(axis=0)))


def _squares(layer: MaxPool2D, x: Matrix) -> Matrix:
    """(batch, rows, columns, channels, size x size): each square's numbers row by row, -inf beyond the edge."""
    rows, columns, channels = shape_out(layer)
    size = layer.size
    over = ((0, 0), (0, rows * size - layer.height), (0, columns * size - layer.width), (0, 0))
    whole = np.pad(x, over, constant_values=-np.inf)
    squares = whole.reshape(len(x), rows, size, columns, size, channels).transpose(0, 1, 3, 5, 2, 4)
    return squares.reshape(len(x), rows, columns, channels, size * size)


def _unpooled(layer: MaxPool2D, passed: Passed, delta: Matrix) -> Matrix:
    """Each square's gradient at the place of its largest number, 0 elsewhere."""
    rows, columns, channels = shape_out(layer)
    size, batch = layer.size, len(delta)
    squares = np.zeros((*delta.shape, size * size))
    np.put_along_axis(squares, passed.memory[..., None], delta[..., None], axis=-1)
    whole = squares.reshape(batch, rows, columns, channels, size, size).transpose(0, 1, 4, 2, 5, 3)
    return whole.reshape(batch, rows * size, columns * size, channels)[:, : layer.height, : layer.width]


class _Step(Struct, frozen=True):
    """One step of an LSTM: its gates (batch, units), the cell before and after, and what it gives."""

    input: Matrix
    forget: Matrix
    candidate: Matrix
    output: Matrix
    before: Matrix
    cell: Matrix
    hidden: Matrix


def _steps(layer: Lstm, parameters: Sequence[Matrix], x: Matrix) -> list[_Step]:
    weights, recurrent, biases = parameters
    sigmoid = FORWARD["sigmoid"]
    cell = hidden = np.zeros((len(x), layer.units))
    states = []
    for inputs in (x @ weights + biases).swapaxes(0, 1):
        i, f, g, o = np.split(inputs + hidden @ recurrent, 4, axis=1)
        i, f, g, o, before = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o), cell
        cell = f * cell + i * g
        hidden = o * np.tanh(cell)
        states.append(_Step(i, f, g, o, before, cell, hidden))
    return states


def _steps_back(layer: Lstm, parameters: Sequence[Matrix], passed: Passed, delta: Matrix) -> Gone:
    """Back-propagation through time."""
    weights, recurrent, _ = parameters
    x, states, zero = passed.inputs, passed.memory, np.zeros((len(passed.inputs), layer.units))
    by_hidden, by_cell, by_sums = zero, zero, np.empty((*x.shape[:2], 4 * layer.units))
    for t in reversed(range(layer.steps)):
        state = states[t]
        if layer.sequences or t == layer.steps - 1:
            by_hidden = by_hidden + (delta[:, t] if layer.sequences else delta)
        shrunk = np.tanh(state.cell)
        by_cell = by_cell + by_hidden * state.output * (1 - shrunk**2)
        by_sums[:, t] = _gates_back(state, by_cell, by_hidden * shrunk)
        by_hidden, by_cell = by_sums[:, t] @ recurrent.T, by_cell * state.forget
    before = np.stack([zero, *(state.hidden for state in states[:-1])], axis=1)
    flat = by_sums.reshape(-1, 4 * layer.units)
    gradients = (x.reshape(-1, layer.inputs).T @ flat, before.reshape(-1, layer.units).T @ flat, flat.sum(axis=0))
    return Gone(by_sums @ weights.T, gradients)


def _gates_back(state: _Step, by_cell: Matrix, by_output: Matrix) -> Matrix:
    """The gradient by the sums that go into the gates: (batch, 4 units)."""
    sigmoid, tanh = SLOPE["sigmoid"], SLOPE["tanh"]
    return np.concatenate(
        [
            by_cell * state.candidate * sigmoid(state.input),
            by_cell * state.before * sigmoid(state.forget),
            by_cell * state.input * tanh(state.candidate),
            by_output * sigmoid(state.output),
        ],
        axis=1,
    )
