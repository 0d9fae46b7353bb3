"""Who writes the neutral graph in which format. Each takes the graph as it was read, and folds it where that serves."""

from collections.abc import Callable, Mapping
from pathlib import Path

from howfar.graphs import to_onnx, to_tfjs_graph, to_tfjs_layers
from howfar.graphs.graph import Graph
from howfar.graphs.ordering import in_order
from howfar.portfolio import FormName

# Into a folder that is there; returns the names of the files in it. Raises: Unreadable.
Writer = Callable[[Graph, Path], tuple[str, ...]]


def _saved_model(graph: Graph, folder: Path) -> tuple[str, ...]:
    from howfar.graphs import to_saved_model  # noqa: PLC0415  (loads TensorFlow)

    return to_saved_model.write(in_order(graph), folder)


def _tflite(graph: Graph, folder: Path) -> tuple[str, ...]:
    from howfar.graphs import to_tflite  # noqa: PLC0415

    return to_tflite.write(graph, folder)


WRITERS: Mapping[FormName, Writer] = {
    "onnx": to_onnx.write,
    "tfjs-graph": to_tfjs_graph.write,
    "tfjs-layers": to_tfjs_layers.write,
    "saved-model": _saved_model,
    "tflite": _tflite,
}
