"""Recurrent layers step by step, for formats that lack them: each step a few products and activations."""

from collections.abc import Callable
from typing import Any

import numpy as np

from howfar.graphs.building import Builder
from howfar.graphs.graph import Activation, ActivationName, Binary, Concat, Dense, Gru, Lstm, Node, Unreadable
from howfar.graphs.lowering import both, part

# More steps than that make a graph that no longer says anything about a runtime: ten nodes a step.
MOST_STEPS = 512

Step = Callable[[Builder, str, tuple[str, ...], str, Any], tuple[str, ...]]


def recurrences(b: Builder, node: Node) -> str | None:
    """A rule of `lowering`: every LSTM and GRU as its steps. Raises: Unreadable where there are too many."""
    operation = node.operation
    if not isinstance(operation, Lstm | Gru):
        return None
    x, weights, recurrent, biases = node.inputs
    samples, steps = b.shapes[x][:2]
    if steps > MOST_STEPS:
        raise Unreadable(f"{node.output}: {type(operation).__name__} over {steps} steps; this format has none, and at "
                         f"most {MOST_STEPS} are written one by one")  # fmt: skip
    step, first, second = _parts(b, operation, biases)
    projected = b.add(Dense(), x, weights, first)
    zeros = b.filled(0.0, (samples, operation.units), "zeros")
    states: tuple[str, ...] = (zeros, zeros) if isinstance(operation, Lstm) else (zeros,)
    made: dict[int, str] = {}
    for place in reversed(range(steps)) if operation.backwards else range(steps):
        entry = b.reshape(part(b, projected, 1, place, 1), (samples, b.shapes[projected][2]))
        states = step(b, entry, states, recurrent, second)
        made[place] = states[0]
    if not operation.sequences:
        return states[0]
    rows = [b.reshape(made[place], (samples, 1, operation.units)) for place in range(steps)]
    return b.add(Concat(1), *rows)


def _parts(b: Builder, operation: Lstm | Gru, biases: str) -> tuple[Step, str, str]:
    """The step, the biases of its inputs, and those of its state."""
    if isinstance(operation, Lstm):
        return _lstm, biases, ""
    values = b.constants[biases]
    return _gru, b.constant(values[0], "biases"), b.constant(values[1], "recurrent_biases")


def _gate(b: Builder, kind: ActivationName, x: str) -> str:
    return b.add(Activation(kind), x)


def _lstm(b: Builder, entry: str, states: tuple[str, ...], recurrent: str, _: str) -> tuple[str, ...]:
    hidden, cell = states
    units = b.shapes[hidden][1]
    gates = both(b, "add", entry, b.add(Dense(), hidden, recurrent))
    i, f, candidate, o = (part(b, gates, 1, place * units, units) for place in range(4))
    kept = both(b, "multiply", _gate(b, "sigmoid", f), cell)
    new = both(b, "multiply", _gate(b, "sigmoid", i), _gate(b, "tanh", candidate))
    cell = both(b, "add", kept, new)
    return both(b, "multiply", _gate(b, "sigmoid", o), _gate(b, "tanh", cell)), cell


def _gru(b: Builder, entry: str, states: tuple[str, ...], recurrent: str, biases: str) -> tuple[str, ...]:
    (hidden,) = states
    units = b.shapes[hidden][1]
    inner = b.add(Dense(), hidden, recurrent, biases)
    pairs = [[part(b, x, 1, place * units, units) for x in (entry, inner)] for place in range(3)]
    update, reset = (_gate(b, "sigmoid", both(b, "add", *pair)) for pair in pairs[:2])
    own, remembered = pairs[2]
    candidate = _gate(b, "tanh", both(b, "add", own, both(b, "multiply", reset, remembered)))
    kept = both(b, "multiply", update, hidden)
    ones = b.constant(np.float32(1), "one")
    fresh = both(b, "multiply", b.add(Binary("subtract"), ones, update), candidate)
    return (both(b, "add", kept, fresh),)
