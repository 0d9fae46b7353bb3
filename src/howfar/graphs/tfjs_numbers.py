"""TensorFlow.js's layers for what goes number by number: activations, bounds, sums and products, with constants too."""

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, NoReturn

import numpy as np

from howfar.graphs.graph import Activation, Binary, Clip, Node, PRelu, Softmax, Unary, Unreadable
from howfar.graphs.tfjs_topology import ZEROS, Layers


def refuse(node: Node, reason: str) -> NoReturn:
    """Says what TensorFlow.js's layers lack."""
    raise Unreadable(f"{node.output}: {type(node.operation).__name__} {reason}, which TensorFlow.js's layers lack")


PLAIN = {
    "relu": "relu", "sigmoid": "sigmoid", "tanh": "tanh", "softplus": "softplus", "softsign": "softsign", "elu": "elu",
    "selu": "selu", "silu": "swish", "mish": "mish", "gelu": "gelu",
}  # fmt: skip


def _activation(m: Layers, node: Node) -> str:
    function: Any = node.operation
    (x,) = node.inputs
    if function.kind == "leaky_relu":
        return m.add("LeakyReLU", [x], {"alpha": function.alpha})
    if function.kind == "relu6":
        return m.add("ReLU", [x], {"max_value": 6})
    if function.kind not in PLAIN:
        refuse(node, function.kind)
    return m.add("Activation", [x], {"activation": PLAIN[function.kind]})


def _prelu(m: Layers, node: Node) -> str:
    rank, slopes = len(m.shapes[node.inputs[0]]), m.constant(node.inputs[1])
    slopes = slopes.reshape((1,) * (rank - 1 - slopes.ndim) + slopes.shape[-(rank - 1) :])
    shared = [axis + 1 for axis, length in enumerate(slopes.shape) if length < m.shapes[node.inputs[0]][axis + 1]]
    return m.add(
        "PReLU", [node.inputs[0]], {"shared_axes": shared or None, "alpha_initializer": ZEROS}, {"alpha": slopes}
    )


def _unary(m: Layers, node: Node) -> str:
    operation: Any = node.operation
    kind: str = operation.kind
    (x,) = node.inputs
    if kind == "negative":
        return m.rescaled(x, -1.0)
    if kind == "square":
        return m.add("Multiply", [x, m.add("Activation", [x], {"activation": "linear"})])
    if kind == "abs":
        return m.add("Maximum", [x, m.rescaled(x, -1.0)])
    refuse(node, kind)


def _clip(m: Layers, node: Node) -> str:
    clip: Any = node.operation
    (x,) = node.inputs
    if isfinite(clip.low) and isfinite(clip.high):
        x = m.add("ReLU", [x if clip.low == 0 else m.rescaled(x, 1.0, -clip.low)], {"max_value": clip.high - clip.low})
        return x if clip.low == 0 else m.rescaled(x, 1.0, clip.low)
    if isfinite(clip.low):
        return _bounded(m, x, "maximum", clip.low)
    return _bounded(m, x, "minimum", clip.high)


def _bounded(m: Layers, x: str, kind: str, bound: float) -> str:
    """The larger (or smaller) of x and one number, by a ReLU of the difference."""
    sign = 1.0 if kind == "maximum" else -1.0
    beyond = m.add("ReLU", [m.rescaled(x, sign, -sign * bound)], {})
    return m.rescaled(beyond, sign, bound)


def _binary(m: Layers, node: Node) -> str:
    operation: Any = node.operation
    kind: str = operation.kind
    a, b = node.inputs
    if a in m.constants or b in m.constants:
        return _with_constant(m, node, kind)
    names = {"add": "Add", "multiply": "Multiply", "maximum": "Maximum", "minimum": "Minimum"}
    if kind in names and len(m.shapes[a]) == len(m.shapes[b]):
        return m.add(names[kind], [a, b] if a != b else [a, m.add("Activation", [b], {"activation": "linear"})])
    if kind not in ("subtract", "squared_difference"):
        refuse(node, f"{kind} of {m.shapes[a]} and {m.shapes[b]}")
    less = m.add("Add", [a, m.rescaled(b, -1.0)])
    if kind == "subtract":
        return less
    return m.add("Multiply", [less, m.add("Activation", [less], {"activation": "linear"})])


def _with_constant(m: Layers, node: Node, kind: str) -> str:
    first = node.inputs[0] in m.constants
    x, values = (node.inputs[1], m.constant(node.inputs[0])) if first else (node.inputs[0], m.constant(node.inputs[1]))
    if m.shapes[x] != m.shapes[node.output] or (first and kind in ("divide", "power", "squared_difference")):
        refuse(node, f"{kind} of a constant of shape {values.shape}")
    if values.size == 1 and kind in ("maximum", "minimum"):
        return _bounded(m, x, kind, float(values.reshape(())))
    factors = {"multiply": values, "divide": 1 / values if kind == "divide" else values}.get(kind)
    summands = {"add": values, "subtract": values if first else -values}.get(kind)
    if factors is None and summands is None:
        refuse(node, f"{kind} of a constant")
    sign = -1.0 if first and kind == "subtract" else 1.0
    if values.size == 1:
        return m.rescaled(x, float(np.max(factors)) if factors is not None else sign, _only(summands))
    return _by_channel(m, node, x, factors if factors is not None else np.full(values.shape, sign), summands)


def _only(values: Any) -> float:
    return 0.0 if values is None else float(np.max(values))


def _by_channel(m: Layers, node: Node, x: str, factors: Any, summands: Any) -> str:
    """As a normalisation by mean 0 and variance 1, without an epsilon."""
    channels = m.shapes[x][-1]
    if factors.size != channels or factors.shape[-1] != channels:
        refuse(node, f"a constant of shape {factors.shape}")
    ones, zeros = np.ones(channels, np.float32), np.zeros(channels, np.float32)
    offsets = zeros if summands is None else summands.reshape(-1)
    weights = {"gamma": factors.reshape(-1), "beta": offsets, "moving_mean": zeros, "moving_variance": ones}
    typed = {name: np.asarray(values, np.float32) for name, values in weights.items()}
    return m.add("BatchNormalization", [x], {"axis": -1, "epsilon": 0.0}, typed)


def _softmax(m: Layers, node: Node) -> str:
    operation: Any = node.operation
    return m.add("Softmax", node.inputs, {"axis": operation.axis})


LAYERS: Mapping[type, Callable[[Layers, Node], str]] = {
    Activation: _activation,
    PRelu: _prelu,
    Softmax: _softmax,
    Unary: _unary,
    Clip: _clip,
    Binary: _binary,
}
