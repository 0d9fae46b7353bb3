"""Request to source, by what kind of model it is."""

from collections.abc import Mapping
from importlib import import_module

from howfar.sources import kinds, memory
from howfar.sources.request import Request
from howfar.sources.source import Source

# Imported when it is needed: a bad ONNX file is refused before TensorFlow has been loaded, which takes 4 s.
_LOADERS: Mapping[kinds.Kind, tuple[str, str]] = {
    "keras-application": ("keras_application", "load"),
    "keras": ("keras_file", "load"),
    "h5": ("keras_file", "load"),
    "onnx": ("onnx_file", "load"),
    "saved-model": ("saved_model", "load"),
    "tfjs-layers": ("tfjs_file", "load_layers"),
    "tfjs-graph": ("tfjs_file", "load_graph"),
    "tflite": ("tflite_file", "load"),
}


def load(request: Request) -> Source:
    """Raises: UserError where the model can't be read or run, in one line."""
    kind = kinds.kind_of(request.model)
    memory.check(kinds.size_bytes(request.model, kind), request.model)
    module, function = _LOADERS[kind]
    source: Source = getattr(import_module(f"howfar.sources.{module}"), function)(request)
    return source
