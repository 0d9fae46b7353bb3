"""An ONNX file as data: parsed, checked, and its weights as arrays, also those in files beside it."""

from collections.abc import Iterable
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import external_data_helper, helper, inliner, numpy_helper

from howfar.errors import UserError
from howfar.graphs.graph import Unreadable
from howfar.graphs.inside import file_in

LIMIT_BYTES = 2**31 - 1  # of any protobuf


def load(path: Path) -> Any:
    """The file's ModelProto, without the weights that lie in other files, and with its own functions written out.

    Raises: UserError where it is not a whole ONNX file.
    """
    broken = UserError("this is not a whole ONNX file", where=str(path), mend="was it cut off while it was copied?")
    if not path.is_file():
        raise UserError("there is no such file", where=str(path))
    if path.stat().st_size > LIMIT_BYTES:
        raise UserError("an ONNX file cannot be larger than 2 GB", where=str(path), mend="keep its weights beside it")
    try:
        model = onnx.ModelProto.FromString(path.read_bytes())
    except (DecodeError, RuntimeError):
        raise broken from None
    if not model.graph.node or not model.graph.output or not model.opset_import:
        raise broken
    return _inlined(model)


def opset(model: Any) -> int:
    """The version of ONNX's own operators that it was made for."""
    return max((each.version for each in model.opset_import if each.domain in ("", "ai.onnx")), default=1)


def _inlined(model: Any) -> Any:
    if not model.functions:
        return model
    try:
        return inliner.inline_local_functions(model)
    except Exception as error:  # whatever its C++ says: a file may hold functions that call themselves
        raise Unreadable(f"the model's own functions cannot be written out: {error}") from error


class Weights:
    """Arrays from tensors. `path`: the model's file, which is told of in errors."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def array(self, tensor: Any) -> NDArray[Any]:
        """Raises: UserError where numbers are missing, or lie outside the model's folder; Unreadable for types that
        NumPy has not."""
        name = f"tensor {tensor.name!r}"
        shape = tuple(tensor.dims)
        if any(length < 0 for length in shape):
            raise UserError(f"{name} has a negative length", where=str(self._path))
        if external_data_helper.uses_external_data(tensor):
            return self._external(tensor, name, shape)
        try:
            return numpy_helper.to_array(tensor)
        except (ValueError, TypeError, KeyError) as error:
            raise UserError(f"{name} does not hold what its shape says: {error}", where=str(self._path)) from None

    def _external(self, tensor: Any, name: str, shape: tuple[int, ...]) -> NDArray[Any]:
        place = {entry.key: entry.value for entry in tensor.external_data}
        file = file_in(self._path.parent, place.get("location", ""), self._path)
        dtype = _dtype(tensor, name)
        start, size = self._number(place.get("offset", "0"), name), prod(shape) * dtype.itemsize
        length = self._number(place.get("length", str(size)), name)
        if length != size or start + size > file.stat().st_size:
            raise UserError(
                f"{name} needs {size} bytes from {start} on, and {file.name} has {file.stat().st_size}",
                where=str(self._path),
            )
        return np.fromfile(file, dtype, count=prod(shape), offset=start).reshape(shape)

    def _number(self, text: str, name: str) -> int:
        if not text.isdecimal():
            raise UserError(f"{name} begins at {text!r} of its file", where=str(self._path))
        return int(text)


def _dtype(tensor: Any, name: str) -> np.dtype[Any]:
    try:
        dtype = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type))
    except (KeyError, TypeError, ValueError):
        raise Unreadable(f"{name} is of an unknown type") from None
    if dtype.hasobject or dtype.itemsize * 8 < 8 or tensor.data_type == onnx.TensorProto.STRING:
        raise Unreadable(f"{name} is of type {onnx.TensorProto.DataType.Name(tensor.data_type)}")
    return dtype


def attributes(node: Any, weights: Weights) -> dict[str, Any]:
    """A node's attributes by name: numbers, texts, arrays, graphs as they are."""
    return {each.name: _value(each, weights) for each in node.attribute}


def _value(attribute: Any, weights: Weights) -> Any:
    kinds = onnx.AttributeProto
    if attribute.type == kinds.TENSOR:
        return weights.array(attribute.t)
    if attribute.type == kinds.STRING:
        return attribute.s.decode("utf-8", "replace")
    if attribute.type == kinds.STRINGS:
        return [each.decode("utf-8", "replace") for each in attribute.strings]
    if attribute.type in (kinds.FLOAT, kinds.INT, kinds.FLOATS, kinds.INTS, kinds.GRAPH):
        found = helper.get_attribute_value(attribute)
        return list(found) if attribute.type in (kinds.FLOATS, kinds.INTS) else found
    raise Unreadable(f"attribute {attribute.name} is of a type that howfar does not read")


def taken(nodes: Iterable[Any]) -> set[str]:
    """The names that some node takes, also those inside of branches."""
    names: set[str] = set()
    for node in nodes:
        names.update(node.input)
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                names |= taken(attribute.g.node) | {each.name for each in attribute.g.output}
    return names
