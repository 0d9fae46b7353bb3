"""Operations in terms of simpler ones, for formats that lack them.

A rule takes a builder and a node, adds nodes that give the same, and returns the last one's name; None where the node
is none of its kind.
"""

from collections.abc import Callable, Sequence
from math import pi, sqrt

import numpy as np

from howfar.graphs.building import Array, Builder, same_margins
from howfar.graphs.folding import HELD, HOLDERS, drop_dead, drop_identities, fold, fuse_activations, rewritten
from howfar.graphs.graph import (
    Activation,
    ActivationName,
    Binary,
    BinaryName,
    Clip,
    Concat,
    Convolution,
    Dense,
    Gather,
    Graph,
    LayerNorm,
    MatMul,
    Node,
    Pad,
    Pool,
    PRelu,
    Reduce,
    Reshape,
    Slice,
    Softmax,
    Transpose,
    TransposedConvolution,
    Unary,
    UnaryName,
)

Rule = Callable[[Builder, Node], str | None]


def lower(graph: Graph, rules: Sequence[Rule]) -> Graph:
    """The graph after the rules, as often as one of them finds something; each node is left to the first that does."""
    while True:
        lowered = rewritten(graph, lambda b, node: next(filter(None, (rule(b, node) for rule in rules)), None))
        if lowered.nodes == graph.nodes:
            return lowered
        graph = lowered


def lowered(graph: Graph, rules: Sequence[Rule]) -> Graph:
    """Folded, after the rules, and with activations in the nodes before them: what TensorFlow's formats hold."""
    simpler = drop_identities(lower(fold(graph, activations=()), rules))
    return drop_dead(fuse_activations(simpler, HELD, HOLDERS))


def scalar(b: Builder, kind: BinaryName, x: str, value: float) -> str:
    """x and one number."""
    return b.add(Binary(kind), x, b.constant(np.float32(value)))


def both(b: Builder, kind: BinaryName, x: str, y: str) -> str:
    """Two tensors."""
    return b.add(Binary(kind), x, y)


def each(b: Builder, kind: UnaryName, x: str) -> str:
    """One number to one number."""
    return b.add(Unary(kind), x)


def active(b: Builder, kind: ActivationName, x: str) -> str:
    """x after an activation."""
    return b.add(Activation(kind), x)


def layer_norms(b: Builder, node: Node) -> str | None:
    """By means over the last axis."""
    if not isinstance(node.operation, LayerNorm):
        return None
    x, scale, offset = node.inputs
    mean = Reduce("mean", (len(b.shapes[x]) - 1,), keep=True)
    centred = both(b, "subtract", x, b.add(mean, x))
    variance = b.add(mean, each(b, "square", centred))
    factor = each(b, "rsqrt", scalar(b, "add", variance, node.operation.epsilon))
    return both(b, "add", both(b, "multiply", both(b, "multiply", centred, factor), scale), offset)


def activations(*kinds: ActivationName) -> Rule:
    """A rule for activations of these kinds; an `elu` only where it has a scale."""

    def rule(b: Builder, node: Node) -> str | None:
        function = node.operation
        if not isinstance(function, Activation) or function.kind not in kinds:
            return None
        if function.kind == "elu":
            return _elu(b, node.inputs[0], function.alpha)
        return _ACTIVATIONS[function.kind](b, node.inputs[0])

    return rule


def _elu(b: Builder, x: str, alpha: float) -> str | None:
    if alpha == 1:
        return None
    below = scalar(b, "multiply", active(b, "elu", scalar(b, "minimum", x, 0.0)), alpha)
    return both(b, "add", active(b, "relu", x), below)


def _hard_sigmoid(b: Builder, x: str) -> str:
    return scalar(b, "multiply", active(b, "relu6", scalar(b, "add", x, 3.0)), 1 / 6)


def _softsign(b: Builder, x: str) -> str:
    return both(b, "divide", x, scalar(b, "add", each(b, "abs", x), 1.0))


def _gelu(b: Builder, x: str) -> str:
    share = scalar(b, "add", each(b, "erf", scalar(b, "multiply", x, 1 / sqrt(2))), 1.0)
    return both(b, "multiply", scalar(b, "multiply", x, 0.5), share)


