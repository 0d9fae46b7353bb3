"""TensorFlow.js's files as sources: a layers model runs natively as the Keras model that it is, a graph model as the
TensorFlow graph that it is."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from howfar.graphs import from_tensorflow, from_tfjs_layers, tfjs_files
from howfar.sources import tfjs_running
from howfar.sources.foreign import calling
from howfar.sources.keras_source import source_of
from howfar.sources.kinds import inside
from howfar.sources.request import Request
from howfar.sources.shapes import Declared, fixed
from howfar.sources.source import Source, graph_of
from howfar.sources.tfjs_running import Input

MODEL, WEIGHTS = "model.json", "weights.bin"


def load_layers(request: Request) -> Source:
    """Raises: UserError where it is broken, or has a layer that Keras lacks."""
    path = _model_json(request)
    with calling("howfar's reader", path):
        model = from_tfjs_layers.read(path)
    source = source_of(model, request, f"TensorFlow.js layers model {path.parent.name}")
    return replace(source, own={"tfjs-layers": lambda folder: _write(path, folder)})


def load_graph(request: Request) -> Source:
    """Raises: UserError where it is broken, or has an operator that nothing here runs."""
    path = _model_json(request)
    with calling("howfar's reader", path):
        described = tfjs_files.description(path)
        tfjs_running.check(described, path)
        signed = tfjs_running.signed(described)
        inputs = fixed([_declared(one) for one in signed.inputs], request)
        shapes = {spec.name: spec.shape for spec in inputs}
        graph, unreadable = graph_of(lambda: from_tensorflow.read_graph_model(path, shapes))
    with calling("TensorFlow", path):
        runtime, run = tfjs_running.runner(path, described, signed, graph)
    return Source(
        words=f"TensorFlow.js graph model {path.parent.name}",
        runtime=runtime,
        inputs=inputs,
        run=run,
        output_names=signed.outputs,
        graph=graph,
        unreadable=unreadable,
        own={"tfjs-graph": lambda folder: _write(path, folder)},
    )


def _model_json(request: Request) -> Path:
    path = Path(request.model)
    return path / MODEL if path.is_dir() else path


def _declared(placeholder: Input) -> Declared:
    return Declared(placeholder.name, placeholder.shape, placeholder.dtype)


def _write(path: Path, folder: Path) -> tuple[str, ...]:
    """The description as it is, its shards in a row as one: TensorFlow.js hangs at seven that may not be kept."""
    said: dict[str, Any] = json.loads(path.read_bytes())
    with (folder / WEIGHTS).open("wb") as file:
        for group in said["weightsManifest"]:
            for name in group["paths"]:
                with inside(path.parent, name, path).open("rb") as shard:
                    shutil.copyfileobj(shard, file, 1 << 20)
    said["weightsManifest"] = _joined(said["weightsManifest"])
    (folder / MODEL).write_text(json.dumps(said, separators=(",", ":")), "utf-8")
    return MODEL, WEIGHTS


def _joined(manifest: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [{"paths": [WEIGHTS], "weights": [weight for group in manifest for weight in group["weights"]]}]
