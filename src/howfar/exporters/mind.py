"""Mind: what `JSON.stringify` makes of the weight matrices that `download()` gives. It has no biases."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from howfar.models import Array, ModelSpec, dense


def export(spec: ModelSpec, backend: str, version: str) -> Mapping[str, bytes]:  # noqa: ARG001 - the exporter contract
    """One file, `model.json`."""
    matrices = [_matrix(weights) for weights, _ in dense(spec).parameters]
    return {"model.json": json.dumps(matrices, separators=(",", ":")).encode()}


def _matrix(weights: Array) -> dict[str, Any]:
    rows, columns = weights.shape
    numbers = np.asarray(weights, np.float64).tolist()
    sizes = {"numRows": rows, "numCols": columns, "dimensions": [rows, columns]}
    return {str(i): row for i, row in enumerate(numbers)} | sizes
