"""The neutral graph worked out in NumPy's float64, as its docstrings say: slow, plain, and by nobody else's code."""

from collections.abc import Callable, Mapping, Sequence
from math import erf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from howfar.graphs import graph as g
from howfar.graphs.constants import worked_out

Array = NDArray[Any]


def evaluate(graph: g.Graph, inputs: Sequence[Array]) -> list[Array]:
    """All outputs, of inputs in the graph's order. Every tensor must have the shape that the graph says."""
    known: dict[str, Array] = {name: _wide(values) for name, values in graph.constants.items()}
    known |= {spec.name: _wide(values) for spec, values in zip(graph.inputs, inputs, strict=True)}
    for node in graph.nodes:
        made = OPERATIONS[type(node.operation)](node.operation, *(known[name] for name in node.inputs))
        if node.activation:
            made = activated(node.activation, made)
        assert made.shape == graph.shapes[node.output], f"{node.output}: {made.shape} != {graph.shapes[node.output]}"
        known[node.output] = made
    return [known[name] for name in graph.outputs]


def _wide(values: Array) -> Array:
    return values.astype(np.float64) if values.dtype.kind == "f" else values


def _sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def _softplus(x: Array) -> Array:
    return np.logaddexp(x, 0)


def _elu(x: Array, alpha: float = 1.0) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


ACTIVATIONS: Mapping[str, Callable[[Array], Array]] = {
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "softplus": _softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "selu": lambda x: 1.0507009873554805 * _elu(x, 1.6732632423543772),
    "gelu": lambda x: x * (1 + np.vectorize(erf)(x / np.sqrt(2))) / 2,
    "gelu_tanh": lambda x: x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))) / 2,
    "silu": lambda x: x * _sigmoid(x),
    "mish": lambda x: x * np.tanh(_softplus(x)),
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "hard_silu": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
}


def activated(function: g.Activation, x: Array) -> Array:
    if function.kind == "elu":
        return _elu(x, function.alpha)
    if function.kind == "leaky_relu":
        return np.where(x > 0, x, function.alpha * x)
    return ACTIVATIONS[function.kind](x)


def _windows(x: Array, size: Sequence[int], operation: Any, filler: float) -> Array:
    """(n, height', width', kernel height, kernel width, channels)."""
    padded = np.pad(x, ((0, 0), *operation.margins, (0, 0)), constant_values=filler)
    dilations = getattr(operation, "dilations", (1, 1))
    spans = [(length - 1) * dilation + 1 for length, dilation in zip(size, dilations, strict=True)]
    seen = np.lib.stride_tricks.sliding_window_view(padded, tuple(spans), axis=(1, 2))
    down, across = operation.strides
    thinned = seen[:, ::down, ::across, :, :: dilations[0], :: dilations[1]]
    return np.moveaxis(thinned, 3, -1)


def convolution(operation: g.Convolution, x: Array, kernel: Array, biases: Array | float = 0.0) -> Array:
    windows = _windows(x, kernel.shape[:2], operation, 0.0)
    inner = np.split(windows, operation.groups, axis=-1)
    own = np.split(kernel, operation.groups, axis=-1)
    parts = [np.einsum("nhwklc,klcf->nhwf", *pair) for pair in zip(inner, own, strict=True)]
    return np.asarray(np.concatenate(parts, axis=-1) + biases)


def transposed(operation: g.TransposedConvolution, x: Array, kernel: Array, biases: Array | float = 0.0) -> Array:
    samples, height, width, _ = x.shape
    rows, columns, filters, _ = kernel.shape
    down, across = operation.strides
    made = np.zeros((samples, (height - 1) * down + rows, (width - 1) * across + columns, filters))
    for i in range(height):
        for j in range(width):
            spread = np.einsum("nc,klfc->nklf", x[:, i, j], kernel)
            made[:, i * down : i * down + rows, j * across : j * across + columns] += spread
    (top, bottom), (left, right) = operation.margins
    return made[:, top : made.shape[1] - bottom, left : made.shape[2] - right] + biases


def matmul(operation: g.MatMul, a: Array, b: Array) -> Array:
    a = np.swapaxes(a, -1, -2) if operation.transpose_a else a
    return np.asarray(np.matmul(a, np.swapaxes(b, -1, -2) if operation.transpose_b else b))


def batch_norm(operation: g.BatchNorm, x: Array, scale: Array, offset: Array, mean: Array, variance: Array) -> Array:
    return (x - mean) / np.sqrt(variance + operation.epsilon) * scale + offset


def layer_norm(operation: g.LayerNorm, x: Array, scale: Array, offset: Array) -> Array:
    centred = x - x.mean(-1, keepdims=True)
    return np.asarray(centred / np.sqrt(x.var(-1, keepdims=True) + operation.epsilon) * scale + offset)


