"""What a native framework must answer to be measured: a module of functions, as page/frameworks/adapter.js.

A module may leave out `enqueue_predict`, `enqueue_train_batch` and `sync` (nothing is ever left running), and what the
registry does not say that it can (`predict_batch`, and for training the two of batches). It must do no work when it is
imported: tasks are forked after the import.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from howfar.handed import TensorSpec
from howfar.layers import Layer
from howfar.records import Fact, Model

Floats = NDArray[np.float32]


class Network(Struct, frozen=True):
    """Layers and their parameters (float32), as `layers.parameter_shapes` says; a dense layer without biases has zeros
    for them."""

    model: Model
    layers: Sequence[Layer]
    parameters: Sequence[tuple[Floats, ...]]
    learning_rate: float
    batch_size: int


class Unsupported(Exception):
    """The back end is not to be had here; the message says why."""


def cores(threads: int) -> int:
    """How many threads are meant: 0 = all cores."""
    return threads or os.cpu_count() or 1


class Adapter(Protocol):
    """The functions of an adapter module; it has `build` or `load`, and for one's own models `load_graph` and `run`."""

    def open(self, backend: str, threads: int, switch: str) -> Mapping[str, Fact]:
        """Makes the back end ready; the facts name the `backend` that really answers. `threads`: 0 = all cores;
        `switch`: as the registry names it, "" for none. Raises: Unsupported."""

    def build(self, network: Network) -> None:
        """A model with these weights, ready to predict and to train."""

    def load(self, network: Network, files: Mapping[str, bytes]) -> None:
        """The same from the framework's own saved files, for one that takes its model in no other way; of the network
        it gets no parameters."""

    def predict(self, sample: Floats) -> Floats:
        """One sample (features,) to class probabilities (classes,) as NumPy's own."""

    def predict_batch(self, samples: Floats) -> Floats:
        """Samples (batch, features) in one call to class probabilities (batch, classes)."""

    def prepare_batch(self, inputs: Floats, labels: NDArray[np.uint8]) -> Any:
        """The batch (batch, features) in the framework's own form."""

    def train_batch(self, batch: Any) -> float:
        """One SGD step. Returns the mean loss before it."""

    def load_graph(self, files: Mapping[str, Path], inputs: Sequence[TensorSpec]) -> Mapping[str, Fact]:
        """One's own model, from the files of the form that the registry names first, where they lie."""

    def run(self, tensors: Sequence[NDArray[np.generic]]) -> Sequence[NDArray[np.generic]]:
        """One inference: its inputs, in the order of `load_graph`, to its outputs in the model's order."""

    def ceilings(self) -> Any:
        """What the workload `ceilings` times (howfar.native.ceilings.Ceilings); only howfar's own have it."""

    def dispose(self) -> None:
        """Lets go of everything."""
