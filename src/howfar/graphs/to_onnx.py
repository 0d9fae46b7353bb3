"""ONNX: `model.onnx`, which takes and gives what the neutral graph does; inside images have their channels first."""

from pathlib import Path
from typing import Any

from howfar.errors import Unavailable
from howfar.graphs import lowering, onnx_nodes, onnx_products
from howfar.graphs.building import dtypes_of
from howfar.graphs.folding import drop_dead, fold
from howfar.graphs.graph import Graph, LayerNorm
from howfar.graphs.lowering import lower
from howfar.graphs.onnx_file import write_file
from howfar.graphs.onnx_layouts import Onnx
from howfar.layers import Shape

FILE = "model.onnx"
# Old enough for every runtime since 2021, WebGL's too; a layer's normalisation came with 17.
OPSET, NEWER_OPSET = 13, 17
IR_VERSION = 8
NODES = {**onnx_nodes.NODES, **onnx_products.NODES}
# What that opset lacks, or what ONNX Runtime Web's WebGL does where simple operators do the same.
RULES = (
    lowering.activations("gelu", "gelu_tanh", "hard_sigmoid", "hard_silu", "mish", "silu", "softsign"),
    lowering.broadcast_products,
)


def write(graph: Graph, folder: Path) -> tuple[str, ...]:
    """Returns the file's name. Raises: Unreadable where it would be more than 2 GiB; Unavailable without the package
    onnx."""
    try:
        from onnx import TensorProto, helper  # noqa: PLC0415 - 0.3 s, and an extra
    except ImportError:
        mend = "install it with: pip install onnx"
        raise Unavailable("ONNX files are written with the Python package onnx, which is not here", mend=mend) from None
    ready = drop_dead(lower(fold(graph, activations=()), RULES))
    o = Onnx(ready, helper)
    for node in ready.nodes:
        NODES[type(node.operation)](o, node)
    for name in ready.outputs:
        o.take(name)
    types = {name: getattr(TensorProto, onnx_nodes.TYPES[dtype]) for name, dtype in dtypes_of(ready).items()}

    def described(name: str, shape: Shape) -> Any:
        return helper.make_tensor_value_info(name, types[name], shape)

    inputs = [described(spec.name, spec.shape) for spec in ready.inputs]
    outputs = [described(name, ready.shapes[name]) for name in ready.outputs]
    newer = any(isinstance(node.operation, LayerNorm) for node in ready.nodes)
    opset = helper.make_opsetid("", NEWER_OPSET if newer else OPSET)
    made = helper.make_graph(o.nodes, "model", inputs, outputs)
    model = helper.make_model(made, opset_imports=[opset], ir_version=IR_VERSION, producer_name="howfar")
    write_file(folder / FILE, model, o.weights)
    return (FILE,)
