"""NumPy, float32: the forward pass and the SGD step by hand, on whatever BLAS this NumPy was built with."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_info, threadpool_limits

from howfar.native.adapter import Floats, Network
from howfar.records import Fact

Batch = tuple[Floats, Floats]

_parameters: list[tuple[Floats, Floats]] = []
_rate = np.float32(0)


def open(backend: str, threads: int, switch: str) -> Mapping[str, Fact]:
    if threads:
        threadpool_limits(threads)
    blas: dict[str, Any] = next((pool for pool in threadpool_info() if pool["user_api"] == "blas"), {})
    return {
        "backend": backend,
        "dtype": "float32",
        "threads": blas.get("num_threads", 1),
        "blas": f"{blas.get('internal_api', 'none')} {blas.get('architecture', '')}".strip(),
    }


def build(network: Network) -> None:
    global _parameters, _rate
    _parameters = [(weights.copy(), biases.copy()) for weights, biases in network.parameters]
    _rate = np.float32(network.learning_rate)


def _forward(inputs: Floats) -> list[Floats]:
    activations = [inputs]
    for weights, biases in _parameters[:-1]:
        activations.append(np.maximum(activations[-1] @ weights + biases, np.float32(0)))
    weights, biases = _parameters[-1]
    logits = activations[-1] @ weights + biases
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return [*activations, exponentials / exponentials.sum(axis=1, keepdims=True)]


def predict(sample: Floats) -> Floats:
    outputs: Floats = _forward(sample[None])[-1][0]
    return outputs


def prepare_batch(inputs: Floats, labels: NDArray[np.uint8]) -> Batch:
    return inputs, np.eye(_parameters[-1][1].size, dtype=np.float32)[labels]


def train_batch(batch: Batch) -> float:
    inputs, targets = batch
    *activations, probabilities = _forward(inputs)
    loss = -float(np.log((probabilities * targets).sum(axis=1)).mean())
    delta = (probabilities - targets) / np.float32(len(inputs))
    for i in reversed(range(len(_parameters))):
        weights, biases = _parameters[i]
        upstream = (delta @ weights.T) * (activations[i] > 0)
        biases -= _rate * delta.sum(axis=0)
        weights -= _rate * (activations[i].T @ delta)
        delta = upstream
    return loss


def dispose() -> None:
    _parameters.clear()
