"""The weights of TensorFlow.js's formats: all in one file, one array after another, and their list in `model.json`."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from howfar.graphs.building import Array, dtype_of
from howfar.graphs.graph import Unreadable

MODEL = "model.json"
# One file: with seven or more TensorFlow.js hangs where the server says `no-store` (HTTP/1.1).
WEIGHTS = "weights.bin"
# Of howfar's types those that it keeps weights in.
KEPT: Mapping[str, str] = {"float32": "float32", "int32": "int32", "int64": "int32", "bool": "bool", "uint8": "uint8"}


class WeightsFile:
    """Writes arrays to the file as they come, and keeps what `model.json` says of them."""

    def __init__(self, folder: Path) -> None:
        self.entries: list[dict[str, Any]] = []
        self._file = (folder / WEIGHTS).open("wb")

    def __enter__(self) -> "WeightsFile":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._file.close()

    def add(self, name: str, values: Array) -> None:
        """The array, little-endian, row by row."""
        dtype = KEPT[dtype_of(values)]
        if values.dtype == np.int64 and values.size and np.abs(values).max() > np.iinfo(np.int32).max:
            raise Unreadable(f"{name}: whole numbers beyond 32 bits, which TensorFlow.js has not")
        self.entries.append({"name": name, "shape": list(values.shape), "dtype": dtype})
        self._file.write(np.asarray(values, dtype, order="C").data)


def write_model(folder: Path, kind: str, weights: WeightsFile, **parts: Any) -> tuple[str, ...]:
    """`model.json` beside the weights. Returns the names of both files."""
    manifest = [{"paths": [WEIGHTS], "weights": weights.entries}]
    whole = {"format": kind, "generatedBy": "howfar", "convertedBy": "howfar", **parts, "weightsManifest": manifest}
    (folder / MODEL).write_text(json.dumps(whole, separators=(",", ":")), "utf-8")
    return MODEL, WEIGHTS
