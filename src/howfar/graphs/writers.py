"""Who writes the neutral graph in which format. Each takes the graph as it was read, and folds it where that serves."""

from collections.abc import Callable, Mapping
from pathlib import Path

from howfar.graphs import to_onnx, to_tfjs_graph, to_tfjs_layers
from howfar.graphs.graph import Graph
from howfar.portfolio import FormName

# Into a folder that is there; returns the names of the files in it. Raises: Unreadable.
Writer = Callable[[Graph, Path], tuple[str, ...]]

WRITERS: Mapping[FormName, Writer] = {
    "onnx": to_onnx.write,
    "tfjs-graph": to_tfjs_graph.write,
    "tfjs-layers": to_tfjs_layers.write,
}
