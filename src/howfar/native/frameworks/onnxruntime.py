"""ONNX Runtime, float32: inference only, a session over an ONNX file of the network."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from howfar.handed import TensorSpec
from howfar.layers import Layer, shape_in
from howfar.native.adapter import Floats, Network, Unsupported, cores
from howfar.records import Fact

PROVIDERS = {"cpu": "CPUExecutionProvider", "gpu": "CUDAExecutionProvider"}
# In float32 on a GPU too: docs/method.md, "What is done".
PROVIDER_OPTIONS = {"CUDAExecutionProvider": {"use_tf32": "0"}}

_options: Any = None
_provider = ""
_layers: tuple[Layer, ...] = ()
_session: Any = None
_names: Sequence[str] = ()


def open(backend: str, threads: int, switch: str) -> Mapping[str, Fact]:
    global _options, _provider
    _provider = PROVIDERS[backend]
    if _provider not in onnxruntime.get_available_providers():
        raise Unsupported(f"this ONNX Runtime has no {_provider}")
    _options = onnxruntime.SessionOptions()
    _options.intra_op_num_threads = cores(threads)
    _options.inter_op_num_threads = 1
    return {"backend": backend, "dtype": "float32", "threads": cores(threads)}


def load(network: Network, files: Mapping[str, bytes]) -> None:
    global _layers, _session
    _layers = tuple(network.layers)
    _session = _opened(files["model.onnx"])


def _opened(model: bytes | Path) -> Any:
    """A session on the provider that was asked for: where that can't start, it would go on with another."""
    provider = (_provider, PROVIDER_OPTIONS.get(_provider, {}))
    session = onnxruntime.InferenceSession(model, _options, providers=[provider])
    if session.get_providers()[0] != _provider:
        raise Unsupported(f"{_provider} does not start here")
    return session


def load_graph(files: Mapping[str, Path], _inputs: Sequence[TensorSpec]) -> Mapping[str, Fact]:
    global _session, _names
    _session = _opened(files["model.onnx"])
    _names = [one.name for one in _session.get_inputs()]
    return {}


def run(tensors: Sequence[NDArray[np.generic]]) -> Sequence[NDArray[np.generic]]:
    outputs: Sequence[NDArray[np.generic]] = _session.run(None, dict(zip(_names, tensors, strict=True)))
    return outputs


def predict(sample: Floats) -> Floats:
    outputs: Floats = predict_batch(sample[None])[0]
    return outputs


def predict_batch(samples: Floats) -> Floats:
    outputs: Floats = _session.run(None, {"input": samples.reshape(len(samples), *shape_in(_layers[0]))})[0]
    return outputs


def dispose() -> None:
    global _session
    _session = None
