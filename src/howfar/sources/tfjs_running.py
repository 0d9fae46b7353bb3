"""A TensorFlow.js graph model run natively: its nodes are TensorFlow's own, in JSON."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from howfar.graphs import tfjs_files
from howfar.graphs.from_tensorflow_nodes import Entry, Topology, from_json
from howfar.graphs.graph import Graph
from howfar.graphs.writers import WRITERS
from howfar.sources import natively, outside
from howfar.sources.source import Array, Run

# TensorFlow.js's names for what TensorFlow calls otherwise.
RENAMED = {"FusedDepthwiseConv2dNative": "_FusedDepthwiseConv2dNative"}


class Input(Struct, frozen=True):
    """A placeholder: None where a length is open."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str


class Signed(Struct, frozen=True):
    """What a graph model takes and gives; `outputs` are names of tensors."""

    inputs: tuple[Input, ...]
    outputs: tuple[str, ...]


def check(described: Mapping[str, Any], path: Path) -> None:
    """Raises: UserError for the first operator that reaches outside."""
    topology = from_json(described["modelTopology"])
    inner = (entry for function in topology.functions.values() for entry in function.entries)
    for entry in (*topology.entries, *inner):
        if entry.kind in outside.FORBIDDEN | outside.SAVING:
            raise outside.refusal(entry.kind, entry.name, path)


def signed(described: Mapping[str, Any]) -> Signed:
    """By its signature; without one, its placeholders and the nodes that no other takes."""
    topology = from_json(described["modelTopology"])
    found = {entry.name: entry for entry in topology.entries if entry.kind == "Placeholder"}
    names = [name.partition(":")[0] for name in _names(described, "inputs")]
    wanted = names if names and set(names) <= set(found) else list(found)
    outputs = _names(described, "outputs") or _ends(topology)
    return Signed(tuple(_input(found[name]) for name in wanted), tuple(outputs))


def _names(described: Mapping[str, Any], side: str) -> list[str]:
    older = (described.get("userDefinedMetadata") or {}).get("signature")
    said = (described.get("signature") or older or {}).get(side) or {}
    return [str(each["name"]) for each in said.values() if "name" in each]


def _ends(topology: Topology) -> list[str]:
    taken = {name.partition(":")[0] for entry in topology.entries for name in entry.inputs}
    return [one.name for one in topology.entries if one.name not in taken and one.kind not in ("Const", "NoOp")]


def _input(entry: Entry) -> Input:
    shape = entry.attributes.get("shape")
    if shape is None:
        raise ValueError(f"the rank of input {entry.name} is open")
    lengths = tuple(None if length < 0 else length for length in shape)
    return Input(entry.name, lengths, str(entry.attributes.get("dtype") or "float32"))


def runner(path: Path, described: Mapping[str, Any], names: Signed, graph: Graph | None) -> tuple[str, Run]:
    """What runs it, in words, and its run: TensorFlow, or where that lacks one of TensorFlow.js's own operators, ONNX
    Runtime of the graph that howfar read."""
    try:
        return "TensorFlow", _tensorflow(path, described, names)
    except Exception:
        if graph is None:
            raise
        return "ONNX Runtime, as howfar reads it", _onnx(graph)


def _tensorflow(path: Path, described: Mapping[str, Any], names: Signed) -> Run:
    import tensorflow as tf  # noqa: PLC0415

    graph_def = _graph_def(path, described)
    wrapped = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(graph_def, name=""), [])
    ends = [name if ":" in name else f"{name}:0" for name in names.outputs]
    feeds, fetches = ([wrapped.graph.as_graph_element(name) for name in each] for each in (_feeds(names), ends))
    function = wrapped.prune(feeds, fetches)

    def run(arrays: Sequence[Array]) -> list[Array]:
        return [np.asarray(one) for one in function(*map(tf.constant, arrays))]

    # A kernel that TensorFlow lacks says so only when it runs.
    if all(None not in one.shape[1:] for one in names.inputs):
        run([np.zeros([length or 1 for length in one.shape], one.dtype) for one in names.inputs])
    return run


def _feeds(names: Signed) -> list[str]:
    return [f"{one.name}:0" for one in names.inputs]


def _graph_def(path: Path, described: Mapping[str, Any]) -> Any:
    import tensorflow as tf  # noqa: PLC0415
    from google.protobuf import json_format  # noqa: PLC0415

    weights = tfjs_files.weights(path, described)
    graph_def = json_format.ParseDict(described["modelTopology"], tf.compat.v1.GraphDef(), ignore_unknown_fields=True)
    for node in graph_def.node:
        node.op = RENAMED.get(node.op, node.op)
        if node.op == "Const" and node.name in weights:
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(weights[node.name]))
        elif node.op == "_FusedConv2D" and "TArgs" not in node.attr:
            node.attr["TArgs"].list.type.extend([node.attr["T"].type] * node.attr["num_args"].i)
    return graph_def


def _onnx(graph: Graph) -> Run:
    with tempfile.TemporaryDirectory() as folder:
        WRITERS["onnx"](graph, Path(folder))
        session = natively.onnx_session(Path(folder) / "model.onnx")
    return natively.run_onnx(session)
