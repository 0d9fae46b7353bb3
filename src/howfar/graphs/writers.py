"""Who writes the neutral graph in which format. Each takes the graph as it was read, and folds it where that serves."""

from collections.abc import Callable, Mapping
from pathlib import Path

from howfar.graphs import to_onnx, to_tfjs_graph, to_tfjs_layers
from howfar.graphs.building import dtypes_of
from howfar.graphs.graph import Activation, Clip, Graph, Unary, Unreadable
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


def _of_floats(write: Writer) -> Writer:
    """Formats differ in which functions they have of whole numbers, and bounds and constants are written as floats."""

    def written(graph: Graph, folder: Path) -> tuple[str, ...]:
        dtypes = dtypes_of(graph)
        for node in graph.nodes:
            if isinstance(node.operation, Activation | Clip | Unary) and dtypes[node.inputs[0]] != "float32":
                kind = getattr(node.operation, "kind", "clip")
                raise Unreadable(f"{node.output}: {kind} of {dtypes[node.inputs[0]]}; howfar writes it of float32")
        return write(graph, folder)

    return written


WRITERS: Mapping[FormName, Writer] = {
    "onnx": _of_floats(to_onnx.write),
    "tfjs-graph": _of_floats(to_tfjs_graph.write),
    "tfjs-layers": _of_floats(to_tfjs_layers.write),
    "saved-model": _of_floats(_saved_model),
    "tflite": _of_floats(_tflite),
}
