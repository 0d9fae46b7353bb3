"""Figure 3: the time of the first inference, in which shaders and kernels are compiled."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import polars as pl

from howfar import tables
from howfar.measured import contestant, measure
from howfar.outcomes import Results
from howfar.records import Cell, Study

if TYPE_CHECKING:
    from altair.typing import ChartType

TITLE = "Warm-up time"
PAPER = "Figure 3"
QUESTION = "How long does the first inference take, beside those that follow?"
METRIC = "first_ms"

# The paper asked it of WebGL only; WebAssembly, which compiles too, is beyond the paper.
COMPILING = ("webgl", "webgpu", "webnn", "wasm")


def cells(study: Study) -> Iterable[Cell]:
    """Inference by the targets that compile before they compute."""
    return filter(_compiles, study.cells("inference"))


def table(results: Results) -> pl.DataFrame:
    """Milliseconds of the first inference, and the latency of the steady ones beside it."""
    return tables.table(measure(results, _compiles, ("first", "latency")))


def chart(table: pl.DataFrame) -> "ChartType":
    """The first inference over width, a panel per depth, joined to the steady latency below it."""
    from howfar import drawing

    return drawing.times(table, METRIC, "ms, first inference", beside="latency_ms")


def _compiles(cell: Cell) -> bool:
    return contestant(cell) and cell.workload == "inference" and cell.target.backend in COMPILING
