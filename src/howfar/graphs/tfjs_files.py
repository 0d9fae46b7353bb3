"""TensorFlow.js's files as data: `model.json`, and the weights in the shards that it names, in its own folder."""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from howfar.errors import UserError
from howfar.graphs.graph import Unreadable
from howfar.graphs.inside import file_in

Array = NDArray[Any]

# Of the description alone: the largest known (NASNetLarge) has 4 MB.
LIMIT_BYTES = 2**28

STORED: Mapping[str, str] = {
    "float32": "<f4", "float16": "<f2", "int32": "<i4", "uint8": "u1", "uint16": "<u2", "bool": "u1",
}  # fmt: skip


def description(path: Path) -> dict[str, Any]:
    """What `model.json` says.

    Raises: UserError where it is not the description of a model.
    """
    broken = UserError("this is not the model.json of a TensorFlow.js model", where=str(path))
    if not path.is_file():
        raise UserError("there is no such file", where=str(path))
    if path.stat().st_size > LIMIT_BYTES:
        raise UserError(f"a description of more than {LIMIT_BYTES} bytes", where=str(path))
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise broken from None
    if not isinstance(found, dict) or not isinstance(found.get("modelTopology"), dict):
        raise broken
    return found


def kind(described: Mapping[str, Any]) -> str:
    """`graph-model` or `layers-model`: as it says, or by what it has."""
    topology = described["modelTopology"]
    return "graph-model" if "node" in topology else "layers-model"


def weights(path: Path, described: Mapping[str, Any]) -> dict[str, Array]:
    """Every weight by its name, in the manifest's order; quantised ones as the float32 numbers they stand for.

    Raises: UserError where the manifest is broken, or a shard is missing, outside of the folder, or of another length.
    """
    try:
        return {name: array for group in described.get("weightsManifest") or [] for name, array in _group(path, group)}
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UserError(f"its weightsManifest is broken: {error}", where=str(path)) from error


def _group(path: Path, group: Mapping[str, Any]) -> Iterator[tuple[str, Array]]:
    entries = group["weights"]
    sizes = [_size_bytes(entry) for entry in entries]
    data = _joined(path, group["paths"], sum(sizes))
    start = 0
    for entry, size in zip(entries, sizes, strict=True):
        yield str(entry["name"]), _array(entry, data[start : start + size])
        start += size


def _joined(path: Path, names: Sequence[str], size: int) -> Array:
    """All shards of a group in a row. The one that ends too early is named."""
    files = [file_in(path.parent, str(name), path) for name in names]
    held = sum(file.stat().st_size for file in files)
    if held != size:
        last = files[-1].name if files else "no shard"
        what = f"its weights need {size} bytes and the shards have {held}; the last is {last}"
        raise UserError(what, where=str(path), mend="was it cut off while it was copied?")
    data, at = np.empty(size, np.uint8), 0
    for file in files:
        part = np.fromfile(file, np.uint8)
        data[at : at + part.size] = part
        at += part.size
    return data


def _stored(entry: Mapping[str, Any]) -> np.dtype[Any]:
    name = entry.get("quantization", entry)["dtype"]
    if name not in STORED:
        raise Unreadable(f"weight {entry['name']} is of type {name}")
    return np.dtype(STORED[name])


def _size_bytes(entry: Mapping[str, Any]) -> int:
    if any(not isinstance(length, int) or length < 0 for length in entry["shape"]):
        raise ValueError(f"{entry['name']} has the shape {entry['shape']}")
    shape: list[int] = entry["shape"]
    return prod(shape) * _stored(entry).itemsize


def _array(entry: Mapping[str, Any], data: Array) -> Array:
    array = data.view(_stored(entry)).reshape(entry["shape"])
    quantised = entry.get("quantization")
    if quantised is None:
        return array.astype(bool) if entry["dtype"] == "bool" else array
    if quantised["dtype"] == "float16":
        return array.astype(np.float32)
    whole = array.astype(np.float32) * np.float32(quantised["scale"]) + np.float32(quantised["min"])
    return np.round(whole).astype(np.int32) if entry["dtype"] == "int32" else whole


def text(encoded: Any) -> str:
    """A text of the topology, which is base64."""
    try:
        return base64.b64decode(encoded, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError, TypeError):
        return str(encoded)