def _gelu_tanh(b: Builder, x: str) -> str:
    cubed = scalar(b, "multiply", both(b, "multiply", each(b, "square", x), x), 0.044715)
    share = active(b, "tanh", scalar(b, "multiply", both(b, "add", x, cubed), sqrt(2 / pi)))
    return both(b, "multiply", scalar(b, "multiply", x, 0.5), scalar(b, "add", share, 1.0))


def _softplus(b: Builder, x: str) -> str:
    """Of what can't overflow."""
    below = each(b, "exp", each(b, "negative", each(b, "abs", x)))
    return both(b, "add", active(b, "relu", x), each(b, "log", scalar(b, "add", below, 1.0)))


def _selu(b: Builder, x: str) -> str:
    """Its two constants are those of Klambauer et al., 2017."""
    below = scalar(b, "multiply", active(b, "elu", scalar(b, "minimum", x, 0.0)), 1.6732632423543772)
    return scalar(b, "multiply", both(b, "add", active(b, "relu", x), below), 1.0507009873554805)


_ACTIVATIONS: dict[ActivationName, Callable[[Builder, str], str]] = {
    "hard_sigmoid": _hard_sigmoid,
    "hard_silu": lambda b, x: both(b, "multiply", x, _hard_sigmoid(b, x)),
    "silu": lambda b, x: both(b, "multiply", x, active(b, "sigmoid", x)),
    "mish": lambda b, x: both(b, "multiply", x, active(b, "tanh", active(b, "softplus", x))),
    "softplus": _softplus,
    "softsign": _softsign,
    "selu": _selu,
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
}


def slopes(b: Builder, node: Node) -> str | None:
    """PRelu by the parts of x above 0 and below."""
    if not isinstance(node.operation, PRelu):
        return None
    x, slope = node.inputs
    below = both(b, "multiply", scalar(b, "minimum", x, 0.0), slope)
    return both(b, "add", active(b, "relu", x), below)


def softmaxes(b: Builder, node: Node) -> str | None:
    """Along another axis than the last: that axis is brought there and back."""
    rank = len(b.shapes[node.inputs[0]])
    if not isinstance(node.operation, Softmax) or node.operation.axis == rank - 1:
        return None
    swap = list(range(rank))
    swap[node.operation.axis], swap[-1] = rank - 1, node.operation.axis
    swapped = b.add(Transpose(tuple(swap)), node.inputs[0])
    return b.add(Transpose(tuple(swap)), b.add(Softmax(rank - 1), swapped))


def groups(b: Builder, node: Node) -> str | None:
    """A convolution of several groups, none of a single channel each, as one for every group."""
    operation = node.operation
    if not isinstance(operation, Convolution) or operation.groups in (1, b.shapes[node.inputs[0]][3]):
        return None
    x, *weights = node.inputs
    arrays = [np.split(b.constants[name], operation.groups, axis=-1) for name in weights]
    inner = b.shapes[x][3] // operation.groups
    one = Convolution(operation.strides, operation.dilations, operation.margins)
    parts = []
    for place, own in enumerate(zip(*arrays, strict=True)):
        names = [b.constant(array, "weights") for array in own]
        parts.append(b.add(one, part(b, x, 3, place * inner, inner), *names))
    return b.add(Concat(3), *parts)


def part(b: Builder, x: str, axis: int, start: int, length: int) -> str:
    """A piece along one axis."""
    shape = b.shapes[x]
    starts = tuple(start if place == axis else 0 for place in range(len(shape)))
    ends = tuple(start + length if place == axis else whole for place, whole in enumerate(shape))
    return b.add(Slice(starts, ends, (1,) * len(shape)), x)


def clips(b: Builder, node: Node) -> str | None:
    """A clip as a maximum, a minimum or both."""
    clip = node.operation
    if not isinstance(clip, Clip):
        return None
    x = node.inputs[0]
    x = scalar(b, "maximum", x, clip.low) if np.isfinite(clip.low) else x
    return scalar(b, "minimum", x, clip.high) if np.isfinite(clip.high) else x


