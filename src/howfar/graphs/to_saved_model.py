"""The neutral graph as a TensorFlow SavedModel: one function with a fixed signature, its weights as variables."""

import gc
from pathlib import Path
from typing import Any

import tensorflow as tf

from howfar.graphs.building import Array, plain_name
from howfar.graphs.folding import fold
from howfar.graphs.graph import Graph
from howfar.graphs.tensorflow_functions import run

SIGNATURE = "serving_default"


class Module(tf.Module):  # type: ignore[misc] # it ships no types
    """`function` takes the graph's inputs by their names and gives its outputs by theirs."""

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self._variables = {name: _variable(name, array) for name, array in graph.constants.items() if _is_weight(array)}
        specs = [
            tf.TensorSpec(spec.shape, spec.dtype, name) for spec, name in zip(graph.inputs, names(graph), strict=True)
        ]
        self.function = tf.function(self._of(graph), input_signature=specs, autograph=False)

    def _of(self, graph: Graph) -> Any:
        def call(*tensors: Any) -> dict[str, Any]:
            inputs = {spec.name: tensor for spec, tensor in zip(graph.inputs, tensors, strict=True)}
            return run(graph, inputs, self._held)

        return call

    def _held(self, name: str, array: Array) -> Any:
        return self._variables[name].read_value() if name in self._variables else tf.constant(array)


def names(graph: Graph) -> tuple[str, ...]:
    """Those of the inputs, as TensorFlow takes them: letters, digits and `_`."""
    found: list[str] = []
    for spec in graph.inputs:
        name = plain_name(spec.name)
        found.append(name if name not in found else f"{name}_{len(found)}")
    return tuple(found)


def write(graph: Graph, folder: Path) -> tuple[str, ...]:
    """Folds the graph first. Returns the names of the files in the folder."""
    _save(Module(fold(graph)), folder)
    gc.collect()  # the variables that were saved: a tf.function holds them in a cycle
    return tuple(sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()))


def _save(module: Module, folder: Path) -> None:
    tf.saved_model.save(module, str(folder), signatures={SIGNATURE: module.function.get_concrete_function()})


def _is_weight(array: Array) -> bool:
    return array.dtype.kind == "f" and array.size > 1


def _variable(name: str, array: Array) -> Any:
    return tf.Variable(array, trainable=False, name=name)
