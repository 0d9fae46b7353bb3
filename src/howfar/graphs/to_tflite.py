"""The neutral graph as a LiteRT (TensorFlow Lite) file: float32, nothing quantised.

Written here, and not by TensorFlow's converter: of VGG16 that held 6.7 times the model and took 30 s, where this takes
3 s; of NASNetMobile 22 s, and this 1 (`benchmarks/converting.py`). Both give the same to the last bit, in the
same time. Only loops are left to it, which this format has as graphs of their own.
"""

from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from howfar.graphs import lowering, tflite_converter
from howfar.graphs.building import Array, Builder, dtype_of, dtypes_of
from howfar.graphs.graph import Activation, Clip, Dense, Graph, MatMul, Node, Unary, Unreadable
from howfar.graphs.narrowing import narrowed
from howfar.graphs.ordering import in_order
from howfar.graphs.tflite_converter import FILE
from howfar.graphs.tflite_nodes import NODES, TYPES, Written

IDENTIFIER = b"TFL3"
# Offsets in the file are of 31 bits.
MOST_BYTES = (1 << 31) - (1 << 20)
# What runs it reads weights 16 bytes at a time.
ALIGNMENT = 16
# Its transpose, and its kernels that broadcast, take no more axes.
MOST_AXES = 6
# Codes above this have no place in the field that old readers look at.
OLD_CODES = 127


def write(graph: Graph, folder: Path) -> tuple[str, ...]:
    """Returns the name of the one file. Raises: Unreadable where LiteRT has not what the graph holds."""
    graph = narrowed(graph)
    if graph.loops:
        return tflite_converter.write(in_order(graph), folder)
    file = _File(_lowered(graph))
    with (folder / FILE).open("wb") as out:
        out.write(file.packed())
    return (FILE,)


def _lowered(graph: Graph) -> Graph:
    """Without what LiteRT lacks."""
    rules = (
        lowering.layer_norms,
        lowering.activations("elu", "hard_sigmoid", "mish", "selu", "silu", "softplus", "softsign"),
        lowering.softmaxes,
        lowering.groups,
        lowering.odd_convolutions,
        lowering.odd_pools,
        lowering.transposed_apart,
        lowering.edge_pads,
        lowering.broadcast_products,
        lowering.flat_dense,
        _free_weights,
        _bends,
        lowering.clips,
        _reciprocals,
    )
    return lowering.lowered(graph, rules)


def _free_weights(b: Builder, node: Node) -> str | None:
    """A dense layer whose weights are no constant is a product of two matrices."""
    if not isinstance(node.operation, Dense) or node.inputs[1] in b.constants:
        return None
    made = b.add(MatMul(), *node.inputs[:2])
    return lowering.both(b, "add", made, node.inputs[2]) if len(node.inputs) == 3 else made


def _bends(b: Builder, node: Node) -> str | None:
    """A clip that is an activation."""
    if node.operation not in (Clip(0, 6), Clip(0, np.inf)):
        return None
    return b.add(Activation("relu6" if node.operation == Clip(0, 6) else "relu"), node.inputs[0])


def _reciprocals(b: Builder, node: Node) -> str | None:
    if node.operation != Unary("reciprocal"):
        return None
    return lowering.both(b, "divide", b.constant(np.float32(1)), node.inputs[0])


class _Weights(schema.BufferT):  # type: ignore[misc] # TensorFlow ships no types
    """A buffer that is laid straight into the file's bytes, at a place that is aligned."""

    def __init__(self, laid: Array) -> None:
        super().__init__()
        self._laid = laid

    def Pack(self, builder: Any) -> Any:
        size = self._laid.nbytes
        builder.StartVector(1, size, ALIGNMENT)
        builder.head -= size
        place = np.frombuffer(builder.Bytes, np.uint8, size, builder.head).view(self._laid.dtype)
        place.reshape(self._laid.shape)[...] = self._laid
        data = builder.EndVector()
        schema.BufferStart(builder)
        schema.BufferAddData(builder, data)
        return schema.BufferEnd(builder)


