"""Shapes and counts of the neutral layers; tests/page/layers.test.js reads the same fixture."""

from itertools import pairwise
from typing import Any

import msgspec
import pytest

import asked
from howfar import layers, models
from howfar.layers import Layer
from howfar.records import Model

(SHAPES,) = asked.fixtures("layers")


@pytest.mark.parametrize("known", asked.read(SHAPES), ids=lambda known: known["layer"]["kind"])
def test_a_layer_s_shapes_and_counts_are_the_fixture_s(known: dict[str, Any]) -> None:
    layer = msgspec.convert(known["layer"], Layer)
    assert list(layers.shape_in(layer)) == known["in"]
    assert list(layers.shape_out(layer)) == known["out"]
    assert [list(shape) for shape in layers.parameter_shapes(layer)] == known["parameters"]
    assert layers.multiply_adds([layer]) == known["multiply_adds"]


def test_the_study_s_network_has_as_many_parameters_as_its_layers_say() -> None:
    made = models.layers(Model("mlp", 2, 64))
    assert layers.parameters(made) == 784 * 64 + 64 + 64 * 64 + 64 + 64 * 10 + 10
    assert layers.multiply_adds(made) == 784 * 64 + 64 * 64 + 64 * 10


@pytest.mark.parametrize(("depth", "kinds", "last_side"), [
    (4, "c", 28), (6, "ccp", 14), (7, "ccpc", 14), (9, "ccpccp", 7), (15, "ccp" * 4, 2), (27, "ccp" * 8, 1),
])  # fmt: skip
def test_a_cnn_s_depth_counts_its_input_its_flattening_and_its_dense_layer(
    depth: int, kinds: str, last_side: int
) -> None:
    *body, flat, dense = models.layers(Model("cnn", depth, 8))
    letters = {layers.Conv2D: "c", layers.MaxPool2D: "p"}
    assert "".join(letters[type(layer)] for layer in body) == kinds
    assert isinstance(flat, layers.Flatten) and (flat.height, flat.width) == (last_side, last_side)
    assert isinstance(dense, layers.Dense) and dense.units == 10
    assert len(body) + 3 == depth


def test_a_cnn_without_room_for_a_convolution_is_none() -> None:
    with pytest.raises(ValueError, match="4 layers are the fewest"):
        models.layers(Model("cnn", 3, 8))


def test_what_a_layer_gives_is_what_the_next_one_takes() -> None:
    for model, vocabulary in ((Model("mlp", 3, 8), 0), (Model("cnn", 27, 4), 0), (Model("rnn", 3, 8), 57)):
        made = models.layers(model, vocabulary=vocabulary)
        for before, after in pairwise(made):
            assert layers.shape_out(before) == layers.shape_in(after), (model, before, after)


def test_an_rnn_s_lstms_hand_on_all_steps_but_the_last_one() -> None:
    made = models.layers(Model("rnn", 3, 8), vocabulary=57)
    assert [layer.sequences for layer in made if isinstance(layer, layers.Lstm)] == [True, True, False]
    assert layers.shape_in(made[0]) == (40, 57)
    assert layers.shape_out(made[-1]) == (57,)
