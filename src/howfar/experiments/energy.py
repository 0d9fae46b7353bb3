"""What an operation costs in energy, where the machine tells: the processor's packages, by their own counters (RAPL).

A counter knows no processes: the browser, the system and whatever else runs are in it, so that a row is what the whole
processor used while the operations were done, idle cores included.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from howfar import plotted, summaries, tables, wording
from howfar import watched as seen
from howfar.experiments import spread, watched
from howfar.measured import Group
from howfar.observed import ProcessSamples
from howfar.outcomes import Outcome, Results
from howfar.records import PRIMARY_METRIC, Cell, Workload
from howfar.study import Study
from howfar.summaries import Entry, Line, Row, Summary

TITLE = "Energy"
PAPER = ""
QUESTION = "How much energy does the processor use for an inference, and for a training batch?"
METRIC = "operation_joules"

OPERATIONS: Mapping[Workload, str] = {"inference": "inference", "training": "training batch"}
SIZES = 3


def cells(study: Study) -> Iterable[Cell]:
    """What `memory` asks for, too: training and inference of three dense networks by every target, watched."""
    models = spread(study, "mlp", SIZES)
    return (cell for workload in OPERATIONS for cell in watched(study, workload, models))


def table(results: Results) -> pl.DataFrame:
    """`operation_joules` per inference or batch, and `power_watts` meanwhile; `unavailable` with the reason where the
    machine does not tell."""
    groups = seen.watched(results, list(OPERATIONS))
    return tables.frame(row for group in groups for row in _rows(group))


def _rows(group: Group) -> Iterator[tables.Row]:
    yield seen.row(group, METRIC, "J", seen.each(group, _per_operation), seen.reasons(group, "energy"))
    if watts := seen.each(group, _watts):
        yield seen.row(group, "power_watts", "W", watts)


def _used(outcome: Outcome, samples: ProcessSamples) -> float | None:
    """Joules in the steady phase."""
    within = seen.steady(outcome)
    if within is None or not samples.energy_j:
        return None
    begin, end = np.interp([within.begin_s, within.end_s], samples.at_s, samples.energy_j)
    return float(end - begin)


def _per_operation(outcome: Outcome, samples: ProcessSamples) -> float | None:
    joules, done = _used(outcome, samples), _operations(outcome)
    return joules / done if joules is not None and done else None


def _operations(outcome: Outcome) -> float:
    """How many were done in the steady phase."""
    metric = PRIMARY_METRIC[outcome.task.cell.workload]
    timed = [one for one in outcome.series if one.metric == metric and one.stage == "timed"]
    return sum(one.repeats * len(one.sample_ms) for one in timed) / outcome.task.scale


def _watts(outcome: Outcome, samples: ProcessSamples) -> float | None:
    joules, within = _used(outcome, samples), seen.steady(outcome)
    return joules / (within.end_s - within.begin_s) if joules is not None and within else None


def summary(table: pl.DataFrame) -> Summary:
    """A column per target, a line per operation and size."""
    rows = [row for row in summaries.current(table) if row["metric"] == METRIC]
    keys = summaries.keys(rows)
    found = {(_target(row), row["workload"], row["depth"], row["width"]): row for row in rows}
    sizes = sorted({(row["workload"], row["depth"], row["width"]) for row in rows})
    return Summary(
        corner="depth × width",
        columns=tuple(summaries.target_column(next(row for row in rows if _target(row) == key)) for key in keys),
        lines=tuple(
            Line(
                f"{OPERATIONS[size[0]]}, {wording.size(*size[1:])}",
                tuple(_entry(found.get((key, *size))) for key in keys),
            )
            for size in sizes
        ),
        legend="mJ per operation that the processor's packages used, with all that ran on them; unavailable where this"
        " machine does not tell it.",
    )


def _entry(row: Row | None) -> Entry:
    return summaries.entry(row, lambda joules: f"{wording.number(1000 * joules)} mJ")


def _target(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in plotted.IDENTITY)


def sentences(table: pl.DataFrame) -> list[str]:
    """Why there is nothing to read, or who uses least."""
    rows = [row for row in summaries.current(table) if row["metric"] == METRIC]
    if why := next((row["message"] for row in rows if row["value"] == seen.UNAVAILABLE), ""):
        return [f"Energy is unavailable here: {why}."]
    return [words for workload in OPERATIONS if (words := _least(rows, workload))]


def _least(rows: Sequence[Row], workload: Workload) -> str:
    own = [row for row in rows if row["workload"] == workload and row["median"] is not None and row["status"] == "ok"]
    if len(own) < 2:
        return ""
    least = min(seen.of_largest(own), key=lambda row: row["median"])
    named = wording.named(wording.target(dict(least)), least["software_gpu"])
    size, spent = wording.size(least["depth"], least["width"]), wording.number(1000 * least["median"])
    return f"Per {OPERATIONS[workload]} of {size} {named} uses least energy, {spent} mJ."
