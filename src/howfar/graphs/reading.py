"""What the readers of all formats share: one operation as a file has it, and what is made of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from howfar.graphs.drafting import Draft, Operand, Tensor
from howfar.graphs.graph import Unreadable
from howfar.handed import TensorSpec
from howfar.layers import Shape
from howfar.records import DType


class Step(Struct, frozen=True):
    """`inputs`: None where an optional one is left out. `wanted`: which of its outputs something takes. `opset`: the
    version of the operators, for ONNX."""

    kind: str
    name: str
    inputs: Sequence[Operand | None]
    attributes: Mapping[str, Any]
    wanted: tuple[bool, ...] = (True,)
    opset: int = 0

    def __getitem__(self, place: int) -> Operand:
        """An input that must be there."""
        found = self.get(place)
        if found is None:
            raise Unreadable(f"input {place} is missing")
        return found

    def get(self, place: int) -> Operand | None:
        """An input that may be left out."""
        return self.inputs[place] if place < len(self.inputs) else None

    def known(self, place: int) -> Any:
        """An input that must be a constant: a NumPy array."""
        found = self[place]
        if isinstance(found, Struct):
            raise Unreadable(f"input {place} is worked out by the model; howfar reads it where it is constant")
        return found

    def known_or(self, place: int, default: Any) -> Any:
        """A constant input that may be left out."""
        return default if self.get(place) is None else self.known(place)

    def integers(self, place: int) -> list[int]:
        """A constant input of whole numbers."""
        return [int(each) for each in self.known(place).reshape(-1)]


Handler = Callable[[Draft, Step], "Operand | Sequence[Operand]"]


def spec_of(name: str, declared: Sequence[int | None], dtype: DType, shapes: Mapping[str, Shape]) -> TensorSpec:
    """An input with the shape that was asked for, or its own where that is fixed. `declared`: None where it is open.

    Raises: Unreadable where the two do not agree, or a length stays open.
    """
    asked: Sequence[int | None] = shapes.get(name, declared)
    fits = len(asked) == len(declared) and all(b is None or a == b for a, b in zip(asked, declared, strict=True))
    if not fits:
        raise Unreadable(f"input {name} is {shown(declared)} in the file, not {shown(asked)}")
    fixed = tuple(length for length in asked if length is not None and length > 0)
    if len(fixed) < len(asked):
        raise Unreadable(f"input {name} is {shown(declared)} in the file: say its shape")
    return TensorSpec(name, fixed, dtype)


def refuse_stray(shapes: Mapping[str, Shape], names: Sequence[str]) -> None:
    """Raises: Unreadable where a shape is asked for that no input has."""
    if stray := set(shapes) - set(names):
        raise Unreadable(f"the model has no input {min(stray)}; it has {', '.join(names)}")


def shown(shape: Sequence[int | None]) -> str:
    return "(" + ", ".join("?" if length is None else str(length) for length in shape) + ")"


def apply(handlers: Mapping[str, Handler], draft: Draft, step: Step) -> list[Operand]:
    """The outputs of one step. Raises: Unreadable, naming the operator and the node."""
    where = f"{step.kind} ({step.name})" if step.name else step.kind
    if step.kind not in handlers:
        raise Unreadable(f"operator {where} is not one that howfar reads")
    draft.builder.scope = step.name or step.kind
    try:
        made = handlers[step.kind](draft, step)
    except Unreadable as error:
        raise Unreadable(f"operator {where}: {error}") from None
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, MemoryError) as error:
        # A file may say anything: shapes that do not fit, attributes of another type.
        raise Unreadable(f"operator {where} is broken: {error}") from error
    return [made] if isinstance(made, Tensor | np.ndarray) else list(made)
