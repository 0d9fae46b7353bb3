"""TensorFlow's graphs into the neutral one: of a SavedModel, and of a TensorFlow.js graph model.

Operators are read by their names and never run. TensorFlow is imported only where a SavedModel is read.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from howfar.errors import UserError
from howfar.graphs import tfjs_files
from howfar.graphs.drafting import DTYPES, HELD, Array, Draft, Operand
from howfar.graphs.from_tensorflow_nodes import Entry, Topology, from_graph_def, from_json, type_name
from howfar.graphs.from_tensorflow_walk import Walk, split
from howfar.graphs.graph import Graph, Unreadable
from howfar.graphs.reading import refuse_stray, spec_of
from howfar.handed import TensorSpec
from howfar.layers import Shape
from howfar.records import DType


def read_graph_model(path: Path, shapes: Mapping[str, Shape]) -> Graph:
    """A TensorFlow.js graph model by its `model.json`, with inputs of the `shapes` by their names.

    Raises: UserError where a file is broken or outside the folder; Unreadable where the graph cannot hold it.
    """
    described = tfjs_files.description(path)
    weights = tfjs_files.weights(path, described)
    try:
        topology = from_json(described["modelTopology"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"its modelTopology is broken: {error}", where=str(path)) from error

    def constant(entry: Entry) -> Array:
        if entry.name not in weights:
            raise UserError(f"there are no weights for {entry.name}", where=str(path))
        return weights[entry.name]

    inputs = _specs(topology, _signed(described, "inputs"), shapes)
    outputs = _signed(described, "outputs") or _ends(topology)
    return _graph(topology, inputs, outputs, {}, constant)


def read_graph_def(
    graph_def: Any,
    inputs: Sequence[str],
    outputs: Sequence[str],
    shapes: Mapping[str, Shape],
    known: Mapping[str, Array],
) -> Graph:
    """A GraphDef from which variables are gone: `known` are their values, by the placeholders that stand for them.
    `inputs`: names of placeholders; `outputs`: of tensors.

    Raises: Unreadable where the graph cannot hold it.
    """
    topology = from_graph_def(graph_def)
    specs = _specs(topology, inputs, shapes)
    return _graph(topology, specs, outputs, known, _own_array)


def _own_array(entry: Entry) -> Array:
    from tensorflow import make_ndarray  # noqa: PLC0415 - seconds, and who has a GraphDef has it loaded

    return np.asarray(make_ndarray(entry.attributes["value"]))


def _graph(
    topology: Topology, inputs: Sequence[TensorSpec], outputs: Sequence[str], known: Mapping[str, Array], constant: Any
) -> Graph:
    draft = Draft(inputs)
    values: dict[str, Operand] = {**draft.inputs, **known}
    return draft.finish(Walk(draft, topology.functions, constant).values(topology.entries, values, outputs))


def _specs(topology: Topology, names: Sequence[str], shapes: Mapping[str, Shape]) -> list[TensorSpec]:
    entries = _placeholders(topology, names)
    refuse_stray(shapes, [entry.name for entry in entries])
    return [_spec(entry, shapes) for entry in entries]


def _placeholders(topology: Topology, names: Sequence[str]) -> list[Entry]:
    """Those of the signature in its order, or all."""
    found = {entry.name: entry for entry in topology.entries if entry.kind == "Placeholder"}
    wanted = [split(name)[0] for name in names]
    if wanted and set(wanted) <= set(found):
        return [found[name] for name in wanted]
    return list(found.values())


def _signed(described: Mapping[str, Any], side: str) -> list[str]:
    """The names of tensors in a model's signature, which older files have elsewhere, or not at all."""
    older = (described.get("userDefinedMetadata") or {}).get("signature")
    signature = described.get("signature") or older or {}
    return [str(each["name"]) for each in (signature.get(side) or {}).values() if "name" in each]


def _ends(topology: Topology) -> list[str]:
    """Nodes that no other takes."""
    taken = {split(name)[0] for entry in topology.entries for name in entry.inputs}
    return [entry.name for entry in topology.entries if entry.name not in taken and entry.kind not in ("Const", "NoOp")]


def _spec(entry: Entry, shapes: Mapping[str, Shape]) -> TensorSpec:
    declared, dtype = entry.attributes.get("shape"), _dtype(entry)
    if declared is None:
        if entry.name not in shapes:
            raise Unreadable(f"input {entry.name} is of no known rank: say its shape")
        return TensorSpec(entry.name, tuple(shapes[entry.name]), dtype)
    lengths = [None if length < 0 else length for length in declared]
    return spec_of(entry.name, lengths, dtype, shapes)


def _dtype(entry: Entry) -> DType:
    name = entry.attributes.get("dtype") or type_name(1)
    name = np.dtype(HELD[name]).name if name in HELD else name
    if name not in DTYPES:
        raise Unreadable(f"input {entry.name} is of type {name}")
    return DTYPES[name]
