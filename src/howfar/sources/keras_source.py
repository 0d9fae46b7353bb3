"""A Keras model, wherever it came from, as a source: its native run is TensorFlow's of the model itself."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from howfar.errors import UserError
from howfar.graphs import from_keras
from howfar.graphs.graph import Graph
from howfar.handed import TensorSpec
from howfar.sources.foreign import calling
from howfar.sources.request import Request
from howfar.sources.shapes import Declared, fixed
from howfar.sources.source import Array, Run, Source, graph_of

# Layers that take numbers of 0..255 to the model's own range.
IMAGE_LAYERS = ("Rescaling", "Normalization")


def source_of(model: Any, request: Request, words: str, weights: str = "of the file") -> Source:
    """Raises: UserError where a length stays open or a type is not measured."""
    inputs = fixed(_declared(model, request), request)
    model = _functional(model)
    with calling("Keras", request.model):
        graph, unreadable = graph_of(lambda: _read(model, inputs))
    return Source(
        words=words,
        runtime="TensorFlow",
        inputs=inputs,
        run=_run(model, inputs),
        output_names=_output_names(model),
        graph=graph,
        unreadable=unreadable,
        images=_images(model, inputs),
        weights=weights,
        parameters=model.count_params(),
        trainable_parameters=sum(int(np.prod(one.shape)) for one in model.trainable_variables),
    )


def _read(model: Any, inputs: Sequence[TensorSpec]) -> Graph:
    return from_keras.read(model, inputs[0].shape[0], [spec.shape[1:] for spec in inputs])


def _declared(model: Any, request: Request) -> list[Declared]:
    import keras  # noqa: PLC0415

    if not getattr(model, "inputs", None):
        mend = "give its shape with --shape, or save the model after it was built"
        raise UserError("the model does not say what it takes", where=request.model, mend=mend)
    standard = keras.backend.standardize_dtype
    return [Declared(one.name, tuple(one.shape), standard(one.dtype)) for one in model.inputs]


def _functional(model: Any) -> Any:
    """A Sequential model does not name its outputs, nor say how its inputs are packed; the same layers as a functional
    one do."""
    import keras  # noqa: PLC0415

    if not isinstance(model, keras.Sequential):
        return model
    return keras.Model(model.inputs, model.outputs, name=model.name)


def _output_names(model: Any) -> tuple[str, ...]:
    names = [str(name) for name in model.output_names]
    return tuple(name if names.count(name) == 1 else f"{name}_{at}" for at, name in enumerate(names))


def _run(model: Any, inputs: Sequence[TensorSpec]) -> Run:
    """The model as one compiled function, in inference mode."""
    import tensorflow as tf  # noqa: PLC0415

    def call(*tensors: Any) -> list[Any]:
        packed = tf.nest.pack_sequence_as(model._inputs_struct, list(tensors))
        return list(tf.nest.flatten(model(packed, training=False)))

    function = tf.function(call, input_signature=[tf.TensorSpec(spec.shape, spec.dtype) for spec in inputs])

    def run(arrays: Sequence[Array]) -> list[Array]:
        return [np.asarray(one) for one in function(*arrays)]

    return run


def _images(model: Any, inputs: Sequence[TensorSpec]) -> frozenset[str]:
    """The names of inputs that are read by one of IMAGE_LAYERS first."""
    named = {layer.name: layer for layer in model.layers}
    read = (consumer for spec in inputs if spec.name in named for consumer in _consumers(named[spec.name]))
    return frozenset(name for name, layer in read if type(layer).__name__ in IMAGE_LAYERS)


def _consumers(layer: Any) -> list[tuple[str, Any]]:
    return [(layer.name, node.operation) for node in layer._outbound_nodes]