def odd_convolutions(b: Builder, node: Node) -> str | None:
    """A convolution whose margins are neither none nor "same" as a pad and a convolution without any."""
    operation = node.operation
    if not isinstance(operation, Convolution) or not any(map(sum, operation.margins)):
        return None
    x, kernel, *biases = node.inputs
    lengths, size = b.shapes[x][1:3], b.shapes[kernel][:2]
    if operation.margins == same_margins(lengths, size, operation.strides, operation.dilations):
        return None
    padded = b.add(Pad(((0, 0), *operation.margins, (0, 0))), x)
    return b.add(Convolution(operation.strides, operation.dilations, groups=operation.groups), padded, kernel, *biases)


def edge_pads(b: Builder, node: Node) -> str | None:
    """What repeats the edges as a gathering, axis by axis."""
    pad = node.operation
    if not isinstance(pad, Pad) or pad.mode != "edge":
        return None
    x = node.inputs[0]
    for axis, (before, after) in enumerate(pad.margins):
        length = b.shapes[x][axis]
        if before or after:
            places = np.clip(np.arange(-before, length + after), 0, length - 1).astype(np.int32)
            x = b.add(Gather(axis), x, b.constant(places, "places"))
    return x


def odd_pools(b: Builder, node: Node) -> str | None:
    """A pool whose margins are neither none nor "same" (or count, in an average) as a pad and a pool without any."""
    pool = node.operation
    if not isinstance(pool, Pool) or not any(map(sum, pool.margins)):
        return None
    x = node.inputs[0]
    counts = pool.kind == "average" and pool.margin_counts
    if pool.margins == same_margins(b.shapes[x][1:3], pool.size, pool.strides) and not counts:
        return None
    lowest = float(np.finfo(np.float32).min) if pool.kind == "max" else 0.0
    padded = b.add(Pad(((0, 0), *pool.margins, (0, 0)), lowest), x)
    made = b.add(Pool(pool.kind, pool.size, pool.strides), padded)
    if pool.kind == "max" or counts:
        return made
    return both(b, "multiply", made, b.constant(_shares(b.shapes[x][1:3], pool), "shares"))


def _shares(lengths: Sequence[int], pool: Pool) -> Array:
    """(height, width, 1): the window's size by how much of it lies in the image."""
    inside = [np.pad(np.ones(length), margins) for length, margins in zip(lengths, pool.margins, strict=True)]
    counts = [
        np.array([ones[start : start + size].mean() for start in range(0, len(ones) - size + 1, stride)])
        for ones, size, stride in zip(inside, pool.size, pool.strides, strict=True)
    ]
    return 1 / np.outer(*counts)[:, :, None]


def transposed_apart(b: Builder, node: Node) -> str | None:
    """A transposed convolution without biases, and with no margins or those of "same"; else what is cut off is a slice
    and the biases are a sum."""
    operation = node.operation
    if not isinstance(operation, TransposedConvolution):
        return None
    x, kernel, *biases = node.inputs
    lengths = b.shapes[node.output][1:3]
    odd = any(map(sum, operation.margins)) and operation.margins != same_margins(
        lengths, b.shapes[kernel][:2], operation.strides
    )
    if not odd and not biases:
        return None
    made = b.add(TransposedConvolution(operation.strides, ((0, 0), (0, 0)) if odd else operation.margins), x, kernel)
    for axis in (1, 2) if odd else ():
        made = part(b, made, axis, operation.margins[axis - 1][0], lengths[axis - 1])
    return both(b, "add", made, biases[0]) if biases else made


def flat_dense(b: Builder, node: Node) -> str | None:
    """A dense layer on more than two axes as one on rows."""
    shape = b.shapes[node.inputs[0]]
    if not isinstance(node.operation, Dense) or len(shape) == 2:
        return None
    rows = b.reshape(node.inputs[0], (-1, shape[-1]))
    return b.add(Reshape(b.shapes[node.output]), b.add(Dense(), rows, *node.inputs[1:]))


def broadcast_products(b: Builder, node: Node) -> str | None:
    """A matrix product whose second operand is a constant matrix: its rows in one product."""
    operation = node.operation
    if not isinstance(operation, MatMul) or node.inputs[1] not in b.constants or operation.transpose_a:
        return None
    weights = b.constants[node.inputs[1]]
    if weights.ndim != 2 or len(b.shapes[node.inputs[0]]) < 2:
        return None
    return b.add(Dense(), node.inputs[0], b.constant(weights.T if operation.transpose_b else weights, "weights"))
