"""An ONNX file, written piece by piece: weights go from where they lie straight to the file.

The package `onnx` makes the small parts; the parts that hold weights are put around them by hand, as protobuf encodes
messages (https://protobuf.dev/programming-guides/encoding): a field's number and type, a length, and that many bytes.
"""

from collections.abc import Callable, Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from msgspec import Struct

from howfar.graphs.building import Array
from howfar.graphs.graph import Unreadable
from howfar.layers import Shape

# A protobuf message of more bytes can't be read.
MOST_BYTES = 2**31 - 1
# Fields: of a model its graph, of a graph a weight, of a weight its bytes.
GRAPH, WEIGHT, RAW = 7, 5, 9


class Weight(Struct, frozen=True):
    """A constant of the file. `make` gives the array; it is called once, when it is written."""

    shape: Shape
    dtype: np.dtype[Any]
    make: Callable[[], Array]

    @property
    def size_bytes(self) -> int:
        return prod(self.shape) * self.dtype.itemsize


def write_file(path: Path, model: Any, weights: Mapping[str, Weight]) -> None:
    """`model`: a ModelProto without weights, whose graph comes to stand last in the file.

    Raises: Unreadable where all of it is more than 2 GiB.
    """
    graph = model.graph.SerializeToString()
    model.ClearField("graph")
    heads = dict(_heads(weights))
    parts = [(head, weights[name]) for name, head in heads.items()]
    length = len(graph) + sum(len(head) + weight.size_bytes for head, weight in parts)
    if length > MOST_BYTES:
        raise Unreadable(f"the model is {length / 1e9:.2f} GB, and an ONNX file of one piece holds at most 2.15 GB")
    with path.open("wb") as file:
        file.write(model.SerializeToString() + _opening(GRAPH, length) + graph)
        for head, weight in parts:
            _write_weight(file, head, weight)


def _heads(weights: Mapping[str, Weight]) -> Iterator[tuple[str, bytes]]:
    """What comes before the bytes of each weight: its field, name, shape and type."""
    from onnx import TensorProto, helper  # noqa: PLC0415 - 0.3 s, and an extra

    for name, weight in weights.items():
        dtype = helper.np_dtype_to_tensor_dtype(weight.dtype)
        head = TensorProto(name=name, dims=weight.shape, data_type=dtype).SerializeToString()
        head += _opening(RAW, weight.size_bytes)
        yield name, _opening(WEIGHT, len(head) + weight.size_bytes) + head


def _write_weight(file: BinaryIO, head: bytes, weight: Weight) -> None:
    values = np.asarray(weight.make(), weight.dtype, order="C")
    assert values.shape == weight.shape, f"{values.shape} was announced as {weight.shape}"
    file.write(head)
    file.write(values.data)


def _opening(field: int, length: int) -> bytes:
    """The start of a field that is so many bytes long."""
    return _varint(field << 3 | 2) + _varint(length)


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; all but the last have the top bit set."""
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*digits, number])
