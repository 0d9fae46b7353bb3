"""Keras's operations outside of layers: `x + 3.0`, `keras.ops.relu(x)`, `x[:, 0]`, one function a kind.

Each takes the operation and what it was called with, where a tensor is a `Taken`.
"""

from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any

import numpy as np
from msgspec import Struct

from howfar.graphs.graph import (
    Activation,
    ActivationName,
    Binary,
    BinaryName,
    Cast,
    Clip,
    Concat,
    MatMul,
    Reduce,
    Slice,
    Softmax,
    Transpose,
    Unary,
    UnaryName,
)
from howfar.graphs.keras_building import ACTIVATIONS, KerasBuilder, numbers, refuse
from howfar.layers import Shape
from howfar.records import DType


class Taken(Struct, frozen=True):
    """A tensor among the arguments of a call, by its name."""

    name: str


OperationHandler = Callable[[KerasBuilder, Any, Sequence[Any]], str]


def read_operation(b: KerasBuilder, operation: Any, arguments: Sequence[Any]) -> str:
    """What an operation makes of its arguments. Raises: Unreadable."""
    kind = type(operation)
    if kind.__module__.partition(".")[0] != "keras" or kind.__name__ not in OPERATIONS:
        refuse(operation, "is an operation that is not read")
    b.scope = operation.name
    return OPERATIONS[kind.__name__](b, operation, arguments)


def _tensor(b: KerasBuilder, argument: Any) -> str:
    """A tensor, or a constant where numbers were given."""
    if isinstance(argument, Taken):
        return argument.name
    return b.constant(np.asarray(numbers(argument), np.float32))


def _binary(kind: BinaryName) -> OperationHandler:
    return lambda b, _, given: b.add(Binary(kind), _tensor(b, given[0]), _tensor(b, given[1]))


def _unary(kind: UnaryName) -> OperationHandler:
    return lambda b, _, given: b.add(Unary(kind), _tensor(b, given[0]))


def _activation(kind: ActivationName) -> OperationHandler:
    return lambda b, _, given: b.add(Activation(kind), _tensor(b, given[0]))


def _named(name: str) -> OperationHandler:
    return lambda b, _, given: ACTIVATIONS[name](b, _tensor(b, given[0]))


def _sloped(kind: ActivationName, attribute: str) -> OperationHandler:
    def read(b: KerasBuilder, operation: Any, given: Sequence[Any]) -> str:
        return b.add(Activation(kind, alpha=float(getattr(operation, attribute))), _tensor(b, given[0]))

    return read


def _gelu(b: KerasBuilder, operation: Any, given: Sequence[Any]) -> str:
    return b.add(Activation("gelu_tanh" if operation.approximate else "gelu"), _tensor(b, given[0]))


def _axes(axis: Any, rank: int) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(rank))
    return tuple(sorted(int(each) % rank for each in ([axis] if isinstance(axis, int) else axis)))


def _reduce(kind: Any) -> OperationHandler:
    def read(b: KerasBuilder, operation: Any, given: Sequence[Any]) -> str:
        x = _tensor(b, given[0])
        return b.add(Reduce(kind, _axes(operation.axis, len(b.shapes[x])), bool(operation.keepdims)), x)

    return read


def _softmax(b: KerasBuilder, operation: Any, given: Sequence[Any]) -> str:
    x = _tensor(b, given[0])
    (axis,) = _axes(operation.axis, len(b.shapes[x]))
    return b.add(Softmax(axis), x)


def _reshape(b: KerasBuilder, operation: Any, given: Sequence[Any]) -> str:
    """Where the batch was open, its length is what it is in this graph."""
    x = _tensor(b, given[0])
    if any(not isinstance(length, int) for length in operation.newshape):
        refuse(operation, "takes a shape that is worked out while it runs")
    return b.reshape(x, tuple(operation.newshape))


def _transpose(b: KerasBuilder, operation: Any, given: Sequence[Any]) -> str:
    x = _tensor(b, given[0])
    rank = len(b.shapes[x])
    axes = operation.axes or reversed(range(rank))
    return b.add(Transpose(tuple(int(axis) % rank for axis in axes)), x)


def _expand(b: KerasBuilder, operation: Any, given: Sequence[Any]) -> str:
    x = _tensor(b, given[0])
    shape = list(b.shapes[x])
    axes = operation.axis if isinstance(operation.axis, (list, tuple)) else [operation.axis]
    rank = len(shape) + len(axes)
    for axis in sorted(int(each) % rank for each in axes):
        shape.insert(axis, 1)
    return b.reshape(x, tuple(shape))


def _squeeze(b: KerasBuilder, operation: Any, given: Sequence[Any]) -> str:
    x = _tensor(b, given[0])
    shape = b.shapes[x]
    ones = tuple(place for place, length in enumerate(shape) if length == 1)
    gone = ones if operation.axis is None else _axes(operation.axis, len(shape))
    return b.reshape(x, tuple(length for place, length in enumerate(shape) if place not in gone))


