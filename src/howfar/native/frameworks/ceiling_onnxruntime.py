"""ONNX Runtime's ceiling: a model that is one product of matrices."""

from collections.abc import Mapping

import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from howfar.native.adapter import Network, cores
from howfar.native.ceilings import Ceilings, matrices, product
from howfar.records import Fact

_threads = 1
_side = 0


def open(backend: str, threads: int, switch: str) -> Mapping[str, Fact]:
    global _threads
    _threads = cores(threads)
    return {"backend": backend, "kernel": f"onnxruntime {onnxruntime.__version__} MatMul", "threads": _threads}


def build(network: Network) -> None:
    global _side
    _side = network.model.width


def ceilings() -> Ceilings:
    a, b = matrices(_side)
    entry, result = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [_side, _side]) for name in ("a", "c"))
    node = helper.make_node("MatMul", ["a", "b"], ["c"])
    graph = helper.make_graph([node], "product", [entry], [result], [numpy_helper.from_array(b, "b")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = _threads, 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
    return product(_side, lambda: session.run(None, {"a": a})[0])


def dispose() -> None:
    pass
