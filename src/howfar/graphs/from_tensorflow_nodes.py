"""TensorFlow's graphs, from TensorFlow itself and from TensorFlow.js's JSON, as plain values."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from howfar.graphs.graph import Unreadable
from howfar.graphs.tfjs_files import text

# TensorFlow's numbers for types, by NumPy's names.
TYPES: Mapping[int, str] = {
    1: "float32", 2: "float64", 3: "int32", 4: "uint8", 5: "int16", 6: "int8", 7: "string", 9: "int64", 10: "bool",
    14: "bfloat16", 17: "uint16", 19: "float16", 20: "resource", 21: "variant", 22: "uint32", 23: "uint64",
}  # fmt: skip
NAMED = {"DT_FLOAT": 1, "DT_DOUBLE": 2, "DT_INT32": 3, "DT_UINT8": 4, "DT_INT16": 5, "DT_INT8": 6, "DT_STRING": 7,
         "DT_INT64": 9, "DT_BOOL": 10, "DT_BFLOAT16": 14, "DT_UINT16": 17, "DT_HALF": 19, "DT_RESOURCE": 20,
         "DT_VARIANT": 21, "DT_UINT32": 22, "DT_UINT64": 23}  # fmt: skip


class Entry(Struct, frozen=True):
    """One node. `inputs`: as TensorFlow writes them, `node`, `node:1`, in functions `node:y:0`; not those that only say
    what comes first. `attributes`: numbers, texts, lists, types by NumPy's names, shapes as lists (-1: open), functions
    by their names, tensors as they are."""

    name: str
    kind: str
    inputs: tuple[str, ...]
    attributes: Mapping[str, Any]


class Function(Struct, frozen=True):
    """`outputs`: for each, what of its nodes it is."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    entries: tuple[Entry, ...]


class Topology(Struct, frozen=True):
    """`entries` in any order; functions by their names."""

    entries: tuple[Entry, ...]
    functions: Mapping[str, Function]


def from_json(topology: Mapping[str, Any]) -> Topology:
    """The `modelTopology` of a graph model."""
    library = (topology.get("library") or {}).get("function") or []
    functions = {each["signature"]["name"]: _function(each) for each in library}
    return Topology(tuple(_entry(node) for node in topology["node"]), functions)


def _function(described: Mapping[str, Any]) -> Function:
    signature, results = described["signature"], described.get("ret") or {}
    return Function(
        inputs=tuple(each["name"] for each in signature.get("inputArg") or []),
        outputs=tuple(results[each["name"]] for each in signature.get("outputArg") or []),
        entries=tuple(_entry(node) for node in described.get("nodeDef") or []),
    )


def _entry(node: Mapping[str, Any]) -> Entry:
    attributes = {name: _decoded(value) for name, value in (node.get("attr") or {}).items()}
    return Entry(str(node["name"]), str(node["op"]), _data(node.get("input") or []), attributes)


def _data(inputs: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(each) for each in inputs if not str(each).startswith("^"))


def _decoded(value: Mapping[str, Any]) -> Any:
    """One attribute; protobuf's JSON leaves out what is 0, and an empty one stands for that."""
    if "list" in value:
        ((kind, items),) = (value["list"] or {"i": []}).items()
        return [_single(kind, item) for item in items or []]
    for kind, item in value.items():
        return _single(kind, item)
    return None


def _single(kind: str, item: Any) -> Any:
    return DECODED[kind](item) if kind in DECODED else item


def type_name(number: int | str) -> str:
    """NumPy's name of a type that is told by number or by name."""
    found = NAMED.get(number, 0) if isinstance(number, str) else number
    if found not in TYPES:
        raise Unreadable(f"a type that howfar does not know: {number}")
    return TYPES[found]


def _shape(described: Mapping[str, Any] | None) -> list[int] | None:
    """None where even the rank is open."""
    if not described or described.get("unknownRank"):
        return None if described and described.get("unknownRank") else []
    return [int(each.get("size", 0)) for each in described.get("dim") or []]


# Whole numbers are texts in protobuf's JSON.
DECODED: Mapping[str, Callable[[Any], Any]] = {
    "i": int, "f": float, "s": text, "type": type_name, "shape": _shape, "func": lambda item: item["name"],
}  # fmt: skip


def from_graph_def(graph_def: Any) -> Topology:
    """TensorFlow's own."""
    functions = {each.signature.name: _own_function(each) for each in graph_def.library.function}
    return Topology(tuple(_own_entry(node) for node in graph_def.node), functions)


def _own_function(definition: Any) -> Function:
    signature = definition.signature
    return Function(
        inputs=tuple(each.name for each in signature.input_arg),
        outputs=tuple(definition.ret[each.name] for each in signature.output_arg),
        entries=tuple(_own_entry(node) for node in definition.node_def),
    )


def _own_entry(node: Any) -> Entry:
    attributes = {name: _own_value(value) for name, value in node.attr.items()}
    return Entry(node.name, node.op, _data(node.input), attributes)


def _own_value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "list":
        return [_own_single(field.name, item) for field, items in value.list.ListFields() for item in items]
    return _own_single(kind, getattr(value, kind))


def _own_single(kind: str, item: Any) -> Any:
    match kind:
        case "s":
            return item.decode("utf-8", "replace")
        case "type":
            return TYPES.get(item, "unknown")
        case "shape":
            return None if item.unknown_rank else [each.size for each in item.dim]
        case "func":
            return item.name
    return item
