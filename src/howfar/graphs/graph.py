"""The neutral graph: what models are read into, and what every format is written from.

All shapes are static, the batch included: some runtimes take no other, and what is measured has one shape anyway.
Images are channels last. Tensors are float32 unless a `TensorSpec` or a constant says otherwise.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from howfar.handed import TensorSpec
from howfar.layers import Shape
from howfar.records import DType

# What comes before and after along height, and along width.
Margins = tuple[tuple[int, int], tuple[int, int]]

ActivationName = Literal[
    "relu", "relu6", "sigmoid", "tanh", "softplus", "softsign", "elu", "selu", "gelu", "gelu_tanh", "silu", "mish",
    "hard_sigmoid", "hard_silu", "leaky_relu",
]  # fmt: skip
UnaryName = Literal[
    "exp", "log", "sqrt", "rsqrt", "negative", "abs", "square", "reciprocal", "floor", "ceil", "round", "sign", "erf",
    "sin", "cos",
]  # fmt: skip
BinaryName = Literal[
    "add", "subtract", "multiply", "divide", "maximum", "minimum", "power", "squared_difference",
]  # fmt: skip

LogicalName = Literal["less", "less_equal", "greater", "greater_equal", "equal", "and", "or"]


class Unreadable(Exception):
    """The model has what howfar cannot read, or what a format cannot hold; the message names the operator and where."""


class Convolution(Struct, frozen=True):
    """x (n, height, width, channels), kernel (kernel height, kernel width, channels / groups, filters), and where it
    has them biases (filters): to (n, height', width', filters). With as many groups as channels it is depthwise: filter
    g * multiplier + m is the m-th of channel g."""

    strides: tuple[int, int] = (1, 1)
    dilations: tuple[int, int] = (1, 1)
    margins: Margins = ((0, 0), (0, 0))
    groups: int = 1


class TransposedConvolution(Struct, frozen=True):
    """x (n, height, width, channels), kernel (kernel height, kernel width, filters, channels), biases (filters) or
    none: each number spread over a kernel, `strides` apart; `margins` are cut off what comes out."""

    strides: tuple[int, int] = (1, 1)
    margins: Margins = ((0, 0), (0, 0))


class Dense(Struct, frozen=True):
    """x (..., inputs), weights (inputs, units), biases (units) or none: to (..., units)."""


class MatMul(Struct, frozen=True):
    """a (..., rows, inner) by b (..., inner, columns); a transposed one has its last two axes the other way round."""

    transpose_a: bool = False
    transpose_b: bool = False


class BatchNorm(Struct, frozen=True):
    """x (..., channels), then scale, offset, mean, variance (channels): (x - mean) / sqrt(variance + epsilon) * scale +
    offset."""

    epsilon: float


class LayerNorm(Struct, frozen=True):
    """x (..., channels), then scale, offset (channels): normalised over the last axis."""

    epsilon: float


class Pool(Struct, frozen=True):
    """x (n, height, width, channels). `margin_counts`: whether an average divides by the whole window at the edges."""

    kind: Literal["max", "average"]
    size: tuple[int, int]
    strides: tuple[int, int]
    margins: Margins = ((0, 0), (0, 0))
    margin_counts: bool = False


class Reduce(Struct, frozen=True):
    """x over `axes` (0 or more); `keep`: they stay, of length 1."""

    kind: Literal["mean", "max", "min", "sum", "prod"]
    axes: tuple[int, ...]
    keep: bool = False


class Activation(Struct, frozen=True):
    """One number to one number. `alpha`: the slope of `leaky_relu`, the scale of `elu`. hard_sigmoid is
    clip(x / 6 + 1 / 2, 0, 1), hard_silu that times x."""

    kind: ActivationName
    alpha: float = 1.0


class PRelu(Struct, frozen=True):
    """x (..., channels), slopes (that broadcast to it): x above 0, slope * x below."""


class Softmax(Struct, frozen=True):
    """Over one axis (0 or more)."""

    axis: int


class Unary(Struct, frozen=True):
    """One number to one number."""

    kind: UnaryName


class Clip(Struct, frozen=True):
    """To between `low` and `high`; infinities where there is no bound."""

    low: float
    high: float


class Binary(Struct, frozen=True):
    """Two tensors that broadcast to one another."""

    kind: BinaryName


class Logical(Struct, frozen=True):
    """Two tensors that broadcast to one another, to true and false. `and`, `or` are of such."""

    kind: LogicalName


class Select(Struct, frozen=True):
    """A condition and two tensors, which broadcast to one another: the first where it holds, else the second."""


class Concat(Struct, frozen=True):
    """Several along one axis (0 or more)."""

    axis: int


class Reshape(Struct, frozen=True):
    """To that shape, row by row."""

    shape: Shape


class Transpose(Struct, frozen=True):
    """Axis i of the result is axis `permutation[i]` of x."""

    permutation: tuple[int, ...]


class Pad(Struct, frozen=True):
    """`margins`: before and after, along every axis."""

    margins: tuple[tuple[int, int], ...]
    value: float = 0.0
    mode: Literal["constant", "reflect", "edge"] = "constant"


class Slice(Struct, frozen=True):
    """From `starts` to before `ends` in `steps` (all positive), along every axis."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    steps: tuple[int, ...]


