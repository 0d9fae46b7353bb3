"""Inputs for a graph, and how far two outputs are apart."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from howfar.graphs.graph import Graph

Array = NDArray[Any]


def drawn(graph: Graph, seed: int = 0) -> list[Array]:
    """Inputs: real numbers from a normal distribution, whole ones from 0 to 3."""
    random = np.random.default_rng(seed)
    return [
        random.normal(size=spec.shape).astype(np.float32)
        if spec.dtype == "float32"
        else random.integers(0, 4, spec.shape).astype(spec.dtype)
        for spec in graph.inputs
    ]


def apart(found: Array, right: Array) -> float:
    """The largest difference, relative to the scale of what is right. Shapes must be the same."""
    assert found.shape == right.shape
    return float(np.max(np.abs(found - right)) / max(np.max(np.abs(right)), 1e-6))


def kinds(graph: Graph) -> list[str]:
    """The operations' names in order."""
    return [type(node.operation).__name__ for node in graph.nodes]