def _concatenate(b: KerasBuilder, operation: Any, given: Sequence[Any]) -> str:
    tensors = [_tensor(b, each) for each in given[0]]
    return b.add(Concat(operation.axis % len(b.shapes[tensors[0]])), *tensors)


def _clip(b: KerasBuilder, operation: Any, given: Sequence[Any]) -> str:
    low = -inf if operation.x_min is None else float(operation.x_min)
    high = inf if operation.x_max is None else float(operation.x_max)
    return b.add(Clip(low, high), _tensor(b, given[0]))


def _cast(b: KerasBuilder, operation: Any, given: Sequence[Any]) -> str:
    names: Mapping[str, DType] = {"float32": "float32", "int32": "int32", "int64": "int64", "bool": "bool"}
    if operation.dtype not in names:
        refuse(operation, f"casts to {operation.dtype}")
    return b.add(Cast(names[operation.dtype]), _tensor(b, given[0]))


def _item(b: KerasBuilder, operation: Any, given: Sequence[Any]) -> str:
    """`x[key]` by whole numbers, slices that go forwards, `...` and new axes."""
    x, keys = _tensor(b, given[0]), _spread(b, given)
    starts, ends, steps, shape = (list[int]() for _ in range(4))
    lengths = iter(b.shapes[x])
    for key in keys:
        if key is None:
            shape.append(1)
            continue
        length = next(lengths)
        one = not isinstance(key, slice)
        if one and not isinstance(key, int):
            refuse(operation, "is sliced by a tensor")
        start, end, step = (key % length, key % length + 1, 1) if one else key.indices(length)
        if step < 1:
            refuse(operation, "is sliced backwards")
        for bounds, bound in ((starts, start), (ends, end), (steps, step)):
            bounds.append(bound)
        shape += [] if one else [len(range(start, end, step))]
    return b.reshape(b.add(Slice(tuple(starts), tuple(ends), tuple(steps)), x), tuple(shape))


def _spread(b: KerasBuilder, given: Sequence[Any]) -> list[Any]:
    """One key for every axis."""
    keys = list(given[1]) if isinstance(given[1], (tuple, list)) else [given[1]]
    shape: Shape = b.shapes[_tensor(b, given[0])]
    missing = len(shape) - sum(key is not None and key is not Ellipsis for key in keys)
    place = next((place for place, key in enumerate(keys) if key is Ellipsis), len(keys))
    return [*keys[:place], *[slice(None)] * missing, *keys[place + 1 :]]


BINARY: Mapping[str, BinaryName] = {
    "Add": "add", "Subtract": "subtract", "Multiply": "multiply", "Divide": "divide", "TrueDivide": "divide",
    "Power": "power", "Maximum": "maximum", "Minimum": "minimum",
}  # fmt: skip
UNARY: Mapping[str, UnaryName] = {
    "Negative": "negative", "Absolute": "abs", "Abs": "abs", "Square": "square", "Sqrt": "sqrt", "Rsqrt": "rsqrt",
    "Exp": "exp", "Log": "log", "Floor": "floor", "Ceil": "ceil", "Sign": "sign", "Sin": "sin", "Cos": "cos",
    "Reciprocal": "reciprocal", "Erf": "erf",
}  # fmt: skip
PLAIN: Mapping[str, ActivationName] = {
    "Relu": "relu", "Relu6": "relu6", "Sigmoid": "sigmoid", "Tanh": "tanh", "Softplus": "softplus",
    "Softsign": "softsign", "Silu": "silu", "Selu": "selu", "HardSigmoid": "hard_sigmoid", "HardSilu": "hard_silu",
}  # fmt: skip

OPERATIONS: Mapping[str, OperationHandler] = {
    **{name: _binary(kind) for name, kind in BINARY.items()},
    **{name: _unary(kind) for name, kind in UNARY.items()},
    **{name: _activation(kind) for name, kind in PLAIN.items()},
    **{name: _reduce(name.lower()) for name in ("Mean", "Max", "Min", "Sum", "Prod")},
    "LogSigmoid": _named("log_sigmoid"),
    "HardTanh": _named("hard_tanh"),
    "LeakyRelu": _sloped("leaky_relu", "negative_slope"),
    "Elu": _sloped("elu", "alpha"),
    "Gelu": _gelu,
    "Softmax": _softmax,
    "Reshape": _reshape,
    "Transpose": _transpose,
    "ExpandDims": _expand,
    "Squeeze": _squeeze,
    "Concatenate": _concatenate,
    "Matmul": lambda b, _, given: b.add(MatMul(), _tensor(b, given[0]), _tensor(b, given[1])),
    "Clip": _clip,
    "Cast": _cast,
    "GetItem": _item,
}
