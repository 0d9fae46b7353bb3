"""Weights that an ONNX file keeps in files beside it: where they are, and that they are nowhere else.

ONNX Runtime opens whatever a file names: the names are checked before it sees them.
"""

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from howfar.errors import UserError
from howfar.sources import kinds

# No larger protocol buffer can be read.
MAX_BYTES = 2**31 - 1


def external_files(path: Path) -> list[Path]:
    """The files beside a model that hold its weights.

    Raises: UserError for one outside its folder, a missing one, or a tensor past its end.
    """
    if not _says(path, b"location"):
        return []
    return sorted({_file(tensor, path) for tensor in _tensors(proto(path)) if tensor.data_location == 1})


def _says(path: Path, word: bytes) -> bool:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(word) >= 0


def proto(path: Path) -> Any:
    """The file's ModelProto, without its external data.

    Raises: UserError where it is too large or none.
    """
    import onnx  # noqa: PLC0415  (0.3 s, for those that need it)
    from google.protobuf.message import DecodeError  # noqa: PLC0415

    if (size_bytes := path.stat().st_size) > MAX_BYTES:
        mend = "keep the weights in a file beside it (onnx.save with save_as_external_data)"
        raise UserError(f"a file of {size_bytes / 1e9:.1f} GB is no ONNX model", where=str(path), mend=mend)
    try:
        return onnx.load(str(path), load_external_data=False)
    except (DecodeError, ValueError) as error:
        what = f"it is not an ONNX model, or cut off ({error})"
        raise UserError(what, where=str(path), mend="make the file again, or name another") from None


def _tensors(model: Any) -> Iterator[Any]:
    """Every constant in it: weights, attributes, and those of the graphs within and of its functions."""
    yield from _of_graph(model.graph)
    for function in model.functions:
        yield from _of_nodes(function.node)


def _of_graph(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    yield from _of_nodes(graph.node)


def _of_nodes(nodes: Any) -> Iterator[Any]:
    for attribute in (attribute for node in nodes for attribute in node.attribute):
        yield attribute.t
        yield from attribute.tensors
        for graph in (attribute.g, *attribute.graphs):
            yield from _of_graph(graph)
        for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
            yield from (sparse.values, sparse.indices)


def _file(tensor: Any, model: Path) -> Path:
    said = {entry.key: entry.value for entry in tensor.external_data}
    path = kinds.inside(model.parent, said.get("location", ""), model)
    if not _within(said.get("offset", "0"), said.get("length", "0"), path.stat().st_size):
        what = f"its tensor {tensor.name!r} is not within {path.name}, or that file is cut off"
        raise UserError(what, where=str(model), mend="make the files again")
    return path


def _within(offset: str, length: str, size_bytes: int) -> bool:
    return offset.isdecimal() and length.isdecimal() and int(offset) + int(length) <= size_bytes
