"""TensorFlow's SavedModels into the neutral graph. Loading one runs what it says is to be run at the beginning; so it
is looked through first, and refused where it would read or write files, or fill tables."""

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

from howfar.errors import Unavailable, UserError
from howfar.graphs.drafting import Array
from howfar.graphs.from_tensorflow import read_graph_def
from howfar.graphs.graph import Graph, Unreadable
from howfar.layers import Shape

FILE = "saved_model.pb"
SIGNATURE = "serving_default"

# Operators that reach outside of the model, by parts of their names. Its own saving and restoring, which every
# SavedModel has, is not run by loading.
REACHING = (
    "PyFunc", "WriteFile", "ReadFile", "MatchingFiles", "DeleteFile", "FileSystem", "Dataset", "Iterator", "Rpc",
    "Send", "Recv", "Summary", "Debug", "Print", "CompilerCustom", "XlaHost",
)  # fmt: skip
SAVING = ("SaveV2", "RestoreV2", "MergeV2Checkpoints", "ShardedFilename")


def read(folder: Path, shapes: Mapping[str, Shape]) -> Graph:
    """The signature `serving_default`, or the only one, with inputs of the `shapes` by their names.

    Raises: UserError where it is broken or reaches outside of itself; Unreadable where the graph cannot hold it;
    Unavailable without TensorFlow.
    """
    _look_through(folder)
    function, _loaded = _signature(folder)  # its variables live as long as that does
    variables = {id(variable.handle): variable for variable in function.variables}
    captured = zip(function.graph.internal_captures, function.captured_inputs, strict=True)
    known = {inner.op.name: _value(variables, outer) for inner, outer in captured}
    inputs = [tensor.op.name for tensor in function.inputs if tensor.op.name not in known]
    outputs = [tensor.name for tensor in function.outputs]
    return read_graph_def(function.graph.as_graph_def(), inputs, outputs, shapes, known)


def _value(variables: Mapping[int, Any], outer: Any) -> Array:
    """Of a variable by its handle, or of a constant that was captured."""
    if id(outer) in variables:
        return np.asarray(variables[id(outer)].numpy())
    if outer.dtype.name in ("resource", "variant"):
        raise Unreadable("the model holds a table, or another thing that is no variable")
    return np.asarray(outer.numpy())


def _look_through(folder: Path) -> None:
    file = folder / FILE
    broken = UserError("this is not a whole SavedModel", where=str(folder), mend=f"it needs {FILE} and variables/")
    if not file.is_file():
        raise broken
    found = _parsed(file, broken)
    if len(found.meta_graphs) != 1 or not found.meta_graphs[0].object_graph_def.nodes:
        raise UserError("a SavedModel of TensorFlow 1, or of several graphs", where=str(folder))
    kinds = {node.op for node in _nodes(found.meta_graphs[0].graph_def)}
    reaching = sorted(kind for kind in kinds if kind not in SAVING and any(part in kind for part in REACHING))
    if reaching:
        raise UserError(f"it reaches outside of itself, by {reaching[0]}", where=str(folder))
    if any(_runs_something(node) for node in found.meta_graphs[0].object_graph_def.nodes):
        raise Unreadable("a SavedModel with tables, files or functions that are run when it is loaded")


def _runs_something(node: Any) -> bool:
    """Whether loading would run a function of the model for this part of it; variables have none."""
    own = node.saveable_objects or node.registered_saver
    return bool(own) or node.WhichOneof("kind") in ("resource", "asset")


def _parsed(file: Path, broken: UserError) -> Any:
    try:
        from tensorflow.core.protobuf import saved_model_pb2  # noqa: PLC0415
    except ImportError:
        mend = "install it with: pip install 'howfar[native]'"
        raise Unavailable("SavedModels are read by TensorFlow, which is not here", mend=mend) from None
    try:
        return saved_model_pb2.SavedModel.FromString(file.read_bytes())
    except (DecodeError, RuntimeError):
        raise broken from None


def _nodes(graph_def: Any) -> Iterable[Any]:
    yield from graph_def.node
    for function in graph_def.library.function:
        yield from function.node_def


def _signature(folder: Path) -> tuple[Any, Any]:
    """The function, and what holds its variables."""
    import tensorflow as tf  # noqa: PLC0415 - seconds

    logging.getLogger("absl").setLevel(logging.ERROR)  # it warns of a save counter that is missing
    try:
        loaded = tf.saved_model.load(str(folder))
    except Exception as error:  # of many kinds: IndexError where a file of variables is cut off
        raise UserError(f"TensorFlow cannot load it: {error}", where=str(folder)) from error
    signatures = loaded.signatures
    if SIGNATURE not in signatures and len(signatures) != 1:
        raise UserError(f"it has no signature {SIGNATURE}: {', '.join(signatures) or 'none'}", where=str(folder))
    return signatures[SIGNATURE if SIGNATURE in signatures else next(iter(signatures))], loaded
