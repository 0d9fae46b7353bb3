"""ONNX's operators that work number by number, and its activations."""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce

import numpy as np

from howfar.graphs import by_axes
from howfar.graphs.drafting import DTYPES, HELD, Draft, Operand, Tensor
from howfar.graphs.graph import Activation, BinaryName, Cast, Clip, LogicalName, PRelu, Unary, Unreadable
from howfar.graphs.reading import Handler, Step

UNARY = {
    "Exp": "exp", "Log": "log", "Sqrt": "sqrt", "Neg": "negative", "Abs": "abs", "Reciprocal": "reciprocal",
    "Floor": "floor", "Ceil": "ceil", "Round": "round", "Sign": "sign", "Erf": "erf", "Sin": "sin", "Cos": "cos",
}  # fmt: skip
ACTIVATIONS = {
    "Relu": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh", "Softplus": "softplus", "Softsign": "softsign",
    "Mish": "mish", "HardSwish": "hard_silu",
}  # fmt: skip
BINARY: Mapping[str, BinaryName] = {"Add": "add", "Sub": "subtract", "Mul": "multiply", "Div": "divide"}
LOGICAL: Mapping[str, LogicalName] = {
    "Less": "less", "LessOrEqual": "less_equal", "Greater": "greater", "GreaterOrEqual": "greater_equal",
    "Equal": "equal", "And": "and", "Or": "or",
}  # fmt: skip
SEVERAL: Mapping[str, BinaryName] = {"Sum": "add", "Max": "maximum", "Min": "minimum"}

# What ONNX says where a file says nothing.
SELU_ALPHA, SELU_GAMMA = 1.67326319217681884765625, 1.05070102214813232421875


def _single(operation: Unary | Activation) -> Handler:
    return lambda draft, step: draft.unary(operation, step[0])


def _double(kind: BinaryName) -> Handler:
    return lambda draft, step: draft.binary(kind, step[0], _second(draft, step))


def _second(draft: Draft, step: Step) -> Operand:
    """Before opset 7 its axes may be those of the first operand from `axis` on."""
    second, axis = step[1], step.attributes.get("axis")
    if axis is None or not step.attributes.get("broadcast"):
        return second
    if isinstance(second, Tensor):
        raise Unreadable(f"{step.kind} along axis {axis}, as before opset 7, by what is worked out")
    behind = draft.rank(step[0]) - axis - second.ndim
    return second.reshape(second.shape + (1,) * behind)


def _all(draft: Draft, operands: Sequence[Operand], kind: BinaryName) -> Operand:
    return reduce(lambda a, b: draft.binary(kind, a, b), operands)


def _several(kind: BinaryName) -> Handler:
    return lambda draft, step: _all(draft, [each for each in step.inputs if each is not None], kind)


def mean(draft: Draft, step: Step) -> Operand:
    total = _several("add")(draft, step)
    assert isinstance(total, Tensor)
    return draft.binary("multiply", total, 1 / len(step.inputs))


def power(draft: Draft, step: Step) -> Operand:
    exponent = step[1]
    if not isinstance(exponent, Tensor) and exponent.size == 1 and isinstance(step[0], Tensor):
        special = {2.0: Unary("square"), 0.5: Unary("sqrt"), -1.0: Unary("reciprocal"), -0.5: Unary("rsqrt")}
        if operation := special.get(float(exponent.reshape(()))):
            return draft.unary(operation, step[0])
    return draft.binary("power", step[0], _second(draft, step))


def clip(draft: Draft, step: Step) -> Operand:
    low = step.attributes.get("min", step.known_or(1, -np.inf))
    high = step.attributes.get("max", step.known_or(2, np.inf))
    return clipped(draft, step[0], float(np.max(low)), float(np.min(high)))


def clipped(draft: Draft, operand: Operand, low: float, high: float) -> Operand:
    """By the activation of that name where it has one. Float32's own bounds are no bounds."""
    largest = float(np.finfo(np.float32).max)
    low, high = (-np.inf if low <= -largest else low), (np.inf if high >= largest else high)
    named = {(0.0, 6.0): Activation("relu6"), (0.0, np.inf): Activation("relu")}
    if (low, high) == (-np.inf, np.inf):
        return operand
    return draft.unary(named.get((low, high), Clip(low, high)), operand)


def leaky_relu(draft: Draft, step: Step) -> Operand:
    return draft.unary(Activation("leaky_relu", step.attributes.get("alpha", 0.01)), step[0])


def elu(draft: Draft, step: Step) -> Operand:
    return draft.unary(Activation("elu", step.attributes.get("alpha", 1.0)), step[0])


