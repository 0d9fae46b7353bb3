"""What a native framework must answer to be measured: a module of functions, as page/frameworks/adapter.js.

A module may leave out `enqueue_predict`, `enqueue_train_batch` and `sync` (nothing is ever left running), and
`live_tensors`. It must do no work when it is imported: tasks are forked after the import.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from howfar.records import Fact, Layer, Model

Floats = NDArray[np.float32]


class Network(Struct, frozen=True):
    """Layers and their parameters: weights (inputs, units) and biases (units,), float32."""

    model: Model
    layers: Sequence[Layer]
    parameters: Sequence[tuple[Floats, Floats]]
    learning_rate: float
    batch_size: int


class Unsupported(Exception):
    """The back end is not to be had here; the message says why."""


class Adapter(Protocol):
    """The functions of an adapter module."""

    def open(self, backend: str, threads: int | None) -> Mapping[str, Fact]:
        """Makes the back end ready; the facts name the `backend` that really answers. Raises: Unsupported."""

    def build(self, network: Network) -> None:
        """A model with these weights, ready to predict and to train."""

    def predict(self, sample: Floats) -> Floats:
        """One sample (features,) to class probabilities (classes,) as NumPy's own."""

    def prepare_batch(self, inputs: Floats, labels: NDArray[np.uint8]) -> Any:
        """The batch (batch, features) in the framework's own form."""

    def train_batch(self, batch: Any) -> float:
        """One SGD step. Returns the mean loss before it."""

    def dispose(self) -> None:
        """Lets go of everything."""