class _File:
    """The one graph of the file. Each constant is there once for every layout that something takes it in."""

    def __init__(self, graph: Graph) -> None:
        self._graph, self._dtypes = graph, dtypes_of(graph)
        self._places: dict[object, int] = {}
        self._codes: dict[int, int] = {}
        self._tensors: list[Any] = []
        # The first one is empty: of all tensors that are worked out.
        self._buffers: list[Any] = [schema.BufferT()]
        self._bytes = 0
        for spec in graph.inputs:
            self._tensor(spec.name, spec.name, spec.shape, spec.dtype)
        self._operators = [self._operator(node) for node in graph.nodes]

    def packed(self) -> memoryview:
        """All of the file. Raises: Unreadable where it would be too large for the format."""
        if self._bytes > MOST_BYTES:
            raise Unreadable(f"weights of {self._bytes / 1e9:.1f} GB; a LiteRT file holds 2")
        builder = flatbuffers.Builder(self._bytes + ALIGNMENT * len(self._buffers) + (1 << 20))
        builder.Finish(self._model().Pack(builder), IDENTIFIER)
        return memoryview(builder.Bytes)[builder.Head() :]

    def _model(self) -> Any:
        graph, model = schema.SubGraphT(), schema.ModelT()
        graph.name, graph.tensors, graph.operators = "main", self._tensors, self._operators
        graph.inputs = [self._places[spec.name] for spec in self._graph.inputs]
        graph.outputs = [self._places[name] for name in self._graph.outputs]
        model.version, model.description = 3, "howfar"
        model.subgraphs, model.buffers, model.signatureDefs = [graph], self._buffers, [self._signature()]
        model.operatorCodes = [_code(builtin) for builtin in self._codes]
        return model

    def _signature(self) -> Any:
        made = schema.SignatureDefT()
        made.signatureKey, made.subgraphIndex = "serving_default", 0
        made.inputs = [self._mapped(spec.name) for spec in self._graph.inputs]
        made.outputs = [self._mapped(name) for name in self._graph.outputs]
        return made

    def _mapped(self, name: str) -> Any:
        made = schema.TensorMapT()
        made.name, made.tensorIndex = name, self._places[name]
        return made

    def _operator(self, node: Node) -> Any:
        written = NODES[type(node.operation)](node, self._graph)
        inputs = [self._taken(name, written) for name in written.inputs]
        constants = [self._constant((node.output, key), np.asarray(it)) for key, it in written.constants.items()]
        made = schema.OperatorT()
        made.inputs = constants + inputs if written.constants_first else inputs + constants
        made.outputs = [
            self._tensor(node.output, node.output, self._graph.shapes[node.output], self._dtypes[node.output])
        ]
        builtin = getattr(schema.BuiltinOperator, written.operator)
        made.opcodeIndex = self._codes.setdefault(builtin, len(self._codes))
        if written.options is not None:
            made.builtinOptionsType = getattr(schema.BuiltinOptions, type(written.options).__name__.removesuffix("T"))
            made.builtinOptions = written.options
        return made

    def _taken(self, name: str, written: Written) -> int:
        """A tensor; or a constant, laid as it is taken."""
        values = self._graph.constants.get(name)
        if values is None:
            return self._places[name]
        axes, shape = written.permuted.get(name), written.shapes.get(name)
        laid = values if axes is None else values.transpose(axes)
        return self._constant((name, axes, shape), laid if shape is None else laid.reshape(shape))

    def _constant(self, key: tuple[object, ...], laid: Array) -> int:
        if key not in self._places:
            self._buffers.append(_Weights(laid))
            self._bytes += laid.nbytes
            name = "/".join(map(str, filter(None, key)))
            self._tensor(key, name, laid.shape, dtype_of(laid), len(self._buffers) - 1)
        return self._places[key]

    def _tensor(self, key: object, name: str, shape: tuple[int, ...], dtype: str, buffer: int = 0) -> int:
        if len(shape) > MOST_AXES:
            raise Unreadable(f"{name}: a tensor of {len(shape)} axes; LiteRT takes {MOST_AXES}")
        made = schema.TensorT()
        made.name, made.shape, made.type, made.buffer, made.hasRank = name, list(shape), TYPES[dtype], buffer, True
        self._places[key] = len(self._tensors)
        self._tensors.append(made)
        return self._places[key]


def _code(builtin: int) -> Any:
    """Of the first version of its operator, which takes all that is written here."""
    made = schema.OperatorCodeT()
    made.deprecatedBuiltinCode, made.builtinCode, made.version = min(builtin, OLD_CODES), builtin, 1
    return made