def pool(operation: g.Pool, x: Array) -> Array:
    if operation.kind == "max":
        return np.asarray(_windows(x, operation.size, operation, -np.inf).max((3, 4)))
    ones = np.pad(np.ones_like(x), ((0, 0), *operation.margins, (0, 0)), constant_values=float(operation.margin_counts))
    bare = g.Pool("average", operation.size, operation.strides)
    total = _windows(x, operation.size, operation, 0.0).sum((3, 4))
    return np.asarray(total / _windows(ones, operation.size, bare, 0.0).sum((3, 4)))


def softmax(operation: g.Softmax, x: Array) -> Array:
    raised = np.exp(x - x.max(operation.axis, keepdims=True))
    return np.asarray(raised / raised.sum(operation.axis, keepdims=True))


def resize(operation: g.Resize, x: Array) -> Array:
    for axis, made in enumerate(operation.size, start=1):
        x = _along(operation, x, axis, made)
    return x


def _along(operation: g.Resize, x: Array, axis: int, made: int) -> Array:
    length = x.shape[axis]
    places = np.arange(made, dtype=np.float64)
    if operation.align_corners:
        places *= (length - 1) / max(made - 1, 1)
    elif operation.half_pixel:
        places = (places + 0.5) * length / made - 0.5
    else:
        places *= length / made
    if operation.method == "nearest":
        centred = operation.half_pixel or operation.align_corners
        nearest = np.floor(places + 0.5) if centred else np.floor(places)
        return np.asarray(np.take(x, np.clip(nearest, 0, length - 1).astype(int), axis))
    places = np.clip(places, 0, length - 1)
    low = np.floor(places).astype(int)
    share = (places - low).reshape([-1 if place == axis else 1 for place in range(x.ndim)])
    high = np.minimum(low + 1, length - 1)
    return np.asarray(np.take(x, low, axis) * (1 - share) + np.take(x, high, axis) * share)


def _by_step(operation: Any, x: Array, step: Callable[[Array], Array]) -> Array:
    order = range(x.shape[1] - 1, -1, -1) if operation.backwards else range(x.shape[1])
    made = {place: step(x[:, place]) for place in order}
    return np.stack([made[place] for place in range(x.shape[1])], 1) if operation.sequences else made[order[-1]]


def lstm(operation: g.Lstm, x: Array, weights: Array, recurrent: Array, biases: Array) -> Array:
    hidden: Array = np.zeros((len(x), operation.units))
    cell = hidden

    def step(entry: Array) -> Array:
        nonlocal hidden, cell
        i, f, c, o = np.split(entry @ weights + hidden @ recurrent + biases, 4, axis=-1)
        cell = _sigmoid(f) * cell + _sigmoid(i) * np.tanh(c)
        hidden = _sigmoid(o) * np.tanh(cell)
        return hidden

    return _by_step(operation, x, step)


def gru(operation: g.Gru, x: Array, weights: Array, recurrent: Array, biases: Array) -> Array:
    hidden: Array = np.zeros((len(x), operation.units))

    def step(entry: Array) -> Array:
        nonlocal hidden
        update, reset, new = np.split(entry @ weights + biases[0], 3, axis=-1)
        kept, forgotten, old = np.split(hidden @ recurrent + biases[1], 3, axis=-1)
        share = _sigmoid(update + kept)
        candidate = np.tanh(new + _sigmoid(reset + forgotten) * old)
        hidden = share * hidden + (1 - share) * candidate
        return hidden

    return _by_step(operation, x, step)


LOGICAL: Mapping[str, Callable[[Array, Array], Array]] = {
    "less": np.less, "less_equal": np.less_equal, "greater": np.greater, "greater_equal": np.greater_equal,
    "equal": np.equal, "and": np.logical_and, "or": np.logical_or,
}  # fmt: skip


def plain(operation: g.Operation, *arrays: Array) -> Array:
    """What howfar's own folding of constants works out too; `erf` it leaves alone."""
    if isinstance(operation, g.Unary) and operation.kind == "erf":
        return np.asarray(np.vectorize(erf)(arrays[0]))
    made = worked_out(operation, arrays)
    assert made is not None
    return made


OPERATIONS: Mapping[type, Callable[..., Array]] = {
    g.Convolution: convolution,
    g.TransposedConvolution: transposed,
    g.Dense: lambda _, x, weights, biases=0.0: x @ weights + biases,
    g.MatMul: matmul,
    g.BatchNorm: batch_norm,
    g.LayerNorm: layer_norm,
    g.Pool: pool,
    g.Activation: activated,
    g.PRelu: lambda _, x, slopes: np.where(x > 0, x, x * slopes),
    g.Softmax: softmax,
    g.Resize: resize,
    g.Logical: lambda operation, a, b: LOGICAL[operation.kind](a, b),
    g.Select: lambda _, condition, a, b: np.asarray(np.where(condition, a, b)),
    g.Lstm: lstm,
    g.Gru: gru,
    **dict.fromkeys(
        (
            g.Reduce, g.Unary, g.Clip, g.Binary, g.Concat, g.Reshape, g.Transpose, g.Pad, g.Slice, g.Gather, g.Cast,
        ),
        plain,
    ),
}  # fmt: skip
