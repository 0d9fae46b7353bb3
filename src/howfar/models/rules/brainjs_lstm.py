"""brain.js's recurrent net, `brain.recurrent.LSTM`: what it computes, and its RMSProp, one update per sample.

It is not the textbook's LSTM, for it keeps no cell: where that would forget some of its cell, this forgets some of its
last output. Before a text it reads a start, and it has one class more than there are characters, the end, which it
learns to expect after the last one. Its first matrix has a row for the start and for each character: it begins as the
identity, so that characters are one-hot, with zeros for the start. The end begins without weights and with a bias that
keeps it out of the softmax.

A sample is its 41 characters, and each of them, and the end, is guessed from those before it. Some gradients are not
those of the whole text, since the library sets them where it should add them up: a bias has that of the first step
alone, a character's row that of the first place where the character stands; and a character that is not in a text
has the gradient of the last text that it was in once more.

The library's numbers are float32. Here only those are that outlive an update, the weights and the mean squares: what is
rounded in between is lost in the check's tolerance.

Each update has the study's rate over the number of samples. At the whole rate the first one moves every weight by up to
0.3, and within three batches it is the last digit of a float32 that decides where the losses go.
"""

from collections.abc import Sequence
from itertools import chain

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from howfar.layers import Dense, Lstm
from howfar.models.rules import Matrix, Parameters
from howfar.models.rules.activations import FORWARD, SLOPE, softmax

Layers = Sequence[Lstm | Dense]
Numbers = NDArray[np.int64]

START = END = 0
# e^-30 is a millionth of what a float32 still sees beside 1.
END_BIAS = -30.0
# The library's defaults.
DECAY, SMOOTHING, CLIP, REGULARIZATION = 0.999, 1e-8, 5.0, 1e-6


def hold(parameters: Parameters, layers: Layers) -> Parameters:
    """As the net has them: its first matrix (1 + vocabulary, vocabulary); the layers' own; the classes' weights and
    biases, the end before the characters; then of all of these the mean squares of their gradients, flat, and last the
    gradient of the first matrix."""
    *lstms, (weights, biases) = parameters
    vocabulary = layers[0].inputs
    first = np.eye(1 + vocabulary, vocabulary, -1)
    classes = np.pad(weights, ((0, 0), (1, 0))), np.pad(biases, (1, 0), constant_values=END_BIAS)
    own = [(first,), *lstms, classes]
    return [*own, tuple(np.zeros_like(array) for array in chain(*own)), (np.zeros_like(first),)]


def outputs(parameters: Parameters, layers: Layers, inputs: Matrix) -> Matrix:
    """The probabilities of the next character (samples, vocabulary), the end left out."""
    read = np.pad(_numbers(layers, inputs), ((0, 0), (1, 0)), constant_values=START)
    return softmax(_through(parameters[:-2], read)[1][:, -1])[:, 1:]


def step(parameters: Parameters, layers: Layers, inputs: Matrix, labels: NDArray[np.uint8], rate: float) -> float:
    """One update per sample, in order, in place. Returns what `train` reports as its error: the mean, over the samples,
    of 2 to the power of the bits that a character took, over 100. They are the bits of all characters and the end, over
    the number of characters but one."""
    texts = np.column_stack([_numbers(layers, inputs), labels.astype(np.int64) + 1])
    return float(np.mean([_update(parameters, text, rate / len(labels)) for text in texts]))


def fault(
    parameters: Parameters,
    layers: Layers,
    inputs: Matrix,
    labels: NDArray[np.uint8],
    rate: float,  # noqa: ARG001 - as all rules have it
) -> str | None:
    """How far the gradient of a bias is off, in numbers, on the first sample."""
    text = np.append(_numbers(layers, inputs)[0], labels[0] + 1)
    sums = [delta for delta, _ in _back(parameters[:-2], *_guessed(parameters[:-2], text)[1:])]
    whole = [delta.sum(axis=1) for delta in sums]
    off = max(np.abs(one - delta[:, 0]).max() for one, delta in zip(whole, sums, strict=True))
    size = max(np.abs(one).max() for one in whole)
    return (
        f"a bias learns from a text's first step alone, which makes its gradient, up to {size:.2g}, wrong by up to "
        f"{off:.2g}; a character's row learns from the first place alone where the character stands"
    )


def _numbers(layers: Layers, inputs: Matrix) -> Numbers:
    """One-hot (samples, steps x vocabulary) to the rows of the first matrix (samples, steps): a character's and one."""
    found: Numbers = inputs.reshape(len(inputs), -1, layers[0].inputs).argmax(axis=2) + 1
    return found


class _Passed(Struct, frozen=True):
    """One layer's forward pass, each array (batch, steps, ...)."""

    inputs: Matrix
    input: Matrix
    forget: Matrix
    candidate: Matrix
    output: Matrix
    before: Matrix
    shrunk: Matrix
    hidden: Matrix


