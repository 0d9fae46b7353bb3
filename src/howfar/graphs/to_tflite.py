"""The neutral graph as a LiteRT (TensorFlow Lite) file, by TensorFlow's own converter: float32, nothing quantised."""

import logging
from pathlib import Path
from typing import Any

import tensorflow as tf

from howfar.graphs.graph import Graph, Unreadable
from howfar.graphs.to_saved_model import Module

FILE = "model.tflite"


def write(graph: Graph, folder: Path) -> tuple[str, ...]:
    """Returns the name of the one file.

    Raises: Unreadable where LiteRT has not what the graph holds, with the converter's reason.
    """
    module = Module(graph)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.function.get_concrete_function()], module)
    (folder / FILE).write_bytes(_converted(converter))
    return (FILE,)


def _converted(converter: Any) -> bytes:
    logging.getLogger("absl").setLevel(logging.ERROR)  # it warns of what it is about to do
    try:
        return bytes(converter.convert())
    except Exception as error:  # whatever the converter says; it raises a class of its own
        reason = next((line for line in str(error).splitlines() if "op " in line or "error:" in line), str(error))
        raise Unreadable(f"LiteRT's converter: {reason.strip()[:300]}") from error
