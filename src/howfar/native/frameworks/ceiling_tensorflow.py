"""TensorFlow's ceiling: a product of matrices."""

import os
from collections.abc import Mapping

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf

from howfar.native.adapter import Network, cores
from howfar.native.ceilings import Ceilings, matrices, product
from howfar.records import Fact

_side = 0


def open(backend: str, threads: int, switch: str) -> Mapping[str, Fact]:
    count = cores(threads)
    tf.config.threading.set_intra_op_parallelism_threads(count)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.set_visible_devices([], "GPU")
    return {"backend": backend, "kernel": f"tensorflow {tf.__version__} matmul", "threads": count}


def build(network: Network) -> None:
    global _side
    _side = network.model.width


def ceilings() -> Ceilings:
    a, b = map(tf.constant, matrices(_side))
    return product(_side, lambda: tf.linalg.matmul(a, b).numpy())


def dispose() -> None:
    pass