class Resize(Struct, frozen=True):
    """x (n, height, width, channels) to that height and width. `half_pixel`: pixel i lies at i + 1/2, else at i;
    `align_corners`: the corners' centres stay where they are."""

    size: tuple[int, int]
    method: Literal["nearest", "bilinear"]
    half_pixel: bool = True
    align_corners: bool = False


class Gather(Struct, frozen=True):
    """x, indices (a constant, or a tensor of integers): the slices of x at the indices along one axis (0 or more). An
    embedding is one along axis 0 of its table."""

    axis: int


class Cast(Struct, frozen=True):
    """To another type."""

    dtype: DType


class Lstm(Struct, frozen=True):
    """x (n, steps, inputs), weights (inputs, 4 units), recurrent weights (units, 4 units), biases (4 units), gates in
    the order input, forget, cell, output: to (n, steps, units) with `sequences`, else (n, units). What comes of a step
    lies at that step, also `backwards`; without `sequences` it is what comes of the last step taken."""

    units: int
    sequences: bool
    backwards: bool = False


class Gru(Struct, frozen=True):
    """x (n, steps, inputs), weights (inputs, 3 units), recurrent weights (units, 3 units), biases (2, 3 units), gates
    in the order update, reset, candidate; the reset gate comes after the recurrent product, as in cuDNN: to
    (n, steps, units) with `sequences`, else (n, units); `backwards` as in an LSTM."""

    units: int
    sequences: bool
    backwards: bool = False


Operation = (
    Convolution | TransposedConvolution | Dense | MatMul | BatchNorm | LayerNorm | Pool | Reduce | Activation | PRelu
    | Softmax | Unary | Clip | Binary | Logical | Select | Concat | Reshape | Transpose | Pad | Slice | Resize | Gather
    | Cast | Lstm | Gru
)  # fmt: skip


class Node(Struct, frozen=True):
    """One operation: names of tensors or constants in, one tensor out, whose name is also the node's. `activation`
    follows at once; `folding.fold` puts it there."""

    output: str
    operation: Operation
    inputs: tuple[str, ...]
    activation: Activation | None = None


class Graph(Struct, frozen=True):
    """`nodes` in an order in which they can be worked out; every tensor's shape by its name; `outputs` are names of
    nodes (or of inputs)."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[str, ...]
    nodes: tuple[Node, ...]
    constants: Mapping[str, NDArray[np.generic]]
    shapes: Mapping[str, Shape]
    # How many of the constants' numbers are trained, where the source says so.
    trainable_parameters: int | None = None

    @property
    def loops(self) -> bool:
        """Whether it holds recurrent layers."""
        return any(isinstance(node.operation, Lstm | Gru) for node in self.nodes)

    def users(self) -> dict[str, list[Node]]:
        """The nodes that take a tensor or constant, by its name."""
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in node.inputs:
                found.setdefault(name, []).append(node)
        return found
