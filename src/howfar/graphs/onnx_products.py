"""ONNX: the operations that have weights, or go over windows. All attributes are written, since some runtimes in the
browser know no defaults."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from howfar.graphs.building import Array
from howfar.graphs.graph import Convolution, Dense, Gru, LayerNorm, Lstm, MatMul, Node, Pool, TransposedConvolution
from howfar.graphs.onnx_layouts import Onnx


def _pads(operation: Any) -> list[int]:
    """Before along height and width, then after."""
    return [*(before for before, _ in operation.margins), *(after for _, after in operation.margins)]


def _kernel(o: Onnx, name: str) -> str:
    """(height, width, inner, filters) as (filters, inner, height, width), or channels first of all."""
    return o.weight(f"{name}.kernel", o.graph.constants[name].transpose(3, 2, 0, 1))


def _convolution(o: Onnx, node: Node) -> None:
    operation: Any = node.operation
    x, kernel, *biases = node.inputs
    attributes = {
        "kernel_shape": list(o.shapes[kernel][:2]),
        "strides": list(operation.strides),
        "pads": _pads(operation),
        "dilations": list(getattr(operation, "dilations", (1, 1))),
        "group": getattr(operation, "groups", 1),
    }
    kind = "Conv" if isinstance(operation, Convolution) else "ConvTranspose"
    given = [o.take(x, "first"), _kernel(o, kernel), *map(o.constant, biases)]
    o.give(kind, given, node.output, "first", **attributes)


def _pool(o: Onnx, node: Node) -> None:
    pool: Any = node.operation
    attributes = {"kernel_shape": list(pool.size), "strides": list(pool.strides), "pads": _pads(pool), "ceil_mode": 0}
    if pool.kind == "max":
        kind, own = "MaxPool", {"dilations": [1, 1], "storage_order": 0}
    else:
        kind, own = "AveragePool", {"count_include_pad": int(pool.margin_counts)}
    o.give(kind, [o.take(node.inputs[0], "first")], node.output, "first", **attributes, **own)


def _dense(o: Onnx, node: Node) -> None:
    x, weights, *biases = node.inputs
    rank = len(o.shapes[x])
    if rank == 4 and not o.held(x, "last"):
        _as_convolution(o, node)
        return
    given = [o.take(x), _following(o, x, weights)]
    if rank == 2 and biases:
        sides: dict[str, Any] = {"alpha": 1.0, "beta": 1.0, "transA": 0, "transB": 0}
        o.give("Gemm", [*given, o.constant(biases[0])], node.output, **sides)
    elif biases:
        product = o.node("MatMul", given, f"{node.output}.product")
        o.give("Add", [product, o.constant(biases[0])], node.output)
    else:
        o.give("MatMul", given, node.output)


def _as_convolution(o: Onnx, node: Node) -> None:
    """A dense layer at every pixel of an image that is there channels first only."""
    x, weights, *biases = node.inputs
    kernel = o.weight(f"{weights}.kernel", o.graph.constants[weights].T[:, :, None, None])
    attributes = {"kernel_shape": [1, 1], "strides": [1, 1], "pads": [0] * 4, "dilations": [1, 1], "group": 1}
    o.give("Conv", [o.take(x, "first"), kernel, *map(o.constant, biases)], node.output, "first", **attributes)


def _following(o: Onnx, x: str, name: str) -> str:
    """The weights, for a row that was an image channels first in their order."""
    if x not in o.rows:
        return o.take(name)
    weights, image = o.graph.constants[name], o.rows[x]

    def turned() -> Array:
        by_pixel = weights.reshape(*image, weights.shape[1]).transpose(2, 0, 1, 3)
        return by_pixel.reshape(weights.shape)

    return o.made_weight(f"{name}.turned", weights.shape, turned)


def _matmul(o: Onnx, node: Node) -> None:
    operation: Any = node.operation
    turned = (operation.transpose_a, operation.transpose_b)
    given = [_turned(o, name) if turn else o.take(name) for name, turn in zip(node.inputs, turned, strict=True)]
    o.give("MatMul", given, node.output)


def _turned(o: Onnx, name: str) -> str:
    """With the last two axes the other way round."""
    if name in o.graph.constants:
        return o.weight(f"{name}.turned", o.graph.constants[name].swapaxes(-1, -2))
    rank = len(o.shapes[name])
    made = f"{name}.turned{len(o.nodes)}"
    return o.node("Transpose", [o.take(name)], made, perm=[*range(rank - 2), rank - 1, rank - 2])


def _layer_norm(o: Onnx, node: Node) -> None:
    operation: Any = node.operation
    epsilon: float = operation.epsilon
    given = [o.take(name) for name in node.inputs]
    o.give("LayerNormalization", given, node.output, axis=-1, epsilon=epsilon, stash_type=1)


def _by_gate(values: Array, order: tuple[int, ...]) -> Array:
    """The gates along the last axis in another order."""
    gates = np.split(values, len(order), axis=-1)
    return np.concatenate([gates[place] for place in order], axis=-1)


def _recurrent(o: Onnx, node: Node) -> None:
    """ONNX has the steps first, then the directions; an LSTM's gates are input, output, forget, cell, and there are
    biases of the inputs and of the state."""
    operation: Any = node.operation
    x, *names = node.inputs
    weights, recurrent, biases = (o.graph.constants[name] for name in names)
    is_lstm = isinstance(operation, Lstm)
    order = (0, 3, 1, 2) if is_lstm else (0, 1, 2)
    both = np.concatenate([biases, np.zeros_like(biases)]).reshape(2, -1) if is_lstm else biases
    given = [
        o.node("Transpose", [o.take(x)], f"{node.output}.steps", perm=[1, 0, 2]),
        o.weight(f"{node.output}.weights", _by_gate(weights, order).T[None]),
        o.weight(f"{node.output}.recurrent", _by_gate(recurrent, order).T[None]),
        o.weight(f"{node.output}.biases", _by_gate(both, order).reshape(1, -1)),
    ]
    attributes: dict[str, Any] = {"direction": "reverse" if operation.backwards else "forward"}
    attributes |= {"hidden_size": operation.units} | ({} if is_lstm else {"linear_before_reset": 1})
    made = f"{node.output}.all"
    o.node("LSTM" if is_lstm else "GRU", given, made, f"{node.output}.end", **attributes)
    if operation.sequences:
        made = o.node("Transpose", [made], f"{node.output}.samples", perm=[2, 0, 1, 3])
    shape = o.integers(o.shapes[node.output])
    o.give("Reshape", [made if operation.sequences else f"{node.output}.end", shape], node.output)


NODES: Mapping[type, Callable[[Onnx, Node], None]] = {
    Convolution: _convolution,
    TransposedConvolution: _convolution,
    Pool: _pool,
    Dense: _dense,
    MatMul: _matmul,
    LayerNorm: _layer_norm,
    Lstm: _recurrent,
    Gru: _recurrent,
}
