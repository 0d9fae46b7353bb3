"""The rule of brain.js's recurrent net, held against a forward pass of its own and numerical differentiation."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from howfar import layers as neutral
from howfar.layers import Dense, Lstm
from howfar.models.rules import Matrix, Parameters, brainjs_lstm

STEPS, VOCABULARY, RATE = 9, 4, 0.01
Layers = Sequence[Lstm | Dense]
# What the net has at a step: it is asked step by step, so that a number can be another at one step alone.
At = Callable[[int], Parameters]


def network(depth: int) -> Layers:
    sizes = [VOCABULARY, *[3] * depth]
    lstms = [Lstm(STEPS, inputs, units, sequences=i < depth) for i, (inputs, units) in enumerate(pairwise(sizes), 1)]
    return (*lstms, Dense(3, VOCABULARY, "softmax", bias=True))


def held(layers: Layers) -> Parameters:
    rng = np.random.default_rng(3)
    drawn = [tuple(rng.normal(0, 1.5, shape) for shape in neutral.parameter_shapes(layer)) for layer in layers]
    return brainjs_lstm.hold([tuple(array.astype(np.float32).astype(float) for array in one) for one in drawn], layers)


# Two texts without the last of the four characters in the second, each with the character that follows.
TEXTS = np.array([[0, 2, 2, 1, 3, 0, 0, 1, 2, 2], [1, 1, 0, 2, 1, 0, 2, 2, 0, 1]])
INPUTS, LABELS = np.eye(VOCABULARY)[TEXTS[:, :-1]].reshape(2, -1), TEXTS[:, -1].astype(np.uint8)


def sigmoid(z: Matrix) -> Matrix:
    return np.asarray(1 / (1 + np.exp(-z)))


def guesses(at: At, numbers: Sequence[int]) -> Iterator[Matrix]:
    """The probabilities after each of the rows that are read, as the library's equations have them."""
    hidden = [np.zeros(3) for _ in at(0)[1:-3]]
    for t, number in enumerate(numbers):
        (first,), *lstms, (weights, biases), _, _ = at(t)
        x = first[number]
        for layer, (by_input, by_hidden, bias) in enumerate(lstms):
            i, f, g, o = np.split(x @ by_input + hidden[layer] @ by_hidden + bias, 4)
            x = hidden[layer] = sigmoid(o) * np.tanh(sigmoid(f) * hidden[layer] + sigmoid(i) * np.tanh(g))
        exponentials = np.exp(x @ weights + biases)
        yield exponentials / exponentials.sum()


def nats(at: At, text: NDArray[np.int64]) -> float:
    """What the text and its end took, by the natural logarithm."""
    numbers = [0, *(text + 1), 0]
    guessed = zip(guesses(at, numbers[:-1]), numbers[1:], strict=True)
    return -sum(float(np.log(one[wanted])) for one, wanted in guessed)


def moved(own: Parameters, index: int, place: tuple[int, ...], by: float) -> Parameters:
    """A copy with one number of one array moved; the arrays are counted through."""
    flat = [array.copy() for array in chain(*own)]
    flat[index][place] += by
    arrays = iter(flat)
    return [tuple(next(arrays) for _ in one) for one in own]


def felt(index: int, place: tuple[int, ...], text: NDArray[np.int64]) -> Callable[[int], bool]:
    """At which steps a number is heard of: a row of the first matrix where it is read first, a bias at the first step,
    weights at all of them."""
    if index == 0:
        at = np.flatnonzero(np.array([0, *(text + 1)]) == place[0])
        return lambda t: at.size > 0 and t == at[0]
    return (lambda t: t == 0) if len(place) == 1 else (lambda _: True)


def slope(own: Parameters, index: int, place: tuple[int, ...], text: NDArray[np.int64]) -> float:
    """The gradient that the library gives a number."""
    h, at = 1e-6, felt(index, place, text)
    sides = [moved(own, index, place, by) for by in (h, -h)]
    up, down = (nats(lambda t, one=one: one if at(t) else own, text) for one in sides)  # type: ignore[misc]  # a default
    return (up - down) / (2 * h)


def slopes(own: Parameters, text: NDArray[np.int64]) -> list[Matrix]:
    arrays = list(chain(*own[:-2]))
    return [
        np.array([slope(own, i, place, text) for place in np.ndindex(array.shape)]).reshape(array.shape)
        for i, array in enumerate(arrays)
    ]


def step(own: Parameters, layers: Layers, texts: slice, rate: float = RATE) -> float:
    return brainjs_lstm.step(own, layers, INPUTS[texts], LABELS[texts], rate)