def selu(draft: Draft, step: Step) -> Operand:
    alpha, gamma = step.attributes.get("alpha", SELU_ALPHA), step.attributes.get("gamma", SELU_GAMMA)
    if not np.allclose((alpha, gamma), (SELU_ALPHA, SELU_GAMMA), rtol=1e-4):
        raise Unreadable(f"alpha {alpha} and gamma {gamma}, which are not those of SELU")
    return draft.unary(Activation("selu"), step[0])


def gelu(draft: Draft, step: Step) -> Operand:
    rough = step.attributes.get("approximate", "none") == "tanh"
    return draft.unary(Activation("gelu_tanh" if rough else "gelu"), step[0])


def swish(draft: Draft, step: Step) -> Operand:
    if step.attributes.get("alpha", 1.0) != 1.0:
        raise Unreadable("alpha that is not 1")
    return draft.unary(Activation("silu"), step[0])


def hard_sigmoid(draft: Draft, step: Step) -> Operand:
    slope, offset = step.attributes.get("alpha", 0.2), step.attributes.get("beta", 0.5)
    if np.isclose(slope, 1 / 6) and np.isclose(offset, 0.5):
        return draft.unary(Activation("hard_sigmoid"), step[0])
    line = draft.binary("add", draft.binary("multiply", step[0], slope), offset)
    return clipped(draft, line, 0.0, 1.0)


def prelu(draft: Draft, step: Step) -> Operand:
    """In the order in which x lies. A file of before opset 7 has one slope per channel."""
    slopes, tensor = step.known(1), draft.tensor(step[0])
    rank = draft.rank(tensor)
    if slopes.ndim == 1 and rank > 2 and slopes.size == draft.shape(tensor)[1]:
        slopes = slopes.reshape((-1,) + (1,) * (rank - 2))
    tensor = draft.plain(tensor) if tensor.image else tensor
    return draft.add(PRelu(), tensor.name, draft.spread(slopes, tensor.order), order=tensor.order)


def cast(draft: Draft, step: Step) -> Operand:
    from onnx import helper  # noqa: PLC0415 - whoever reads ONNX has it loaded

    name = np.dtype(helper.tensor_dtype_to_np_dtype(step.attributes["to"])).name
    return cast_to(draft, step[0], name)


def cast_to(draft: Draft, operand: Operand, name: str) -> Operand:
    """To a type by NumPy's name, or the one that stands for it in the graph."""
    name = np.dtype(HELD[name]).name if name in HELD else name
    if name not in DTYPES:
        raise Unreadable(f"a cast to {name}")
    tensor = draft.tensor(operand)
    if tensor.dtype == name:
        return tensor
    tensor = draft.plain(tensor) if tensor.image else tensor
    return draft.add(Cast(DTYPES[name]), tensor.name, order=tensor.order, dtype=DTYPES[name])


def logical(kind: LogicalName) -> Handler:
    return lambda draft, step: by_axes.compared(draft, kind, step[0], _second(draft, step))


def opposite(draft: Draft, step: Step) -> Operand:
    return by_axes.opposite(draft, step[0])


def where(draft: Draft, step: Step) -> Operand:
    return by_axes.chosen(draft, step[0], step[1], step[2])


def same(draft: Draft, step: Step) -> Operand:  # noqa: ARG001 - a handler's
    return step[0]


def dropout(draft: Draft, step: Step) -> Sequence[Operand]:
    """Nothing is dropped at inference. The mask that it might give is all true."""
    return step[0], np.ones(draft.shape(step[0]) if step.wanted[1:] == (True,) else (), bool)


HANDLERS: Mapping[str, Callable[[Draft, Step], Operand | Sequence[Operand]]] = {
    **{kind: _single(Unary(name)) for kind, name in UNARY.items()},  # type: ignore[arg-type]
    **{kind: _single(Activation(name)) for kind, name in ACTIVATIONS.items()},  # type: ignore[arg-type]
    **{kind: _double(name) for kind, name in BINARY.items()},
    **{kind: logical(name) for kind, name in LOGICAL.items()},
    **{kind: _several(name) for kind, name in SEVERAL.items()},
    "Mean": mean, "Pow": power, "Clip": clip, "LeakyRelu": leaky_relu, "Elu": elu, "Selu": selu, "Gelu": gelu,
    "Swish": swish, "HardSigmoid": hard_sigmoid, "PRelu": prelu, "Cast": cast, "Where": where, "Not": opposite,
    "Identity": same, "Dropout": dropout,
}  # fmt: skip
