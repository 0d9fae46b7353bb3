"""What a framework's training step does with a batch: one file per rule, in NumPy float64, written to be read.

Only some frameworks take the step that the study asks for (`mini_batch`); the others have a rule of their own, and what
they report is held against that. A rule is found by its file being here; the registry names it.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import Protocol, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from howfar.layers import Layer

Matrix = NDArray[np.float64]
Parameters = list[tuple[Matrix, ...]]


class Rule(Protocol):
    """What a file in this folder declares."""

    def step(
        self, parameters: Parameters, layers: Sequence[Layer], inputs: Matrix, labels: NDArray[np.uint8], rate: float
    ) -> float:
        """Trains on one batch, in place: inputs (batch, features), labels (batch,), parameters per layer as in
        `layers.parameter_shapes`. Returns the loss that the framework's adapter reports."""


@runtime_checkable
class OwnNetwork(Protocol):
    """What such a file declares too where the framework computes otherwise than the layers say."""

    def hold(self, parameters: Parameters, layers: Sequence[Layer]) -> Parameters:
        """What the framework makes of the study's parameters, and remembers beside them: all that `step` changes. What
        `step`, `outputs` and `fault` take as parameters is this."""

    def outputs(self, parameters: Parameters, layers: Sequence[Layer], inputs: Matrix) -> Matrix:
        """What the framework's network makes of inputs (samples, features)."""


def load(name: str) -> Rule:
    """The rule of that name."""
    return cast(Rule, import_module(f"{__name__}.{name}"))


def fault(
    name: str,
    parameters: Parameters,
    layers: Sequence[Layer],
    inputs: Matrix,
    labels: NDArray[np.uint8],
    rate: float,
) -> str | None:
    """What is known to be wrong with the rule itself, however truly it is followed: a rule's file may declare a `fault`
    that takes what `step` takes, changes nothing, and says what it found in one sentence, or None."""
    find = getattr(load(name), "fault", None)
    return cast(str | None, find(parameters, layers, inputs, labels, rate)) if find else None


def one_hot(labels: NDArray[np.uint8], classes: int) -> Matrix:
    """(batch,) to (batch, classes)."""
    return np.eye(classes)[labels]
