"""The activations and the forward pass that all rules share, held against their textbook definitions."""

import numpy as np
import pytest

from howfar.layers import Activation, Dense
from howfar.models.rules import Matrix, one_hot
from howfar.models.rules.activations import FORWARD, SLOPE
from howfar.models.rules.forward import forward

Z = np.array([[-3.0, -0.5, 0.25], [0.0, 1.0, 40.0]])
TEXTBOOK = {
    "relu": [[0, 0, 0.25], [0, 1, 40]],
    "sigmoid": [[0.04742587317756678, 0.3775406687981454, 0.5621765008857981], [0.5, 0.7310585786300049, 1]],
    "tanh": [[-0.9950547536867305, -0.46211715726000973, 0.24491866240370913], [0, 0.7615941559557649, 1]],
}


@pytest.mark.parametrize("kind", TEXTBOOK)
def test_an_activation_is_the_textbook_s(kind: Activation) -> None:
    assert FORWARD[kind](Z) == pytest.approx(np.array(TEXTBOOK[kind]), rel=1e-14)


def test_a_softmax_is_of_each_sample() -> None:
    found = FORWARD["softmax"](np.log([[1.0, 2.0, 5.0], [3.0, 3.0, 3.0]]))
    assert found == pytest.approx(np.array([[1 / 8, 2 / 8, 5 / 8], [1 / 3, 1 / 3, 1 / 3]]))


@pytest.mark.parametrize("kind", SLOPE)
def test_a_slope_is_what_numerical_differentiation_finds(kind: Activation) -> None:
    h, z = 1e-6, Z[:, :2] + 0.1  # away from the corner of the ReLU
    numerical: Matrix = (FORWARD[kind](z + h) - FORWARD[kind](z - h)) / (2 * h)
    assert SLOPE[kind](FORWARD[kind](z)) == pytest.approx(numerical, abs=1e-9)


@pytest.mark.parametrize("kind", FORWARD)
def test_a_layer_multiplies_adds_and_activates(kind: Activation) -> None:
    rng = np.random.default_rng(3)
    inputs, first, second = rng.normal(size=(4, 5)), rng.normal(size=(5, 3)), rng.normal(size=(3, 2))
    layers = [Dense(5, 3, kind, bias=True), Dense(3, 2, "sigmoid", bias=True)]
    seen = forward([(first, np.array([1.0, 2, 3])), (second, np.zeros(2))], layers, inputs)
    assert [one.shape for one in seen] == [(4, 5), (4, 3), (4, 2)]
    assert np.array_equal(seen[0], inputs)
    assert seen[1] == pytest.approx(FORWARD[kind](inputs @ first + [1, 2, 3]))
    assert seen[2] == pytest.approx(FORWARD["sigmoid"](seen[1] @ second))


def test_a_label_is_a_one_among_zeros() -> None:
    found = one_hot(np.array([2, 0], np.uint8), 3)
    assert np.array_equal(found, [[0, 0, 1], [1, 0, 0]])
