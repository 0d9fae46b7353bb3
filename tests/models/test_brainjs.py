"""brain.js's training rule, held against numerical differentiation of every sample's own error."""

import numpy as np
import pytest

from howfar.layers import Dense
from howfar.models.rules import Matrix, Parameters, brainjs
from howfar.models.rules.forward import forward

LAYERS = (
    Dense(6, 4, "sigmoid", bias=True),
    Dense(4, 5, "sigmoid", bias=True),
    Dense(5, 3, "sigmoid", bias=True),
)
RATE = 0.1
LABELS = np.array([2, 0, 1, 1], np.uint8)


def made() -> tuple[Parameters, Matrix]:
    rng = np.random.default_rng(5)
    sizes = [((layer.inputs, layer.units), layer.units) for layer in LAYERS]
    parameters: Parameters = [(rng.normal(size=weights), rng.normal(size=biases)) for weights, biases in sizes]
    return parameters, rng.random((len(LABELS), LAYERS[0].inputs))


def squares(parameters: Parameters, sample: Matrix, label: int) -> Matrix:
    """The square of each output's error."""
    error: Matrix = np.eye(3)[label] - forward(parameters, LAYERS, sample)[-1]
    return error**2


def slope(parameters: Parameters, array: Matrix, index: tuple[int, ...], sample: Matrix, label: int) -> float:
    """The derivative of half the sum of squares by one number of one of the parameters' arrays."""
    h, held = 1e-5, array[index]
    sides = []
    for moved in (held + h, held - h):
        array[index] = moved
        sides.append(float(squares(parameters, sample, label).sum()) / 2)
    array[index] = held
    return (sides[0] - sides[1]) / (2 * h)


def slowly_updated(parameters: Parameters, sample: Matrix, label: int) -> Parameters:
    """What one online step leads to, found number by number."""
    return [
        (_stepped(parameters, weights, sample, label), _stepped(parameters, biases, sample, label))
        for weights, biases in parameters
    ]


def _stepped(parameters: Parameters, array: Matrix, sample: Matrix, label: int) -> Matrix:
    gradient = np.array([slope(parameters, array, index, sample, label) for index in np.ndindex(array.shape)])
    return array - RATE * gradient.reshape(array.shape)


def test_a_batch_is_one_update_per_sample_each_against_that_sample_s_gradient() -> None:
    parameters, inputs = made()
    wanted = made()[0]
    for sample, label in zip(inputs, LABELS, strict=True):
        wanted = slowly_updated(wanted, sample, int(label))
    brainjs.step(parameters, LAYERS, inputs, LABELS, RATE)
    for found, slow in zip(parameters, wanted, strict=True):
        assert found[0] == pytest.approx(slow[0], rel=1e-9, abs=1e-9)
        assert found[1] == pytest.approx(slow[1], rel=1e-9, abs=1e-9)


def test_the_loss_is_the_mean_square_that_each_sample_met_before_its_own_update() -> None:
    parameters, inputs = made()
    wanted, met = made()[0], []
    for sample, label in zip(inputs, LABELS, strict=True):
        met.append(float(squares(wanted, sample, int(label)).mean()))
        wanted = slowly_updated(wanted, sample, int(label))
    assert brainjs.step(parameters, LAYERS, inputs, LABELS, RATE) == pytest.approx(np.mean(met), rel=1e-9)
    assert met[3] != pytest.approx(squares(made()[0], inputs[3], 1).mean(), rel=1e-3)  # the updates were felt
