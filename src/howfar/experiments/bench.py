"""One's own model: what an inference takes, what the first use costs, and what must be fetched, per target."""

from collections.abc import Iterable
from statistics import median

import polars as pl

from howfar import benches, tables
from howfar.measured import COUNTED, Group, groups, measure
from howfar.outcomes import Results
from howfar.plotted import Spec
from howfar.records import Cell
from howfar.study import Study

TITLE = "One's own model"
PAPER = ""
QUESTION = (
    "How long does an inference take in every runtime and natively, and (the tick) all that the first one waits for?"
)
METRIC = "latency_ms"

# What is known of a target beside its times: facts of its processes, in bytes.
BYTES = (
    "library_bytes", "library_gzip_bytes", "model_bytes", "model_gzip_bytes", "model_float16_bytes",
    "model_uint8_bytes", "memory_bytes",
)  # fmt: skip


def cells(study: Study) -> Iterable[Cell]:
    """Inference with every model of the user's own by every target."""
    return (cell for cell in study.cells("inference") if cell.model.kind == "graph")


def table(results: Results) -> pl.DataFrame:
    """Milliseconds per inference and of the first use, and the bytes of library, model and memory."""
    timed = tables.table(measure(results, benches.wanted, benches.METRICS))
    sized = [row for group in groups(results, benches.wanted) for row in _sizes(group)]
    return pl.concat([timed, tables.frame(sized)])


def chart(table: pl.DataFrame) -> Spec:
    """Both times per target, on one logarithmic axis."""
    from howfar import drawing

    return drawing.targets(table, METRIC, "first_use_ms")


def _sizes(group: Group) -> Iterable[tables.Row]:
    """A row per size that any process told; the median where they differ."""
    counted = [outcome for outcome in group.outcomes if outcome.status in COUNTED]
    for metric in BYTES:
        known = [value for outcome in counted if isinstance(value := outcome.facts.get(metric), int | float)]
        if known:
            yield tables.stated(group, metric, "bytes", float(median(known)))
