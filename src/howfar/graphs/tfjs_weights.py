"""The weights of TensorFlow.js's formats: all in one file, one array after another, and their list in `model.json`."""

import json
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from howfar.graphs.building import Array, dtype_of

MODEL = "model.json"
# One file: with seven or more TensorFlow.js hangs where the server says `no-store` (HTTP/1.1).
WEIGHTS = "weights.bin"


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
        self.entries.append({"name": name, "shape": list(values.shape), "dtype": dtype_of(values)})
        self._file.write(np.ascontiguousarray(values).data)


def write_model(folder: Path, kind: str, weights: WeightsFile, **parts: Any) -> tuple[str, ...]:
    """`model.json` beside the weights. Returns the names of both files."""
    manifest = [{"paths": [WEIGHTS], "weights": weights.entries}]
    whole = {"format": kind, "generatedBy": "howfar", "convertedBy": "howfar", **parts, "weightsManifest": manifest}
    (folder / MODEL).write_text(json.dumps(whole, separators=(",", ":")), "utf-8")
    return MODEL, WEIGHTS
