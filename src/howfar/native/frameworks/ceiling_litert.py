"""LiteRT's ceiling, as TensorFlow brings it: a TFLite model that is one product of matrices, on XNNPACK."""

import os
from collections.abc import Mapping
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf

from howfar.native.adapter import Network, cores
from howfar.native.ceilings import Ceilings, matrices, product_error
from howfar.records import Fact

_threads = 1
_side = 0


def open(backend: str, threads: int, switch: str) -> Mapping[str, Fact]:
    global _threads
    _threads = cores(threads)
    return {"backend": backend, "kernel": f"tensorflow lite {tf.__version__} XNNPACK", "threads": _threads}


def build(network: Network) -> None:
    global _side
    _side = network.model.width


def ceilings() -> Ceilings:
    a, b = matrices(_side)
    model = tf.lite.Interpreter(model_content=_model(b), num_threads=_threads)
    model.allocate_tensors()
    (entry,), (result,) = model.get_input_details(), model.get_output_details()
    model.set_tensor(entry["index"], a)
    return Ceilings(
        operations={"gemm": lambda _: model.invoke()},
        work={"side": _side, "gemm_flop": 2 * _side**3},
        error=lambda: product_error(_side, _invoked(model, result["index"])),
    )


def _invoked(model: Any, result: int) -> Any:
    model.invoke()
    return model.get_tensor(result)


def _model(b: Any) -> bytes:
    """a -> a b, as a TFLite file."""
    multiply = tf.function(lambda a: tf.linalg.matmul(a, tf.constant(b)))
    traced = multiply.get_concrete_function(tf.TensorSpec([_side, _side], np.float32))
    made: bytes = tf.lite.TFLiteConverter.from_concrete_functions([traced]).convert()
    return made


def dispose() -> None:
    pass
