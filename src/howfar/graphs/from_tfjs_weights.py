"""A layers model's weights, given to the Keras model that was made of it."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from howfar.graphs.graph import Unreadable

Array = NDArray[Any]

# Both numbers of a random generator, which files do not have.
NOT_STORED = "seed_generator_state"


def give(model: Any, weights: Mapping[str, Array]) -> None:
    """Sets every layer's weights by the layer's name. Within a layer they are taken by their own names where these are
    Keras's, and else in the file's order, which is Keras's too.

    Raises: Unreadable where they do not fit.
    """
    for layer in _leaves(model):
        own = [variable for variable in layer.weights if variable.name != NOT_STORED]
        if own:
            _give(
                layer.name, own, {name: array for name, array in weights.items() if layer.name in name.split("/")[:-1]}
            )


def _leaves(model: Any) -> Iterator[Any]:
    """Its layers, and those of the models in it, each once."""
    for layer in model.layers:
        yield from _leaves(layer) if hasattr(layer, "layers") else [layer]


def _give(layer: str, own: list[Any], found: Mapping[str, Array]) -> None:
    arrays = _matched(own, found)
    fits = len(arrays) == len(own) and all(a.shape == b.shape for a, b in zip(arrays, own, strict=True))
    if not fits:
        has, needs = [array.shape for array in found.values()], [tuple(variable.shape) for variable in own]
        raise Unreadable(f"layer {layer} has weights of the shapes {has}, and needs {needs}")
    for variable, array in zip(own, arrays, strict=True):
        variable.assign(array.astype(np.float32, copy=False))


def _matched(own: list[Any], found: Mapping[str, Array]) -> list[Array]:
    named = {name.rsplit("/", 1)[1]: array for name, array in found.items()}
    if len(named) == len(found) and {variable.name for variable in own} == set(named):
        return [named[variable.name] for variable in own]
    return list(found.values())
