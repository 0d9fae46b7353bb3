"""The neutral models, and the reference that everything else is held against."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from msgspec import structs
from numpy.typing import NDArray

import asked
from howfar import models
from howfar.data import Samples
from howfar.layers import Activation, Dense
from howfar.models import ModelSpec, reference
from howfar.models.rules import Parameters
from howfar.records import Form, Model

MLP = Model("mlp", 3, 32)


def floats(values: list[Any]) -> NDArray[np.float32]:
    return np.array(values, np.float32)


def test_the_same_seed_gives_the_same_weights_and_another_others() -> None:
    models.spec.cache_clear()
    first = models.spec(MLP, 2019).to_bytes()
    models.spec.cache_clear()
    assert models.spec(MLP, 2019).to_bytes() == first
    assert models.spec(MLP, 2020).to_bytes() != first
    assert models.spec(Model("mlp", 3, 33), 2019).to_bytes()[:64] != first[:64]


def test_the_weights_stay_what_they_are() -> None:
    """Losses and outputs of people's stores were held against these."""
    weights, biases = models.spec(Model("mlp", 1, 8), 2019).parameters[0]
    assert [f"{value:.6f}" for value in (weights[0, 0], weights[783, 7], biases[0])] == [
        "-0.014289",
        "0.003680",
        "0.012176",
    ]


def test_layers_are_784_then_depth_times_width_then_10() -> None:
    spec = models.dense(models.spec(MLP, 2019))
    assert spec.layers == (
        Dense(784, 32, "relu", bias=True),
        Dense(32, 32, "relu", bias=True),
        Dense(32, 32, "relu", bias=True),
        Dense(32, 10, "softmax", bias=True),
    )
    for layer, (weights, biases) in zip(spec.layers, spec.parameters, strict=True):
        assert (weights.shape, biases.shape) == ((layer.inputs, layer.units), (layer.units,))
        assert weights.dtype == biases.dtype == np.float32
        assert np.all(biases != 0)


def test_the_binary_holds_weights_then_biases_of_each_layer() -> None:
    spec = models.spec(MLP, 2019)
    numbers = np.frombuffer(spec.to_bytes(), "<f4")
    assert numbers.size == 784 * 32 + 32 + 2 * (32 * 32 + 32) + 32 * 10 + 10
    (weights, biases), (second, _), *_ = spec.parameters
    assert np.array_equal(numbers[: 784 * 32].reshape(784, 32), weights)
    assert np.array_equal(numbers[784 * 32 : 784 * 32 + 32], biases)
    assert np.array_equal(numbers[784 * 32 + 32 :][: 32 * 32].reshape(32, 32), second)


FORMS = [Form("sigmoid", "sigmoid"), Form("tanh"), Form(bias=False), Form("sigmoid", "sigmoid", bias=False)]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_a_form_changes_the_activations_and_leaves_the_weights(form: Form) -> None:
    study, formed = models.dense(models.spec(MLP, 2019)), models.dense(models.spec(MLP, 2019, form))
    assert [layer.activation for layer in formed.layers] == [form.hidden] * 3 + [form.output]
    assert {layer.bias for layer in formed.layers} == {form.bias}
    for (weights, biases), (own, own_biases) in zip(study.parameters, formed.parameters, strict=True):
        assert np.array_equal(own, weights)
        assert np.array_equal(own_biases, biases if form.bias else np.zeros_like(biases))
        assert own_biases.dtype == np.float32


def test_a_form_without_biases_has_none_in_the_binary() -> None:
    spec = models.spec(MLP, 2019, Form(bias=False))
    numbers = np.frombuffer(spec.to_bytes(), "<f4")
    assert np.array_equal(numbers, np.concatenate([weights.ravel() for weights, _ in spec.parameters]))


@pytest.mark.parametrize("kind", ["spin", "loop"])
def test_the_known_answers_have_no_layers(kind: str) -> None:
    spec = models.spec(structs.replace(MLP, kind=kind), 2019)
    assert (spec.layers, spec.to_bytes()) == ((), b"")


def test_weights_keep_the_signal_s_size_through_a_deep_net() -> None:
    spec = models.spec(Model("mlp", 8, 256), 2019)
    outputs = reference.outputs(spec, asked.digits().inputs)
    assert 0.02 < outputs.std() < 0.4  # neither all alike nor all 0 and 1


def test_outputs_are_probabilities() -> None:
    outputs = reference.outputs(models.spec(MLP, 2019), asked.digits().inputs)
    assert outputs.shape == (128, 10)
    assert np.all(outputs >= 0)
    assert np.abs(outputs.sum(axis=1) - 1).max() < 1e-12


