"""ONNX files into the neutral graph. A file is data: nothing in it is run, and no file outside its folder is read.

What does not depend on the inputs (shapes, mostly) is worked out by ONNX's own reference implementation in NumPy.
Inputs and outputs are those of the file, in its shapes: images stay channels first at both ends.
"""

from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from onnx import helper
from onnx.reference import ReferenceEvaluator

from howfar.graphs import from_onnx_elementwise, from_onnx_images, from_onnx_products, from_onnx_shaping
from howfar.graphs.drafting import DTYPES, HELD, Array, Draft, Operand, Tensor
from howfar.graphs.from_onnx_file import Weights, attributes, load, opset, taken
from howfar.graphs.graph import Graph, Unreadable
from howfar.graphs.reading import Handler, Step, apply, refuse_stray, spec_of
from howfar.handed import TensorSpec
from howfar.layers import Shape
from howfar.records import DType

HANDLERS: Mapping[str, Handler] = {
    **from_onnx_elementwise.HANDLERS,
    **from_onnx_images.HANDLERS,
    **from_onnx_products.HANDLERS,
    **from_onnx_shaping.HANDLERS,
}

# Of a constant that a file makes out of a few bytes: more is no shape, and would fill the memory.
MADE_LIMIT = 2**28


def read(path: Path, shapes: Mapping[str, Shape]) -> Graph:
    """The model, with inputs of the `shapes` by their names; those that the file fixes need none. Real numbers of every
    precision are read as float32.

    Raises: UserError where the file is broken or points outside its folder; Unreadable where the graph cannot hold it.
    """
    model = load(path)
    weights = Weights(path)
    stored = {each.name for each in model.graph.initializer}
    declared = {each.name: each for each in model.graph.input if each.name not in stored}
    refuse_stray(shapes, list(declared))
    inputs = [_input(each, shapes) for each in declared.values()]
    walk = _Walk(Draft(inputs), weights, opset(model))
    walk.run(model.graph)
    return walk.draft.finish([walk.value(each.name) for each in model.graph.output])


def _input(declared: Any, shapes: Mapping[str, Shape]) -> TensorSpec:
    kind = declared.type.tensor_type
    if not declared.type.HasField("tensor_type") or not kind.HasField("shape"):
        if declared.name not in shapes:
            raise Unreadable(f"input {declared.name} is no tensor, or of no known rank: say its shape")
        return TensorSpec(declared.name, tuple(shapes[declared.name]), _dtype(kind.elem_type, declared.name))
    lengths = [each.dim_value if each.WhichOneof("value") == "dim_value" else None for each in kind.shape.dim]
    return spec_of(declared.name, lengths, _dtype(kind.elem_type, declared.name), shapes)


def _dtype(number: int, name: str) -> DType:
    try:
        found = np.dtype(helper.tensor_dtype_to_np_dtype(number)).name
    except KeyError:
        found = "unknown"
    found = np.dtype(HELD[found]).name if found in HELD else found
    if found not in DTYPES:
        raise Unreadable(f"input {name} is of type {found}")
    return DTYPES[found]


class _Walk:
    """The values known so far, while the nodes are gone through in order."""

    def __init__(self, draft: Draft, weights: Weights, version: int) -> None:
        self.draft, self.weights, self.version = draft, weights, version
        self.values: dict[str, Operand] = dict(draft.inputs)

    def value(self, name: str) -> Operand:
        if name not in self.values:
            raise Unreadable(f"nothing makes the tensor {name}")
        return self.values[name]

    def run(self, graph: Any) -> None:
        for tensor in graph.initializer:
            self.values[tensor.name] = self.weights.array(tensor)
        if graph.sparse_initializer:
            raise Unreadable("sparse weights")
        used = taken(graph.node) | {each.name for each in graph.output}
        for node in graph.node:
            made = self._made(node, tuple(name in used for name in node.output))
            self.values.update(zip(node.output, made, strict=False))

    def _made(self, node: Any, wanted: tuple[bool, ...]) -> Sequence[Operand]:
        if node.domain not in ("", "ai.onnx"):
            raise Unreadable(f"operator {node.domain}.{node.op_type} ({node.name}) is not one of ONNX's own")
        inputs = [self.value(name) if name else None for name in node.input]
        found = attributes(node, self.weights)
        if node.op_type == "Constant":
            return [_constant(found)]
        if node.op_type in ("Shape", "Size"):
            return [_measured(node.op_type, self.draft.shape(self.value(node.input[0])), found)]
        if node.op_type == "If":
            return self._branch(node, inputs[0], found)
        if all(not isinstance(each, Tensor) for each in inputs):
            return _worked_out(node, inputs, self.version)
        return apply(HANDLERS, self.draft, Step(node.op_type, node.name, inputs, found, wanted, self.version))

    def _branch(self, node: Any, condition: Operand | None, found: Mapping[str, Any]) -> Sequence[Operand]:
        """The branch that a constant condition takes."""
        if condition is None or isinstance(condition, Tensor):
            raise Unreadable(f"operator If ({node.name}): a condition that depends on the inputs")
        branch = found["then_branch" if condition.reshape(-1)[0] else "else_branch"]
        before = dict(self.values)
        self.run(branch)
        made = [self.value(each.name) for each in branch.output]
        self.values = before
        return made


def _constant(found: Mapping[str, Any]) -> Array:
    (name, value) = next(iter(found.items()))
    kinds = {"value_float": np.float32, "value_floats": np.float32, "value_int": np.int64, "value_ints": np.int64}
    if name != "value" and name not in kinds:
        raise Unreadable(f"operator Constant: {name}")
    return np.asarray(value) if name == "value" else np.asarray(value, kinds[name])


def _measured(kind: str, shape: Shape, found: Mapping[str, Any]) -> Array:
    if kind == "Size":
        return np.array(prod(shape), np.int64)
    return np.array(shape[found.get("start", 0) : found.get("end", len(shape))], np.int64)


def _worked_out(node: Any, inputs: Sequence[Operand | None], version: int) -> Sequence[Operand]:
    """What a node makes of constants."""
    where = f"operator {node.op_type} ({node.name})"
    arrays = [np.asarray(each) for each in inputs if each is not None]
    _refuse_large(node.op_type, arrays, where)
    if any(each.g.node or each.t.external_data for each in node.attribute):
        raise Unreadable(f"{where}: a constant made by a graph, or from another file")
    names = [name for name in node.input if name]
    try:
        made = ReferenceEvaluator(node, opsets={"": version}).run(None, dict(zip(names, arrays, strict=True)))
    except Exception as error:  # whatever NumPy or the reference says of such numbers
        raise Unreadable(f"{where} on constants: {error}") from error
    return [np.asarray(each) for each in made]


def _refuse_large(kind: str, arrays: Sequence[Array], where: str) -> None:
    size = 0.0
    if kind in ("ConstantOfShape", "Expand") and arrays:
        size = float(np.prod(arrays[-1].astype(float)))
    if kind == "Tile":
        size = arrays[0].size * float(np.prod(arrays[1].astype(float)))
    if kind == "Range":
        start, end, step = (float(each.reshape(())) for each in arrays)
        size = abs(end - start) / max(abs(step), 1e-30)
    if size > MADE_LIMIT:
        raise Unreadable(f"{where}: a constant of {size:.3g} numbers")
