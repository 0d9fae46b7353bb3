"""Figure 1: the time of one training batch, per framework, back end and model size."""

from collections.abc import Iterable

import polars as pl

from howfar import tables
from howfar.measured import timed
from howfar.outcomes import Results
from howfar.plotted import Spec
from howfar.records import Cell
from howfar.study import Study

TITLE = "Training time"
PAPER = "Figure 1"
QUESTION = "How long does one training batch take, and how does that grow with the model?"
METRIC = "throughput_ms"
NOTES = {
    "batch": "What a batch is to each",
    "network": "Whose network is another than the study's",
    "training_fault": "What is wrong with the training of some",
}


def cells(study: Study) -> Iterable[Cell]:
    """Training of every model by every target, and by the yardstick."""
    return study.cells("training", yardstick=True)


def table(results: Results) -> pl.DataFrame:
    """Milliseconds per batch: throughput (the loss is read once per sample of several batches), latency, enqueue."""
    return tables.table(timed(results, "training", yardstick=True))


def chart(table: pl.DataFrame) -> Spec:
    """Throughput over width, a panel per depth."""
    from howfar import drawing

    return drawing.times(table, METRIC, "ms per training batch")
