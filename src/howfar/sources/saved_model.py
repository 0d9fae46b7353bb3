"""A TensorFlow SavedModel as a source. It is a program: one that reads or writes files, or calls Python, is refused
before TensorFlow loads it."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from howfar.errors import UserError
from howfar.graphs import from_saved_model
from howfar.handed import TensorSpec
from howfar.sources import natively, outside
from howfar.sources.foreign import calling
from howfar.sources.request import Request
from howfar.sources.shapes import Declared, fixed
from howfar.sources.source import Array, Run, Source, graph_of

SIGNATURE = "serving_default"


def load(request: Request) -> Source:
    """Raises: UserError where it is broken, hostile, of open shape, or has no signature."""
    import tensorflow as tf  # noqa: PLC0415

    path = Path(request.model)
    with calling("TensorFlow", path):
        _check(path)
        loaded = tf.saved_model.load(str(path))
        signature = _signature(loaded, path)
    inputs = fixed(_declared(signature), request)
    with calling("howfar's reader", path):
        graph, unreadable = graph_of(lambda: from_saved_model.read(path, {spec.name: spec.shape for spec in inputs}))
    return Source(
        words=f"SavedModel {path.resolve().name}",
        runtime="TensorFlow",
        inputs=inputs,
        run=_run(loaded, signature, inputs),
        output_names=tuple(sorted(signature.structured_outputs)),
        graph=graph,
        unreadable=unreadable,
        own={"saved-model": lambda folder: _write(path, folder)},
    )


def _run(loaded: Any, signature: Any, inputs: Sequence[TensorSpec]) -> Run:
    def run(arrays: Sequence[Array]) -> list[Array]:
        # The signature's variables live as long as what was loaded.
        return natively.run_signature(loaded and signature, inputs, arrays)

    return run


def _check(path: Path) -> None:
    """Raises: UserError for the first operator that reaches outside."""
    from tensorflow.core.protobuf import saved_model_pb2  # noqa: PLC0415

    model = saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())
    for meta in model.meta_graphs:
        if not meta.HasField("object_graph_def"):
            raise UserError("it is of TensorFlow 1", where=str(path), mend="export it again with TensorFlow 2")
        called = _called(meta)
        for function, node in _nodes(meta.graph_def):
            if node.op in outside.FORBIDDEN or (node.op in outside.SAVING and function in called):
                raise outside.refusal(node.op, node.name, path)


def _nodes(graph: Any) -> Iterator[tuple[str, Any]]:
    """Every operator, with the function that it is in."""
    yield from (("", node) for node in graph.node)
    for function in graph.library.function:
        yield from ((function.signature.name, node) for node in function.node_def)


def _called(meta: Any) -> set[str]:
    """The functions that are called for an answer, or while it loads."""
    left = [name for one in meta.object_graph_def.nodes for name in _functions(one)]
    functions = {function.signature.name: function for function in meta.graph_def.library.function}
    found: set[str] = set()
    while left:
        name = left.pop()
        if name in functions and name not in found:
            found.add(name)
            left.extend(_callees(functions[name]))
    return found


def _functions(one: Any) -> Iterator[str]:
    yield one.bare_concrete_function.concrete_function_name
    yield from one.function.concrete_functions


def _callees(function: Any) -> Iterator[str]:
    for node in function.node_def:
        for value in node.attr.values():
            yield value.func.name
            yield from (one.name for one in value.list.func)


def _signature(loaded: Any, path: Path) -> Any:
    names = list(loaded.signatures)
    if SIGNATURE in names:
        return loaded.signatures[SIGNATURE]
    if len(names) == 1:
        return loaded.signatures[names[0]]
    what = f"it has {len(names)} signatures and none of them is {SIGNATURE}"
    raise UserError(what, where=str(path), mend="export it with one signature, as model.export of Keras does")


def _declared(signature: Any) -> list[Declared]:
    said = signature.structured_input_signature[1]
    return [Declared(name, _shape(spec), spec.dtype.name) for name, spec in sorted(said.items())]


def _shape(spec: Any) -> tuple[int | None, ...]:
    if spec.shape.rank is None:
        raise ValueError(f"the rank of input {spec.name} is open")
    return tuple(spec.shape.as_list())


def _write(path: Path, folder: Path) -> tuple[str, ...]:
    """A copy of what TensorFlow reads of it."""
    parts = ("saved_model.pb", "fingerprint.pb", "variables", "assets")
    for part in (path / name for name in parts):
        if part.is_dir():
            shutil.copytree(part, folder / part.name)
        elif part.is_file():
            shutil.copyfile(part, folder / part.name)
    return tuple(sorted(one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file()))
