"""Figure 2: the time to load a saved model, per framework, back end and model size."""

from collections.abc import Iterable

import polars as pl

from howfar import tables
from howfar.measured import timed
from howfar.outcomes import Results
from howfar.plotted import Spec
from howfar.records import Cell
from howfar.study import Study

TITLE = "Loading time"
PAPER = "Figure 2"
QUESTION = "How long does a page that has just opened wait for its saved model, and does that grow with the model?"
METRIC = "model_load_ms"
NOTES = {"load_includes": "What a load includes besides; bare_load_ms is the time before it"}


def cells(study: Study) -> Iterable[Cell]:
    """Loading of every model by every target."""
    return study.cells("loading")


def table(results: Results) -> pl.DataFrame:
    """Milliseconds: the cold load of a fresh process, what comes before it apart (`library_load`, `backend_init`), and
    the steady loads over HTTP (`load`) and out of memory (`load_from_memory`) where they were sampled."""
    return tables.table(timed(results, "loading"))


def chart(table: pl.DataFrame) -> Spec:
    """The cold load over width, a panel per depth."""
    from howfar import drawing

    return drawing.times(table, METRIC, "ms, first load of the model")
