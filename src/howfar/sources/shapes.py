"""The lengths that a model leaves open, fixed as the user says."""

from collections.abc import Iterable, Mapping, Sequence
from typing import get_args

import numpy as np
from msgspec import Struct

from howfar.errors import UserError
from howfar.handed import TensorSpec
from howfar.layers import Shape
from howfar.records import DType
from howfar.sources.request import ONLY, Request


class Declared(Struct, frozen=True):
    """An input as the model's file has it: None where a length is open."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str


def fixed(declared: Sequence[Declared], request: Request) -> tuple[TensorSpec, ...]:
    """The inputs with all of their lengths.

    Raises: UserError where one stays open, a given shape does not fit, or names no input.
    """
    asked = _asked(declared, request)
    return tuple(
        TensorSpec(one.name, _lengths(one, asked.get(one.name), request), dtype_of(one.dtype, one.name, request.model))
        for one in declared
    )


def _asked(declared: Sequence[Declared], request: Request) -> Mapping[str, Shape]:
    names = [one.name for one in declared]
    asked = {names[0] if name == ONLY and len(names) == 1 else name: shape for name, shape in request.shapes.items()}
    for name in asked:
        if name not in names:
            what = f"the model has no input {name!r}" if name else f"the model has {len(names)} inputs"
            raise UserError(what, where="--shape", mend=f"name one of {', '.join(names)}, as {names[0]}=1x2x3")
    return asked


def _lengths(one: Declared, asked: Shape | None, request: Request) -> Shape:
    shape = one.shape
    if asked is not None:
        shape = _merged(one, asked)
    if shape and shape[0] is None:
        shape = (request.batch or 1, *shape[1:])
    if None in shape:
        what = f"input {one.name!r} is of open shape {written(shape)}"
        raise UserError(what, where=request.model, mend=f"say --shape {one.name}={_example(shape)}")
    return tuple(length for length in shape if length is not None)


def _merged(one: Declared, asked: Shape) -> tuple[int | None, ...]:
    """The given lengths where the model's are open; one without the batch leaves that as it is."""
    whole = (one.shape[0], *asked) if len(asked) == len(one.shape) - 1 else asked
    if len(whole) != len(one.shape) or not all(map(_agree, one.shape, whole)):
        what = f"input {one.name!r} is of shape {written(one.shape)}, not {written(asked)}"
        raise UserError(what, where="--shape", mend="give the lengths that the model leaves open")
    return whole


def _agree(own: int | None, asked: int | None) -> bool:
    return own is None or asked is None or own == asked


def written(shape: Iterable[int | None]) -> str:
    """`?x224x224x3`."""
    return "x".join("?" if length is None else str(length) for length in shape)


def _example(shape: Iterable[int | None]) -> str:
    return "x".join(str(length or 64) for length in shape)


def dtype_of(name: str, tensor: str, where: str) -> DType:
    """The record's name of a type. Raises: UserError for one that howfar does not measure."""
    for dtype in get_args(DType):
        if name == dtype:
            return dtype  # type: ignore[no-any-return]  # get_args has no types
    mend = f"howfar feeds and reads {', '.join(get_args(DType))}"
    raise UserError(f"{tensor!r} is of type {name}", where=where, mend=mend)


def specs_of(names: Sequence[str], arrays: Sequence[np.ndarray], where: str) -> tuple[TensorSpec, ...]:
    """What outputs are, as a first run gave them."""
    return tuple(
        TensorSpec(name, tuple(array.shape), dtype_of(str(array.dtype), name, where))
        for name, array in zip(names, arrays, strict=True)
    )
