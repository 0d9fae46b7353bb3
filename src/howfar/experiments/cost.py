"""What the run itself cost: where its wall time went, and how much of it lay outside what it measured.

Counted are the last attempts of all tasks, the controls' among them; a task that was repeated because the machine was
disturbed cost its first attempt too, which the store keeps but which is not counted here.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import get_args

import numpy as np
import polars as pl

from howfar import tables, wholes
from howfar.outcomes import Outcome, Results
from howfar.plotted import Spec
from howfar.records import Cell, SteadyMetric, Target
from howfar.samples import UNTIL_READY
from howfar.stats import Floats, middle, quantile
from howfar.study import Study

TITLE = "What the run cost"
PAPER = ""
QUESTION = "Where did the time of the run go, and how much of it lay outside what was measured?"
METRIC = "overhead_share"
OVERALL = True

# The spans of a task's timeline that each part sums up.
PARTS: Mapping[str, Sequence[str]] = {
    "launch": ("launch", "page"),
    "load": UNTIL_READY,
    "first": ("first", "check"),
    "warmup": ("warmup",),
    "timed": (*get_args(SteadyMetric), "rest"),
    "dispose": ("dispose",),
    "end": ("end",),
    "idle": ("idle",),
}
_PLACE = {span: place for place, spans in enumerate(PARTS.values()) for span in spans}
OUTSIDE = ("launch", "end", "idle")
ALL = "all"


def cells(_study: Study) -> Iterable[Cell]:
    """Nothing of its own: it reads the timeline of whatever was run."""
    return ()


def table(results: Results) -> pl.DataFrame:
    """Per target, and for `all`: ms in each part (`median` of a task, `total` of all tasks) and `overhead_share`.

    `overhead_share` is the share of the wall time outside measured operations and their warm-up: launch (with the
    start of the page's own code), end and idle. A target's `samples` are its tasks.
    """
    gathered: dict[Target, list[Sequence[float]]] = defaultdict(list)
    for outcome in wholes.outcomes(results):
        if outcome.timeline:
            gathered[outcome.task.cell.target].append(_milliseconds(outcome))
    spent = {target: np.array(gathered[target]) for target in sorted(gathered)}
    whole = _rows({"framework": ALL}, np.concatenate(list(spent.values()))) if spent else ()
    return tables.frame([*whole, *(row for target, own in spent.items() for row in _target_rows(target, own))])


def chart(table: pl.DataFrame) -> Spec:
    """One bar per target: its shares of its own wall time."""
    from howfar import drawing

    return drawing.shares(table, list(PARTS))


def _target_rows(target: Target, spent: Floats) -> Iterator[tables.Row]:
    identity = {
        "framework": target.framework,
        "version": target.version,
        "backend": target.backend,
        "browser": target.browser,
        "threads": target.threads,
        "switch": target.switch,
    }
    return _rows(identity, spent)


def _rows(identity: tables.Row, spent: Floats) -> Iterator[tables.Row]:
    """`spent`: ms, shape (tasks, parts)."""
    per_task = dict(zip(PARTS, spent.T, strict=True)) | {"total": spent.sum(axis=1)}
    common = identity | {"status": "ok", "message": "", "samples": len(spent), "current": True}
    for part, values in per_task.items():
        numbers = {"median": middle(values), "p10": quantile([values], 0.1), "p90": quantile([values], 0.9)}
        yield common | numbers | {"metric": f"{part}_ms", "unit": "ms", "total": float(values.sum())}
    outside = sum(float(per_task[part].sum()) for part in OUTSIDE) / (float(per_task["total"].sum()) or 1.0)
    yield common | {"metric": METRIC, "unit": "share", "median": outside}


def _milliseconds(outcome: Outcome) -> Sequence[float]:
    """In the order of `PARTS`."""
    found = [0.0] * len(PARTS)
    for span in outcome.timeline:
        if (place := _PLACE.get(span.name)) is not None:
            found[place] += 1000 * span.seconds
    return found
