"""Every kind of layer against Keras itself, and what is refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphs.evaluating import evaluate
from graphs.keras_cases import CASES, inputs_of, model_of, outputs_of
from howfar.graphs import counting
from howfar.graphs.from_keras import read
from howfar.graphs.graph import Gather, Lstm, Unreadable

keras = pytest.importorskip("keras")


@pytest.mark.parametrize("name", CASES)
def test_what_is_read_gives_what_keras_gives(name: str) -> None:
    model, inputs = model_of(name), inputs_of(name, 2)
    made = evaluate(read(model, batch_size=2), inputs)
    for mine, right in zip(made, outputs_of(model, inputs), strict=True):
        assert mine.shape == right.shape
        np.testing.assert_allclose(mine, right, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("name", ["mobile", "dense net", "convnext", "nested", "shared", "lstm", "attention"])
def test_parameters_are_those_that_keras_counts(name: str) -> None:
    model = model_of(name)
    graph = read(model)
    assert counting.parameters(graph) == model.count_params()
    assert graph.trainable_parameters == sum(np.prod(weight.shape) for weight in model.trainable_weights)


def test_open_lengths_are_given() -> None:
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3)(inputs)))
    assert read(model, 2, [(9, 8, 3)]).inputs[0].shape == (2, 9, 8, 3)
    with pytest.raises(Unreadable, match="give a shape"):
        read(model)
    with pytest.raises(Unreadable, match="give a shape"):
        read(model, 1, [(9, 8, 4)])


class Own(keras.layers.Layer):  # type: ignore[misc,name-defined]
    """A layer of somebody's own."""

    def call(self, x: Any) -> Any:
        return x


class OwnDense(keras.layers.Dense):  # type: ignore[misc,name-defined]
    """Named otherwise, and its code may do anything."""


def own_function(x: Any) -> Any:
    return x * 2


REFUSED: dict[str, tuple[tuple[int, ...], Callable[[], Any], str]] = {
    "lambda": ((5,), lambda: keras.layers.Lambda(own_function, name="twice"), "Lambda 'twice'"),
    "custom": ((5,), lambda: Own(name="mine"), "Own 'mine' is a custom object"),
    "subclass": ((5,), lambda: OwnDense(3, name="mine"), "OwnDense 'mine' is a custom object"),
    "activation": ((5,), lambda: keras.layers.Dense(3, activation=own_function, name="d"), "own_function"),
    "channels first": ((3, 8, 8), lambda: keras.layers.MaxPooling2D(data_format="channels_first"), "channels last"),
    "simple rnn": ((6, 5), lambda: keras.layers.SimpleRNN(3, name="r"), "SimpleRNN 'r'"),
    "early reset": ((6, 5), lambda: keras.layers.GRU(3, reset_after=False), "reset_after"),
    "other gates": ((6, 5), lambda: keras.layers.LSTM(3, recurrent_activation="relu"), "other activations"),
    "masked": ((6,), lambda: keras.layers.Embedding(9, 3, mask_zero=True), "masks"),
    "axis": ((7, 8, 4), lambda: keras.layers.BatchNormalization(axis=1), "axis 1"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_known_is_refused_by_name(name: str) -> None:
    shape, make, message = REFUSED[name]
    inputs = keras.Input(shape)
    model = keras.Model(inputs, make()(inputs))
    with pytest.raises(Unreadable, match=message):
        read(model)


def test_subclassed_and_unbuilt_models_are_refused() -> None:
    class Subclassed(keras.Model):  # type: ignore[misc,name-defined]
        def call(self, x: Any) -> Any:
            return x

    with pytest.raises(Unreadable, match="Subclassed"):
        read(Subclassed())
    with pytest.raises(Unreadable, match="not built"):
        read(keras.Sequential([keras.layers.Dense(3)]))


def test_a_layer_backwards_is_turned_round() -> None:
    graph = read(model_of("lstm sequences backwards"))
    assert [type(node.operation) for node in graph.nodes] == [Lstm, Gather]
