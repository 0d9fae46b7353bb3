"""An ONNX file as a source: ONNX Runtime says what is right."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from howfar.graphs import from_onnx
from howfar.graphs.graph import Unreadable
from howfar.handed import TensorSpec
from howfar.sources import natively, onnx_data
from howfar.sources.foreign import calling
from howfar.sources.request import Request
from howfar.sources.shapes import Declared, fixed
from howfar.sources.source import Source, graph_of

TYPES = {"float": "float32", "double": "float64"}
MODEL = "model.onnx"


def load(request: Request) -> Source:
    """Raises: UserError where it is broken, hostile, of open shape, or ONNX Runtime lacks an operator."""
    path = Path(request.model)
    onnx_data.external_files(path)
    with calling("ONNX Runtime", path):
        session = natively.onnx_session(path)
    inputs = fixed([_declared(one) for one in session.get_inputs()], request)
    with calling("howfar's reader", path):
        graph, unreadable = graph_of(lambda: from_onnx.read(path, {spec.name: spec.shape for spec in inputs}))
    return Source(
        words=f"ONNX file {path.name}",
        runtime="ONNX Runtime",
        inputs=inputs,
        run=natively.run_onnx(session),
        output_names=tuple(one.name for one in session.get_outputs()),
        graph=graph,
        unreadable=unreadable,
        own={"onnx": lambda folder: _write(path, inputs, folder)},
    )


def _declared(one: Any) -> Declared:
    kind = one.type.removeprefix("tensor(").removesuffix(")")
    shape = tuple(length if isinstance(length, int) and length > 0 else None for length in one.shape)
    return Declared(one.name, shape, TYPES.get(kind, kind))


def _write(path: Path, inputs: Sequence[TensorSpec], folder: Path) -> tuple[str, ...]:
    """The file as it is where nothing is open and all is in it; else one file with fixed lengths."""
    model = onnx_data.proto(path)
    external = onnx_data.external_files(path)
    if not external and _fix(model, inputs) == 0:
        shutil.copyfile(path, folder / MODEL)
    else:
        _write_whole(model, external, path, folder)
    return (MODEL,)


def _fix(model: Any, inputs: Sequence[TensorSpec]) -> int:
    """Sets the lengths of a ModelProto's inputs; how many were open."""
    shapes, opened = {spec.name: spec.shape for spec in inputs}, 0
    for value in model.graph.input:
        for dimension, length in zip(value.type.tensor_type.shape.dim, shapes.get(value.name, ()), strict=False):
            opened += dimension.dim_value != length
            dimension.dim_value = length
    return opened


def _write_whole(model: Any, external: Sequence[Path], path: Path, folder: Path) -> None:
    import onnx  # noqa: PLC0415

    if (size_bytes := sum(one.stat().st_size for one in (path, *external))) > onnx_data.MAX_BYTES:
        raise Unreadable(f"its {size_bytes / 1e9:.1f} GB are more than one ONNX file holds")
    if external:
        onnx.load_external_data_for_model(model, str(path.parent))
    # The lengths of what lies between follow from the inputs'.
    del model.graph.value_info[:]
    onnx.save(model, str(folder / MODEL))
