"""`rnn(depth, width)`: the study's network of LSTMs, which reads 40 characters of a text and guesses the next."""

from itertools import pairwise

from howfar.data.text import STEPS
from howfar.layers import Dense, Layer, Lstm
from howfar.records import Form, Model


def layers(model: Model, form: Form, vocabulary: int) -> tuple[Layer, ...]:
    """`depth` LSTMs of `width` units over 40 characters, each one of `vocabulary`, and a dense layer over the same."""
    sizes = [vocabulary, *[model.width] * model.depth]
    lstms = (
        Lstm(STEPS, inputs, units, sequences=i < model.depth) for i, (inputs, units) in enumerate(pairwise(sizes), 1)
    )
    return (*lstms, Dense(model.width, vocabulary, form.output, form.bias))
