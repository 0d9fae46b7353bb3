"""A model as it was named: what it takes and gives, how it runs natively, and the graph that it was read into."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from howfar.graphs.graph import Graph, Unreadable
from howfar.handed import TensorSpec
from howfar.portfolio import FormName

Array = NDArray[Any]
# Inputs in the model's order to outputs in its order.
Run = Callable[[Sequence[Array]], list[Array]]
# Writes the model's files into a folder; their names.
Write = Callable[[Path], tuple[str, ...]]


@dataclass(frozen=True)
class Source:
    """`run`: the source's own native run, which says what is right. `unreadable`: why there is no graph.

    `own`: formats that the source writes itself, better than its graph would. `runtime`: what `run` runs in.
    `images`: names of inputs that the model itself brings from 0..255 to its range.
    """

    words: str
    runtime: str
    inputs: tuple[TensorSpec, ...]
    run: Run
    output_names: tuple[str, ...]
    graph: Graph | None = None
    unreadable: str = ""
    own: Mapping[FormName, Write] = field(default_factory=dict)
    images: frozenset[str] = frozenset()
    weights: str = "of the file"
    parameters: int | None = None
    trainable_parameters: int | None = None


def graph_of(read: Callable[[], Graph]) -> tuple[Graph | None, str]:
    """The graph, or why there is none."""
    try:
        return read(), ""
    except Unreadable as error:
        return None, str(error)
