"""What the readers of Keras's layers share: its variables as constants, its activations, its ways to say no."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from howfar.graphs.building import Array, Builder
from howfar.graphs.graph import Activation, Binary, BinaryName, Clip, Softmax, Unary, Unreadable
from howfar.handed import TensorSpec
from howfar.layers import Shape

Handler = Callable[["KerasBuilder", Any, Sequence[str]], "str | list[str]"]


class KerasBuilder(Builder):
    """A graph while Keras's layers are read into it. `handlers`: who reads a layer, by the name of its class."""

    def __init__(self, inputs: Sequence[TensorSpec], handlers: Mapping[str, Handler]) -> None:
        super().__init__(inputs)
        self._handlers = handlers
        # A variable that layers share becomes one constant. It is held, so that no other gets its id.
        self._variables: dict[int, tuple[Any, str]] = {}

    def layer(self, layer: Any, inputs: Sequence[str]) -> list[str]:
        """What a layer makes of its inputs. Only Keras's own are read; nothing of the model's code is run."""
        kind = type(layer)
        own = kind.__module__.partition(".")[0] == "keras"
        if not own or kind.__name__ not in self._handlers:
            refuse(layer, "is a custom object" if not own else "is a kind of layer that is not read")
        if getattr(layer, "data_format", None) == "channels_first":
            refuse(layer, "has its channels first; only channels last is read")
        if getattr(layer, "quantization_mode", None):
            refuse(layer, "is quantised")
        self.scope = layer.name
        made = self._handlers[kind.__name__](self, layer, inputs)
        return [made] if isinstance(made, str) else made

    def weight(self, variable: Any, shape: Shape | None = None) -> str:
        """A variable as a constant, in another shape where one is given."""
        if id(variable) not in self._variables:
            values = numbers(variable)
            name = self.constant(
                values if shape is None else values.reshape(shape), getattr(variable, "name", "weight")
            )
            self._variables[id(variable)] = (variable, name)
        return self._variables[id(variable)][1]

    def weight_or(self, variable: Any, value: float, shape: Shape) -> str:
        """A variable, or where the layer has none one number everywhere."""
        return self.filled(value, shape) if variable is None else self.weight(variable)

    def activated(self, function: Any, x: str, owner: Any) -> str:
        """x after an activation, as a layer holds it: a function of Keras's, a layer, or none."""
        if function is None:
            return x
        if hasattr(function, "call") and hasattr(function, "weights"):
            (x,) = self.layer(function, [x])
            return x
        name = getattr(function, "__name__", "")
        if not getattr(function, "__module__", "").startswith("keras.") or name not in ACTIVATIONS:
            refuse(owner, f"has the activation {name or type(function).__name__}, which is not read")
        return ACTIVATIONS[name](self, x)

    def scalar(self, kind: BinaryName, x: str, value: float) -> str:
        """x and one number."""
        return self.add(Binary(kind), x, self.constant(np.float32(value)))


def refuse(layer: Any, reason: str) -> NoReturn:
    """Says what of the model is not read, and where."""
    raise Unreadable(f"{type(layer).__name__} {layer.name!r} {reason}")


def numbers(variable: Any) -> Array:
    """The numbers of a variable or tensor of any of Keras's back ends."""
    value = getattr(variable, "value", variable)
    if hasattr(value, "detach"):  # PyTorch's
        value = value.detach().cpu()
    return np.asarray(value)


def _plain(kind: Any, **options: float) -> Callable[[Builder, str], str]:
    return lambda b, x: b.add(Activation(kind, **options), x)


def softmax(b: Builder, x: str) -> str:
    """Over the last axis."""
    return b.add(Softmax(len(b.shapes[x]) - 1), x)


def _log_sigmoid(b: Builder, x: str) -> str:
    return b.add(Unary("negative"), b.add(Activation("softplus"), b.add(Unary("negative"), x)))


ACTIVATIONS: Mapping[str, Callable[[Any, str], str]] = {
    "linear": lambda _, x: x,
    "softmax": softmax,
    "log_softmax": lambda b, x: b.add(Unary("log"), softmax(b, x)),
    "log_sigmoid": _log_sigmoid,
    "exponential": lambda b, x: b.add(Unary("exp"), x),
    "hard_tanh": lambda b, x: b.add(Clip(-1.0, 1.0), x),
    "leaky_relu": _plain("leaky_relu", alpha=0.2),
    "gelu": _plain("gelu"),
    **{
        name: _plain(name)
        for name in (
            "relu", "relu6", "sigmoid", "tanh", "softplus", "softsign", "elu", "selu", "silu", "mish", "hard_sigmoid",
            "hard_silu",
        )
    },
}  # fmt: skip
