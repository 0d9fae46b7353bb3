"""Request to source, by what kind of model it is."""

from collections.abc import Callable, Mapping
from pathlib import Path

from howfar.sources import (
    keras_application,
    keras_file,
    kinds,
    memory,
    onnx_file,
    saved_model,
    tfjs_file,
    tflite_file,
)
from howfar.sources.keras_source import source_of
from howfar.sources.request import Request
from howfar.sources.source import Source


def load(request: Request) -> Source:
    """Raises: UserError where the model can't be read or run, in one line."""
    kind = kinds.kind_of(request.model)
    memory.check(kinds.size_bytes(request.model, kind), request.model)
    return _LOADERS[kind](request)


def _keras(request: Request) -> Source:
    path = Path(request.model)
    return source_of(keras_file.load(path), request, f"Keras file {path.name}")


_LOADERS: Mapping[kinds.Kind, Callable[[Request], Source]] = {
    "keras-application": keras_application.load,
    "keras": _keras,
    "h5": _keras,
    "onnx": onnx_file.load,
    "saved-model": saved_model.load,
    "tfjs-layers": tfjs_file.load_layers,
    "tfjs-graph": tfjs_file.load_graph,
    "tflite": tflite_file.load,
}
