"""synaptic's training rule, held against objects that know no matrix, as its `Neuron`s do it."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from howfar.layers import Dense
from howfar.models.rules import Matrix, Parameters, synaptic

LAYERS = (
    Dense(6, 4, "relu", bias=True),
    Dense(4, 5, "relu", bias=True),
    Dense(5, 3, "sigmoid", bias=True),
)
RATE = 0.8
LABELS = np.array([2, 0, 1, 1], np.uint8)

SQUASH: Mapping[str, Callable[[float], tuple[float, float]]] = {
    "relu": lambda state: (max(state, 0.0), float(state > 0)),
    "sigmoid": lambda state: ((y := 1 / (1 + math.exp(-state))), y * (1 - y)),
}


class Neuron:
    """One of the library's: it holds its incoming weights, and asks the neurons above for their error."""

    def __init__(self, activation: str, weights: Matrix, bias: float) -> None:
        self.squash, self.weights, self.bias = SQUASH[activation], [float(w) for w in weights], bias
        self.activation = self.derivative = self.error = 0.0
        self.inputs: Sequence[float] = []

    def activate(self, inputs: Sequence[float]) -> float:
        self.inputs = inputs
        state = self.bias + sum(value * weight for value, weight in zip(inputs, self.weights, strict=True))
        self.activation, self.derivative = self.squash(state)
        return self.activation

    def learn(self, rate: float, error: float) -> None:
        self.error = error
        self.weights = [weight + rate * error * value for weight, value in zip(self.weights, self.inputs, strict=True)]
        self.bias += rate * error


class Network:
    """Layers of neurons, trained on one sample at a time."""

    def __init__(self, parameters: Parameters) -> None:
        self.layers = [
            [Neuron(layer.activation, column, float(bias)) for column, bias in zip(weights.T, biases, strict=True)]
            for layer, (weights, biases) in zip(LAYERS, parameters, strict=True)
        ]

    def activate(self, values: Sequence[float]) -> Sequence[float]:
        for layer in self.layers:
            values = [neuron.activate(values) for neuron in layer]
        return values

    def propagate(self, rate: float, target: Sequence[float]) -> None:
        above = self.layers[-1]
        for neuron, wanted in zip(above, target, strict=True):
            neuron.learn(rate, wanted - neuron.activation)  # the output's slope has no part in it
        for layer in reversed(self.layers[:-1]):
            for i, neuron in enumerate(layer):
                error = sum(one.error * one.weights[i] for one in above)  # by weights that have moved
                neuron.learn(rate, neuron.derivative * error)
            above = layer


def made() -> tuple[Parameters, Matrix]:
    rng = np.random.default_rng(5)
    sizes = [((layer.inputs, layer.units), layer.units) for layer in LAYERS]
    parameters: Parameters = [(rng.normal(size=weights), rng.normal(size=biases)) for weights, biases in sizes]
    return parameters, rng.random((len(LABELS), LAYERS[0].inputs))


def taught(parameters: Parameters, inputs: Matrix) -> tuple[Network, list[float]]:
    """The network after the batch, and half the squared error that each sample met."""
    network, errors = Network(parameters), []
    for sample, label in zip(inputs, LABELS, strict=True):
        target = [float(j == label) for j in range(3)]
        output = network.activate([float(value) for value in sample])
        errors.append(sum((t - y) ** 2 for t, y in zip(target, output, strict=True)) / 2)
        network.propagate(RATE / len(LABELS), target)
    return network, errors


def test_a_batch_is_one_update_per_sample_as_the_neurons_do_it() -> None:
    parameters, inputs = made()
    network, _ = taught(*made())
    synaptic.step(parameters, LAYERS, inputs, LABELS, RATE)
    for (weights, biases), layer, (before, _) in zip(parameters, network.layers, made()[0], strict=True):
        wanted = [[*neuron.weights, neuron.bias] for neuron in layer]
        np.testing.assert_allclose(np.vstack([weights, biases]).T, wanted, rtol=1e-12, atol=1e-12)
        assert np.abs(weights - before).max() > 1e-2  # every layer was taught something


def test_the_loss_is_the_mean_of_half_the_squares_that_the_samples_met() -> None:
    parameters, inputs = made()
    _, errors = taught(*made())
    assert synaptic.step(parameters, LAYERS, inputs, LABELS, RATE) == pytest.approx(np.mean(errors), rel=1e-12)
