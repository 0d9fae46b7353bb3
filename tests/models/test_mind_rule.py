"""Mind's training rule: with one hidden layer the gradient's own step, with more a fault that is known and said."""

import numpy as np
import pytest

from howfar.layers import Dense
from howfar.models import rules
from howfar.models.rules import Parameters, mind
from howfar.models.rules.forward import forward

Network = tuple[Dense, ...]
RNG_SEED = 11
LABELS = np.array([2, 0, 1, 1, 2], np.uint8)
INPUTS = np.random.default_rng(RNG_SEED).random((len(LABELS), 6))
ONE = (Dense(6, 4, "sigmoid", bias=False), Dense(4, 3, "sigmoid", bias=False))
TWO = (ONE[0], Dense(4, 4, "sigmoid", bias=False), ONE[1])
THREE = (ONE[0], TWO[1], TWO[1], ONE[1])


def made(layers: Network) -> Parameters:
    rng = np.random.default_rng(RNG_SEED)
    return [(rng.normal(size=(layer.inputs, layer.units)), np.zeros(layer.units)) for layer in layers]


def half_squares(parameters: Parameters, layers: Network) -> float:
    """The sum over the batch, which is what the step goes down."""
    error = np.eye(3)[LABELS] - forward(parameters, layers, INPUTS)[-1]
    return float((error**2).sum() / 2)


def numerical_gradient(layers: Network, at: int) -> np.ndarray:
    """Of one layer's weights, by moving each of them."""
    gradient, h = np.zeros_like(made(layers)[at][0]), 1e-6
    for index in np.ndindex(gradient.shape):
        sides = []
        for sign in (1, -1):
            moved = made(layers)
            moved[at][0][index] += sign * h
            sides.append(half_squares(moved, layers))
        gradient[index] = (sides[0] - sides[1]) / (2 * h)
    return gradient


def direction(layers: Network, at: int) -> np.ndarray:
    """Where the step goes at a vanishing rate, at which the order that layers are updated in plays no part."""
    parameters, rate = made(layers), 1e-7
    mind.step(parameters, layers, INPUTS, LABELS, rate)
    return (parameters[at][0] - made(layers)[at][0]) / rate


@pytest.mark.parametrize("layers", [ONE, TWO, THREE], ids=["1 hidden", "2 hidden", "3 hidden"])
def test_the_outer_layers_go_down_the_sum_s_gradient_as_numerical_differentiation_finds_it(layers: Network) -> None:
    """With several hidden layers, too: the fault is in what an error is multiplied with, not in the error."""
    for at in (0, len(layers) - 1):
        assert direction(layers, at) == pytest.approx(-numerical_gradient(layers, at), rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("layers", [TWO, THREE], ids=["2 hidden", "3 hidden"])
def test_between_hidden_layers_it_does_not(layers: Network) -> None:
    for at in range(1, len(layers) - 1):
        wanted = -numerical_gradient(layers, at)
        assert np.abs(direction(layers, at) - wanted).max() > np.abs(wanted).max() / 4
        parameters = made(layers)
        mind.update(parameters, layers, (INPUTS, LABELS), 1e-7, faulty=False)
        assert (parameters[at][0] - made(layers)[at][0]) / 1e-7 == pytest.approx(wanted, rel=1e-5, abs=1e-7)


def test_a_layer_s_error_comes_through_weights_that_have_moved() -> None:
    """Written out for one hidden layer: x -> h -> y."""
    parameters, rate = made(ONE), 0.3
    mind.step(parameters, ONE, INPUTS, LABELS, rate)
    (first, _), (second, _) = made(ONE)
    h = 1 / (1 + np.exp(-INPUTS @ first))
    y = 1 / (1 + np.exp(-h @ second))
    delta = (np.eye(3)[LABELS] - y) * y * (1 - y)
    second += rate * h.T @ delta
    first += rate * INPUTS.T @ (delta @ second.T * h * (1 - h))
    for (found, _), wanted in zip(parameters, (first, second), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_the_loss_is_the_batch_s_mean_before_the_step() -> None:
    found = mind.step(made(TWO), TWO, INPUTS, LABELS, 0.3)
    assert found == pytest.approx(half_squares(made(TWO), TWO) / len(LABELS), rel=1e-12)


def test_the_fault_is_said_with_its_size_and_changes_nothing() -> None:
    parameters = made(TWO)
    said = rules.fault("mind", parameters, TWO, INPUTS, LABELS, 0.3)
    assert said is not None and "\n" not in said
    assert all(np.array_equal(now, before) for (now, _), (before, _) in zip(parameters, made(TWO), strict=True))
    own, right = made(TWO), made(TWO)
    mind.step(own, TWO, INPUTS, LABELS, 0.3)
    mind.update(right, TWO, (INPUTS, LABELS), 0.3, faulty=False)
    assert f"by up to {np.abs(own[1][0] - right[1][0]).max():.2g}," in said


def test_where_nothing_is_wrong_nothing_is_said() -> None:
    assert rules.fault("mind", made(ONE), ONE, INPUTS, LABELS, 0.3) is None
    assert rules.fault("mini_batch", made(TWO), TWO, INPUTS, LABELS, 0.3) is None