def _through(own: Parameters, read: Numbers) -> tuple[list[_Passed], Matrix]:
    """What each layer makes of `read` (batch, steps), and the sums (batch, steps, classes) that go into the softmax."""
    (first,), *lstms, (weights, biases) = own
    x, passed = first[read], []
    for lstm in lstms:
        passed.append(_forward(lstm, x))
        x = passed[-1].hidden
    return passed, x @ weights + biases


def _forward(parameters: tuple[Matrix, ...], x: Matrix) -> _Passed:
    weights, recurrent, biases = parameters
    sigmoid, hidden, steps = FORWARD["sigmoid"], np.zeros((len(x), len(recurrent))), []
    for inputs in (x @ weights + biases).swapaxes(0, 1):
        i, f, g, o = np.split(inputs + hidden @ recurrent, 4, axis=1)
        i, f, g, o, before = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o), hidden
        shrunk = np.tanh(f * before + i * g)
        hidden = o * shrunk
        steps.append((i, f, g, o, before, shrunk, hidden))
    return _Passed(x, *(np.stack(one, axis=1) for one in zip(*steps, strict=True)))


def _update(parameters: Parameters, text: Numbers, rate: float) -> float:
    """Trains on one text. Returns the library's error of it, before the update."""
    *own, squares, (rows,) = parameters
    bits, passed, delta = _guessed(own, text)
    gone = _back(own, passed, delta)
    for number, gradient in reversed(list(zip(np.append(START, text), gone[-1][1][0], strict=True))):
        rows[number] = gradient
    gradients: list[Matrix] = []
    for one, (by_sums, _) in zip(reversed(passed), gone, strict=True):
        flat = by_sums[0]
        gradients = [one.inputs[0].T @ flat, one.before[0].T @ flat, flat[0], *gradients]
    gradients = [rows, *gradients, passed[-1].hidden[0].T @ delta[0], delta[0, 0]]
    for array, square, gradient in zip(chain(*own), squares, gradients, strict=True):
        _move(array, square, gradient, rate)
    return float(2 ** (bits / (len(text) - 1)) / 100)


def _guessed(own: Parameters, text: Numbers) -> tuple[float, list[_Passed], Matrix]:
    """The bits that the text and its end took, the forward pass, and the gradient by what went into the softmax."""
    wanted = np.append(text, END)
    passed, sums = _through(own, np.append(START, text)[None])
    delta, steps = softmax(sums), np.arange(len(wanted))
    bits = float(-np.log2(delta[0, steps, wanted]).sum())
    delta[0, steps, wanted] -= 1
    return bits, passed, delta


def _back(own: Parameters, passed: Sequence[_Passed], delta: Matrix) -> list[tuple[Matrix, Matrix]]:
    """Of every layer, the last one first: the gradients by the sums that go into its gates, and by its inputs."""
    gone, by_outputs = [], delta @ own[-1][0].T
    for (weights, recurrent, _), one in zip(reversed(own[1:-1]), reversed(passed), strict=True):
        by_sums = _steps_back(recurrent, one, by_outputs)
        by_outputs = by_sums @ weights.T
        gone.append((by_sums, by_outputs))
    return gone


def _steps_back(recurrent: Matrix, passed: _Passed, by_outputs: Matrix) -> Matrix:
    """Back-propagation through time: from the gradient by a layer's outputs to that by the sums of its gates."""
    sigmoid, tanh = SLOPE["sigmoid"], SLOPE["tanh"]
    by_shrunk = passed.output * tanh(passed.shrunk)
    slopes = [
        passed.candidate * sigmoid(passed.input) * by_shrunk,
        passed.before * sigmoid(passed.forget) * by_shrunk,
        passed.input * tanh(passed.candidate) * by_shrunk,
        passed.shrunk * sigmoid(passed.output),
    ]
    by_hidden, by_sums = np.zeros_like(by_outputs[:, 0]), np.empty((*by_outputs.shape[:2], recurrent.shape[1]))
    for t in reversed(range(by_outputs.shape[1])):
        by_hidden = by_hidden + by_outputs[:, t]
        by_sums[:, t] = np.concatenate([by_hidden * slope[:, t] for slope in slopes], axis=1)
        by_hidden = by_hidden * by_shrunk[:, t] * passed.forget[:, t] + by_sums[:, t] @ recurrent.T
    return by_sums


def _move(array: Matrix, square: Matrix, gradient: Matrix, rate: float) -> None:
    """One step of one array, in place."""
    square[...] = (DECAY * square + (1 - DECAY) * gradient**2).astype(np.float32)
    moved = rate * gradient.clip(-CLIP, CLIP) / np.sqrt(square + SMOOTHING)
    array[...] = (array - moved - REGULARIZATION * array).astype(np.float32)
