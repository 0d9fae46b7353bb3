"""Figure 4: the time of one inference, per framework, back end and model size."""

from collections.abc import Iterable

import polars as pl

from howfar import tables
from howfar.measured import timed
from howfar.outcomes import Results
from howfar.plotted import Spec
from howfar.records import Cell
from howfar.study import Study

TITLE = "Inference time"
PAPER = "Figure 4"
QUESTION = "How long does one inference take until its numbers are on the CPU, called as its users call it?"
METRIC = "latency_ms"
NOTES = {"network": "Whose network is another than the study's"}


def cells(study: Study) -> Iterable[Cell]:
    """Inference with every model by every target, and by the yardstick."""
    return study.cells("inference", yardstick=True)


def table(results: Results) -> pl.DataFrame:
    """Milliseconds per inference: latency (drained every time), throughput (drained once per sample), enqueue."""
    return tables.table(timed(results, "inference", yardstick=True))


def chart(table: pl.DataFrame) -> Spec:
    """Latency over width, a panel per depth."""
    from howfar import drawing

    return drawing.times(table, METRIC, "ms per inference")