def after(array: Matrix, square: Matrix, gradient: Matrix) -> Matrix:
    """Where a step leads to, by the library's formula."""
    return np.asarray(array - RATE * gradient / np.sqrt(square + 1e-8) - 1e-6 * array)


@pytest.mark.parametrize("depth", [1, 2])
def test_an_update_goes_by_the_gradients_that_numerical_differentiation_finds(depth: int) -> None:
    layers = network(depth)
    before, own = held(layers), held(layers)
    step(own, layers, slice(1))
    gradients = slopes(before, TEXTS[0])
    for array, now, square, gradient in zip(chain(*before[:-2]), chain(*own[:-2]), own[-2], gradients, strict=True):
        assert square == pytest.approx(0.001 * gradient**2, rel=1e-4, abs=1e-13)
        assert now == pytest.approx(after(array, square, gradient), rel=1e-6, abs=1e-6)


def test_a_gradient_beyond_5_moves_a_weight_as_one_of_5_does_but_counts_whole_in_the_mean_square() -> None:
    """A long text of one character, whose gradients add up."""
    layers = network(1)
    before, own = held(layers), held(layers)
    text = np.eye(VOCABULARY)[np.full((1, 40), 2)].reshape(1, -1)
    brainjs_lstm.step(own, layers, text, np.array([2], np.uint8), RATE)
    weights, now, square = before[-3][0], own[-3][0], own[-2][-2]
    beyond = square > 0.001 * 5**2
    assert beyond.any()
    for sign in (1, -1):
        side = beyond & (np.sign(weights - now) == sign)
        clipped = after(weights, square, np.full_like(square, 5.0 * sign))
        assert now[side] == pytest.approx(clipped[side], rel=1e-6)


def test_mean_squares_are_kept_and_a_character_that_is_not_read_has_its_last_gradient_again() -> None:
    layers = network(2)
    own = held(layers)
    step(own, layers, slice(1))
    between = [square.copy() for square in own[-2]]
    gradients = slopes(own, TEXTS[1])
    unread = 1 + 3
    assert not gradients[0][unread].any()
    gradients[0][unread] = own[-1][0][unread]
    assert gradients[0][unread].any()
    step(own, layers, slice(1, 2))
    for square, earlier, gradient in zip(own[-2], between, gradients, strict=True):
        assert square == pytest.approx(0.999 * earlier + 0.001 * gradient**2, rel=1e-4, abs=1e-13)


def test_a_batch_is_one_update_per_text_at_the_rate_over_their_number() -> None:
    layers = network(2)
    own, one_by_one = held(layers), held(layers)
    together = step(own, layers, slice(2), 2 * RATE)
    apart = [step(one_by_one, layers, slice(i, i + 1)) for i in range(2)]
    assert together == pytest.approx(np.mean(apart), rel=1e-12)
    for found, wanted in zip(chain(*own), chain(*one_by_one), strict=True):
        assert np.array_equal(found, wanted)


def test_the_loss_is_a_hundredth_of_two_to_the_power_of_the_bits_per_character_but_one() -> None:
    layers = network(1)
    own = held(layers)
    bits = nats(lambda _: own, TEXTS[0]) / np.log(2)
    assert step(held(layers), layers, slice(1)) == pytest.approx(2 ** (bits / STEPS) / 100, rel=1e-9)


def test_what_outlives_an_update_is_float32() -> None:
    layers = network(2)
    own = held(layers)
    step(own, layers, slice(2))
    assert all(np.array_equal(array, array.astype(np.float32)) for array in chain(*own[:-1]))


def test_the_outputs_are_the_probabilities_of_the_character_after_the_start_and_the_text() -> None:
    layers = network(2)
    own = held(layers)
    found = brainjs_lstm.outputs(own, layers, INPUTS)
    for text, output in zip(TEXTS, found, strict=True):
        *_, last = guesses(lambda _: own, [0, *(text[:-1] + 1)])
        assert output == pytest.approx(last[1:], abs=1e-12)
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-9)  # the end takes nothing away


def test_characters_are_one_hot_until_the_first_update() -> None:
    (first,), *_ = held(network(1))
    assert np.array_equal(first, np.vstack([np.zeros(VOCABULARY), np.eye(VOCABULARY)]))


def test_its_fault_is_told_in_numbers_and_changes_nothing() -> None:
    layers = network(2)
    own, before = held(layers), held(layers)
    said = brainjs_lstm.fault(own, layers, INPUTS, LABELS, RATE)
    assert said and said.startswith("a bias learns from a text's first step alone")
    assert all(np.array_equal(now, then) for now, then in zip(chain(*own), chain(*before), strict=True))
