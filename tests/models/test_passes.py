"""Forward and backward through layers of every kind: by hand, by definition, and by numerical differentiation."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from howfar import layers as neutral
from howfar.layers import Conv2D, Dense, Flatten, Layer, Lstm, MaxPool2D
from howfar.models.rules import Matrix, Parameters, mini_batch, passes

Labels = NDArray[np.uint8]

CONV = Conv2D(5, 4, 2, 3, 3, "tanh")
POOL = MaxPool2D(5, 4, 3, 2)
NETWORKS: dict[str, Sequence[Layer]] = {
    "a convolution": (Conv2D(3, 3, 1, 3, 2, "relu"), Flatten(3, 3, 2), Dense(18, 4, "softmax", bias=True)),
    "convolutions and a pooling that is cut off": (
        CONV,
        Conv2D(5, 4, 3, 3, 3, "relu"),
        POOL,
        Flatten(3, 2, 3),
        Dense(18, 4, "softmax", bias=True),
    ),
    "an lstm": (Lstm(3, 2, 3, sequences=False), Dense(3, 4, "softmax", bias=True)),
    "lstms on each other": (
        Lstm(4, 2, 3, sequences=True),
        Lstm(4, 3, 2, sequences=False),
        Dense(2, 4, "softmax", bias=True),
    ),
}


def drawn(layers: Sequence[Layer], seed: int = 4) -> Parameters:
    rng = np.random.default_rng(seed)
    return [tuple(rng.normal(0, 0.7, shape) for shape in neutral.parameter_shapes(layer)) for layer in layers]


def batch(layers: Sequence[Layer], size: int = 3) -> tuple[Matrix, Labels]:
    rng = np.random.default_rng(9)
    features = int(np.prod(neutral.shape_in(layers[0])))
    return rng.normal(size=(size, features)), rng.integers(0, 4, size).astype(np.uint8)


def loss_of(layers: Sequence[Layer], parameters: Parameters, inputs: Matrix, labels: Labels) -> float:
    probabilities = passes.through(layers, parameters, inputs)[-1].outputs
    return float(-np.log(probabilities[np.arange(len(labels)), labels]).mean())


@pytest.mark.parametrize("name", NETWORKS)
def test_a_step_goes_against_the_gradient_as_numerical_differentiation_finds_it(name: str) -> None:
    """Every single weight of small networks."""
    layers, h, rate = NETWORKS[name], 1e-6, 1e-3
    inputs, labels = batch(layers)
    before, taken = drawn(layers), drawn(layers)
    loss = mini_batch.step(taken, layers, inputs, labels, rate)
    assert loss == pytest.approx(loss_of(layers, before, inputs, labels), rel=1e-12)
    for i, arrays in enumerate(before):
        for j, array in enumerate(arrays):
            for index in np.ndindex(array.shape):
                numerical = 0.0
                for sign in (1, -1):
                    moved = drawn(layers)
                    moved[i][j][index] += sign * h
                    numerical += sign * loss_of(layers, moved, inputs, labels) / (2 * h)
                change = taken[i][j][index] - array[index]
                assert change == pytest.approx(-rate * numerical, rel=1e-4, abs=1e-11), (i, j, index)


def test_a_convolution_is_what_its_definition_says() -> None:
    (weights, biases), x = drawn([CONV])[0], np.random.default_rng(1).normal(size=(2, 5, 4, 2))
    found = passes.forward(CONV, (weights, biases), x).outputs
    for n, row, column, unit in product(range(2), range(5), range(4), range(3)):
        total = biases[unit]
        for dy, dx in product((-1, 0, 1), repeat=2):
            if 0 <= row + dy < 5 and 0 <= column + dx < 4:
                total += x[n, row + dy, column + dx] @ weights[dy + 1, dx + 1, :, unit]
        assert found[n, row, column, unit] == pytest.approx(np.tanh(total), abs=1e-12)


def test_a_pooling_takes_the_largest_also_of_squares_that_are_cut_off() -> None:
    x = -np.arange(5.0 * 4 * 3).reshape(1, 5, 4, 3) - 1  # all below 0: a margin of zeros would win
    found = passes.forward(POOL, (), x).outputs
    assert found.shape == (1, 3, 2, 3)
    assert np.array_equal(found[0], x[0, ::2, ::2])


def test_a_pooling_s_gradient_goes_to_the_first_of_equal_numbers() -> None:
    layer = MaxPool2D(2, 2, 1, 2)
    passed = passes.forward(layer, (), np.ones((1, 2, 2, 1)))
    gone = passes.backward(layer, (), passed, np.full((1, 1, 1, 1), 7.0), asked=True)
    assert gone.by_inputs.ravel().tolist() == [7, 0, 0, 0]


def sigmoid(z: float) -> float:
    return float(1 / (1 + np.exp(-z)))


def test_an_lstm_is_the_textbook_s() -> None:
    """One unit, two steps, by hand: gates in the order input, forget, cell, output."""
    layer = Lstm(2, 1, 1, sequences=True)
    w, u, b = np.array([[0.5, -0.3, 0.8, 0.2]]), np.array([[0.1, 0.4, -0.6, 0.7]]), np.array([0.05, 0.1, -0.2, 0.3])
    cell = hidden = 0.0
    wanted = []
    for x in (1.0, -2.0):
        i, f, g, o = x * w[0] + hidden * u[0] + b
        cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
        hidden = sigmoid(o) * np.tanh(cell)
        wanted.append(hidden)
    parameters, inputs = (w, u, b), np.array([[[1.0], [-2.0]]])
    assert passes.forward(layer, parameters, inputs).outputs.ravel() == pytest.approx(wanted)
    last = Lstm(2, 1, 1, sequences=False)
    assert passes.forward(last, parameters, inputs).outputs.ravel() == pytest.approx(wanted[-1:])
