"""Figure 3: the time of the first inference, in which shaders and kernels are compiled.

The paper asked it of GPU back ends only. But WebAssembly is compiled too, a plain-JS framework may write code for its
network, and any JS runs its first turn before the browser's compiler has seen it: here every target is asked.
"""

from collections.abc import Iterable

import polars as pl

from howfar import tables
from howfar.measured import contestant, measure
from howfar.outcomes import Results
from howfar.plotted import Spec
from howfar.records import Cell
from howfar.study import Study

TITLE = "Warm-up time"
PAPER = "Figure 3 (GPU back ends only)"
QUESTION = "How long does the first inference take, beside those that follow?"
METRIC = "first_ms"
NOTES = {"first_is_warm": "Compiled before, while the model was loaded: this first inference is not its first"}


def cells(study: Study) -> Iterable[Cell]:
    """Inference with every model by every target."""
    return study.cells("inference")


def table(results: Results) -> pl.DataFrame:
    """Milliseconds of the first inference, and the latency of the steady ones beside it."""
    return tables.table(measure(results, _inference, ("first", "latency")))


def chart(table: pl.DataFrame) -> Spec:
    """The first inference over width, a panel per depth, joined to the steady latency below it."""
    from howfar import drawing

    return drawing.times(table, METRIC, "ms, first inference", beside="latency_ms")


def _inference(cell: Cell) -> bool:
    return contestant(cell) and cell.workload == "inference"
