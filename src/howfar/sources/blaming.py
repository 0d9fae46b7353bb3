"""Which operator a form gets wrong: the first, in the graph's order, that two native runtimes disagree about."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from howfar.graphs.graph import Graph
from howfar.graphs.writers import WRITERS
from howfar.handed import TensorSpec
from howfar.portfolio import FormName
from howfar.sources import checking, natively
from howfar.sources.foreign import first_line
from howfar.sources.source import Array, Source


def why(form: FormName, source: Source, samples: Sequence[Sequence[Array]], error: float) -> str:
    """One line on a form whose outputs are off by `error`."""
    said = f"its outputs are off by {error:.1g} of their scale against {source.runtime}'s"
    if source.graph is None or form in source.own:
        return said
    try:
        return f"{said}: {_culprit(form, source.graph, source.inputs, samples[:1])}"
    except Exception as refusal:  # a runtime's own, of a graph that it was never meant to run
        return f"{said}; the operator was not found: {first_line(refusal)}"


def _culprit(form: FormName, graph: Graph, inputs: Sequence[TensorSpec], samples: Sequence[Sequence[Array]]) -> str:
    opened = replace(graph, outputs=tuple(node.output for node in graph.nodes))
    other: FormName = "saved-model" if form == "onnx" else "onnx"
    (ours,), (theirs,) = (_run(one, opened, inputs, samples) for one in (form, other))
    for node, a, b in zip(graph.nodes, ours, theirs, strict=True):
        if checking.relative_error([[a]], [[b]]) > checking.FAULTY:
            return f"{type(node.operation).__name__} {node.output!r} is the first operator that it has otherwise"
    return "all operators agree in two runtimes, so the source has one that howfar reads otherwise"


def _run(
    form: FormName, graph: Graph, inputs: Sequence[TensorSpec], samples: Sequence[Sequence[Array]]
) -> list[list[Array]]:
    with tempfile.TemporaryDirectory() as folder:
        WRITERS[form](graph, Path(folder))
        return natively.run(form, Path(folder), inputs, samples)
