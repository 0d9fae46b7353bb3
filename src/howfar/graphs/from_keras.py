"""A built Keras 3 model as a neutral graph: functional or sequential, of any nesting, with shared layers.

Only Keras's own layers and operations are read, from their attributes: no code of the model's is run, and what holds
some (a Lambda, a custom layer, a subclassed model) is refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any

from howfar.graphs import keras_layers, keras_sequences, keras_shaping
from howfar.graphs.building import plain_name
from howfar.graphs.graph import Graph, Unreadable
from howfar.graphs.keras_building import Handler, KerasBuilder, refuse
from howfar.graphs.keras_operations import Taken, read_operation
from howfar.handed import TensorSpec
from howfar.layers import Shape
from howfar.records import DType

DTYPES: Mapping[str, DType] = {
    "float32": "float32", "float16": "float32", "bfloat16": "float32", "int32": "int32", "int64": "int64",
    "bool": "bool", "uint8": "uint8",
}  # fmt: skip
# What layers name the tensors that they are called with, in the order that attention takes them.
TENSORS = ("inputs", "sequences", "query", "value", "key")


def read(model: Any, batch_size: int = 1, shapes: Sequence[Shape] = ()) -> Graph:
    """The model for batches of that size.

    `shapes`: of one sample of each input, where the model leaves lengths open. Weights of other float types are read as
    float32.

    Raises: Unreadable, which names the layer's class and name.
    """
    function = _function(model)
    inputs = tuple(_specs(function, batch_size, shapes))
    builder = KerasBuilder(inputs, HANDLERS)
    outputs = _walk(builder, function, [spec.name for spec in inputs])
    trainable = sum(prod(variable.shape) for variable in model.trainable_variables)
    return builder.finish(outputs, trainable)


def _function(model: Any) -> Any:
    """The graph of layers that a model is made of."""
    kind = type(model)
    if kind.__module__.partition(".")[0] != "keras" or kind.__name__ not in ("Functional", "Sequential"):
        refuse(model, "is a subclassed model; only functional and sequential ones are read")
    function = model._functional if kind.__name__ == "Sequential" else model
    if function is None:
        refuse(model, "is not built: it has no input shape yet")
    return function


def _specs(function: Any, batch_size: int, shapes: Sequence[Shape]) -> Iterator[TensorSpec]:
    taken: set[str] = set()
    own = [tuple(x.shape[1:]) for x in function.inputs]
    for x, shape in zip(function.inputs, shapes or own, strict=True):
        name = plain_name(x.name)
        while name in taken:
            name += "_"
        taken.add(name)
        fits = len(shape) == len(x.shape) - 1 and all(
            mine in (None, given) for mine, given in zip(x.shape[1:], shape, strict=True)
        )
        if not fits or None in shape or x.shape[0] not in (None, batch_size):
            given = f"{batch_size} samples of {tuple(shape)}"
            raise Unreadable(
                f"the input {x.name!r} of shape {tuple(x.shape)} is not {given}; give a shape that it takes"
            )
        if x.dtype not in DTYPES:
            raise Unreadable(f"the input {x.name!r} is of type {x.dtype}")
        yield TensorSpec(name, (batch_size, *shape), DTYPES[x.dtype])


def _walk(b: KerasBuilder, function: Any, inputs: Sequence[str]) -> list[str]:
    """Every call of a layer or operation, those first that others take. Returns what comes out, by name."""
    known: dict[int, Taken] = {id(x): Taken(name) for x, name in zip(function.inputs, inputs, strict=True)}
    for depth in sorted(function._nodes_by_depth, reverse=True):
        for node in function._nodes_by_depth[depth]:
            if node.is_input or any(id(x) not in known for x in node.input_tensors):
                continue
            made = _call(b, node, known)
            known |= {id(x): Taken(name) for x, name in zip(node.outputs, made, strict=True)}
    return [known[id(x)].name for x in function.outputs]


def _call(b: KerasBuilder, node: Any, known: Mapping[int, Taken]) -> list[str]:
    arguments, keywords = node.arguments.fill_in(dict(known))
    operation = node.operation
    if not hasattr(operation, "weights"):  # no layer
        return [read_operation(b, operation, [*arguments, *keywords.values()])]
    others = [key for key, value in keywords.items() if key not in TENSORS and value is not None and value is not False]
    if others and others != ["training"]:
        refuse(operation, f"is called with {', '.join(others)}, which is not read")
    inputs = [*_tensors(arguments), *_tensors([keywords.get(key) for key in TENSORS])]
    return b.layer(operation, inputs)


def _tensors(arguments: Any) -> Iterator[str]:
    """The tensors in what a layer is called with, however nested."""
    if isinstance(arguments, Taken):
        yield arguments.name
    elif isinstance(arguments, Mapping):
        yield from _tensors([arguments[key] for key in sorted(arguments)])  # the order of a model's inputs
    elif isinstance(arguments, (list, tuple)):
        for value in arguments:
            yield from _tensors(value)


def _inner(b: KerasBuilder, model: Any, inputs: Sequence[str]) -> list[str]:
    """A model in a model."""
    return _walk(b, _function(model), inputs)


HANDLERS: Mapping[str, Handler] = {
    **keras_layers.HANDLERS,
    **keras_shaping.HANDLERS,
    **keras_sequences.HANDLERS,
    "Functional": _inner,
    "Sequential": _inner,
}