def test_outputs_of_a_net_of_one_layer_are_the_textbook_s() -> None:
    spec = ModelSpec((Dense(2, 2, "softmax", bias=True),), ((floats([[1, 0], [0, 2]]), floats([0, 1])),))
    found = reference.outputs(spec, floats([[3, 1]]))
    assert found == pytest.approx(np.array([[0.5, 0.5]]))  # logits 3 and 2 + 1


def test_a_large_logit_does_not_overflow() -> None:
    spec = ModelSpec((Dense(1, 2, "softmax", bias=True),), ((floats([[5000, -5000]]), floats([0, 0])),))
    assert reference.outputs(spec, floats([[1]])) == pytest.approx(np.array([[1.0, 0.0]]))


def loss_of(spec: ModelSpec, digits: Samples) -> float:
    probabilities = reference.outputs(spec, digits.inputs)
    return float(-np.log(probabilities[np.arange(len(digits.labels)), digits.labels]).mean())


@pytest.mark.parametrize("hidden", ["relu", "sigmoid", "tanh"])
@pytest.mark.parametrize("layer", [0, 1, 2])
@pytest.mark.parametrize("part", ["weights", "biases"])
def test_a_step_goes_against_the_gradient_as_numerical_differentiation_finds_it(
    layer: int, part: str, hidden: Activation
) -> None:
    """The first-order change of the loss along a direction is the gradient's product with it; the direction here is a
    single weight or bias."""
    digits = asked.digits(16)
    tiny = Model("mlp", 2, 5)
    spec = as_float64(models.spec(tiny, 3, Form(hidden)))
    index = (0 if part == "weights" else 1, (0,) * (2 if part == "weights" else 1))
    if layer == 0 and part == "weights":
        index = (0, (int(np.flatnonzero(digits.inputs[0])[0]), 0))
    h = 1e-6
    numerical = (loss_of(moved(spec, layer, index, h), digits) - loss_of(moved(spec, layer, index, -h), digits)) / (
        2 * h
    )
    rate = 1e-3
    taken = step_of(spec, digits, rate)
    change = taken[layer][index[0]][index[1]] - spec.parameters[layer][index[0]][index[1]]
    assert change == pytest.approx(-rate * numerical, rel=1e-5, abs=1e-12)
    assert numerical != 0


Index = tuple[int, tuple[int, ...]]


def as_float64(spec: ModelSpec) -> ModelSpec:
    """Numerical differentiation needs more digits than float32 has."""
    parameters = tuple((weights.astype(float), biases.astype(float)) for weights, biases in spec.parameters)
    return ModelSpec(spec.layers, parameters)


def moved(spec: ModelSpec, layer: int, index: Index, by: float) -> ModelSpec:
    parameters = [(weights.copy(), biases.copy()) for weights, biases in spec.parameters]
    parameters[layer][index[0]][index[1]] += np.float64(by)
    return ModelSpec(spec.layers, tuple(parameters))


def step_of(spec: ModelSpec, digits: Samples, rate: float) -> Parameters:
    """The parameters after one step of the reference."""
    return reference.train(spec, [(digits.inputs, digits.labels)], rate).parameters


def test_losses_are_before_each_step_and_go_down() -> None:
    digits, spec = asked.digits(64), models.spec(MLP, 2019)
    batch = (digits.inputs, digits.labels)
    found = reference.train(spec, [batch] * 20, 0.01).losses
    assert found[0] == pytest.approx(loss_of(spec, digits), rel=1e-12)
    assert all(later < earlier for earlier, later in pairwise(found))
    assert reference.train(spec, [batch], 0.01).losses == found[:1]  # the spec itself was not trained


def test_the_parameters_after_the_steps_are_those_that_the_outputs_are_of() -> None:
    digits, spec = asked.digits(64), models.spec(MLP, 2019)
    batch = (digits.inputs, digits.labels)
    once, twice = (reference.train(spec, [batch] * steps, 0.01) for steps in (1, 2))
    probabilities = reference.outputs(spec, digits.inputs, once.parameters)
    loss = float(-np.log(probabilities[np.arange(64), digits.labels]).mean())
    assert loss == pytest.approx(twice.losses[1], rel=1e-12)
    assert np.abs(probabilities - reference.outputs(spec, digits.inputs)).max() > 1e-4


def test_a_model_beyond_all_browsers_is_refused_before_it_is_made() -> None:
    with pytest.raises(MemoryError, match="million is the most"):
        models.spec(Model("mlp", 3, 200_000), 1)
