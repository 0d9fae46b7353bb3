"""A graph that holds loops as a LiteRT file, by TensorFlow's own converter: recurrent layers. Their steps in a row
would have the recurrent weights once per step in what runs it."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

from howfar.graphs import to_saved_model
from howfar.graphs.graph import Graph, Unreadable

FILE = "model.tflite"


def write(graph: Graph, folder: Path) -> tuple[str, ...]:
    """Returns the name of the one file.

    Raises: Unreadable where LiteRT has not what the graph holds, with the converter's reason.
    """
    with TemporaryDirectory(dir=folder) as saved:
        to_saved_model.write(graph, Path(saved))
        contents = bytearray(_converted(Path(saved)))
    _order(contents, graph.outputs)
    (folder / FILE).write_bytes(contents)
    return (FILE,)


def _order(contents: bytearray, outputs: Sequence[str]) -> None:
    """The outputs as the graph has them: the converter has an order of its own, and tells in the signature which is
    which."""
    model = schema.Model.GetRootAs(contents, 0)
    signature = model.SignatureDefs(0)
    named = [signature.Outputs(place) for place in range(signature.OutputsLength())]
    places = {one.Name().decode(): one.TensorIndex() for one in named}
    model.Subgraphs(0).OutputsAsNumpy()[:] = [places[name] for name in outputs]


def _converted(saved: Path) -> bytes:
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved))
    # The converter would unpack and pack the whole file in Python, to find weights that are there twice, and there is
    # no option against it. With what `write` does, a model of 244 MB takes 1030 MB at most instead of 1540.
    converter._optimize_tflite_model = _unchanged
    try:
        return bytes(converter.convert())
    except Exception as error:  # whatever the converter says: it raises a class of its own
        raise Unreadable(f"LiteRT's converter: {_reason(str(error))}") from error


def _unchanged(model: bytes, *_: Any, **__: Any) -> bytes:
    return model


def _reason(said: str) -> str:
    """The line that names the operator."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return next((line for line in lines if "op is neither" in line or "Ops:" in line), lines[0] if lines else "")[:300]
