"""The common table: one row per cell, metric and environment. What figures draw and what `howfar export` prints."""

from collections.abc import Iterable
from typing import Any

import polars as pl

from howfar.measured import COUNTED, Group, Measured, verdict
from howfar.ranking import Field, fields, first
from howfar.stats import Ratio

# Scripts rely on these names and on this order; new columns go to the end.
SCHEMA: dict[str, Any] = {
    "framework": pl.String,
    "version": pl.String,
    "backend": pl.String,
    "browser": pl.String,
    "threads": pl.Int64,
    "model": pl.String,
    "depth": pl.Int64,
    "width": pl.Int64,
    "workload": pl.String,
    "protocol": pl.String,
    "metric": pl.String,
    "unit": pl.String,
    "median": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "p10": pl.Float64,
    "p90": pl.Float64,
    "p99": pl.Float64,
    "samples": pl.Int64,
    "processes": pl.Int64,
    "status": pl.String,
    "message": pl.String,
    "max_abs_error": pl.Float64,
    "software_gpu": pl.Boolean,
    "disturbed": pl.Boolean,
    "steady": pl.Boolean,
    "drifting": pl.Boolean,
    "leaking": pl.Boolean,
    "environment": pl.String,
    "times_fastest": pl.Float64,
    "times_native": pl.Float64,
    "times_native_low": pl.Float64,
    "times_native_high": pl.Float64,
    "tolerance": pl.Float64,
    "rounds": pl.Int64,
    "batch_size": pl.Int64,
    # No newer environment of the same cell is stored: only these rows are drawn and ranked.
    "current": pl.Boolean,
    # Over all tasks of the row, where that has a meaning (`cost`); in `unit`.
    "total": pl.Float64,
    # What is not a number, in words: a licence, `yes`, the names that were counted.
    "value": pl.String,
    # What the paper printed in November 2018, in `unit`, and whether `median` differs from it (null: not to be told).
    "printed": pl.Float64,
    "differs": pl.Boolean,
    # An operation took so long that every process took one sample of it.
    "few_samples": pl.Boolean,
    # Measured with a smaller batch, and multiplied.
    "estimated": pl.Boolean,
    # What was switched in the target away from the framework's own default.
    "switch": pl.String,
    # The target that a ratio is against.
    "against": pl.String,
    # Seconds since its visit was launched, of a row that is one moment (`timeline`).
    "at_s": pl.Float64,
    # Of a claim of the paper (`findings`): its number, and `holds`, `no_longer_holds` or `cannot_tell`.
    "claim": pl.Int64,
    "verdict": pl.String,
    # The machine itself was slower than it can be beside a process that counts.
    "slowed": pl.Boolean,
}

Row = dict[str, Any]


def table(measured: Iterable[Measured]) -> pl.DataFrame:
    """The rows of `measured` in the common layout, each held against the fastest and against native."""
    entries = list(measured)
    field_of = {id(entry): field for field in fields(entries) for entry in field.entries}
    caveats = {id(entry.group): _caveats(entry.group) for entry in entries}
    return frame(_row(entry) | caveats[id(entry.group)] | _ratios(entry, field_of.get(id(entry))) for entry in entries)


def frame(rows: Iterable[Row]) -> pl.DataFrame:
    """Rows in the common layout; what a row leaves out is null."""
    every = list(rows)
    return pl.DataFrame({name: [row.get(name) for row in every] for name in SCHEMA}, schema=SCHEMA)


def current(rows: pl.DataFrame) -> pl.DataFrame:
    """Without the rows of older environments."""
    return rows.filter(pl.col("current"))


def stated(group: Group, metric: str, unit: str, number: float | None, value: str | None = None) -> Row:
    """A row of what was counted or said, not timed: the same in every process, so without an interval."""
    status, message = verdict(group.outcomes)
    told = sum(outcome.status in COUNTED for outcome in group.outcomes)
    taken = {"median": number, "value": value, "samples": told, "processes": told, "rounds": len(group.outcomes)}
    return _identity(group, metric, unit) | taken | {"status": status, "message": message} | _caveats(group)


def compared(entry: Measured, metric: str, found: Ratio | None, other: Measured | None) -> Row:
    """A row of what one target takes over what another does; without a number where there is none, and then with the
    reason."""
    message = entry.message
    if found is None and entry.right and other is not None:
        message = f"not in a round with {other.cell.target}" if other.right else f"{other.cell.target}: {other.message}"
    numbers = {"median": found.value, "low": found.low, "high": found.high} if found else {}
    beside = {"against": str(other.cell.target), "estimated": _scaled(entry) or _scaled(other)} if other else {}
    counts = {"rounds": len(entry.group.outcomes), "processes": found.rounds if found else 0}
    said = {"status": entry.status, "message": message, "few_samples": _few(entry), "drifting": entry.drifting}
    return _identity(entry.group, metric, "ratio") | _caveats(entry.group) | said | counts | numbers | beside


def worked_out(entry: Measured, metric: str, unit: str, number: float | None, message: str = "") -> Row:
    """A row of what an entry's time comes to; without a number, with the reason."""
    processes = entry.summary.processes if entry.summary else 0
    counts = {"rounds": len(entry.group.outcomes), "processes": processes, "estimated": _scaled(entry)}
    said = {"status": entry.status, "message": message or entry.message, "few_samples": _few(entry)}
    return _identity(entry.group, metric, unit) | _caveats(entry.group) | said | counts | {"median": number}


def _scaled(entry: Measured) -> bool:
    return entry.group.outcomes[0].task.scale > 1


def against_printed(number: float | None, printed: float | None, tolerance: float) -> Row:
    """The columns that hold a number against the paper's: it differs if it is further from it than `tolerance`."""
    if number is None or printed is None:
        return {"printed": printed, "differs": None}
    return {"printed": printed, "differs": abs(number - printed) > tolerance}


def _row(entry: Measured) -> Row:
    said = {"status": entry.status, "message": entry.message}
    doubts = {"drifting": entry.drifting, "few_samples": _few(entry), "slowed": entry.reckoned.slowed}
    return _identity(entry.group, entry.metric, "ms") | _numbers(entry) | said | doubts


def _few(entry: Measured) -> bool:
    series = (one for outcome in entry.group.outcomes for one in outcome.series)
    return any(one.ended_by == "slow" and f"{one.metric}_ms" == entry.metric for one in series)


def _identity(group: Group, metric: str, unit: str) -> Row:
    target, model, task = group.cell.target, group.cell.model, group.outcomes[0].task
    return {
        "framework": target.framework,
        "version": target.version,
        "backend": target.backend,
        "browser": target.browser,
        "threads": target.threads,
        "switch": target.switch,
        "model": model.name or model.kind,
        "depth": None if model.name else model.depth,
        "width": None if model.name else model.width,
        "workload": group.cell.workload,
        "protocol": task.protocol,
        "batch_size": task.batch_size * task.scale,
        "estimated": task.scale > 1,
        "environment": group.environment,
        "current": group.current,
        "metric": metric,
        "unit": unit,
    }


def _numbers(entry: Measured) -> Row:
    rounds: Row = {"rounds": len(entry.group.outcomes)}
    summary = entry.summary
    if summary is None:
        return rounds | {"samples": 0, "processes": 0}
    return rounds | {name: getattr(summary, name) for name in summary.__struct_fields__}


def _caveats(group: Group) -> Row:
    outcomes = group.outcomes
    checks = [outcome.check for outcome in outcomes if outcome.check]
    warmups = [s for o in outcomes for s in o.series if s.stage == "warmup" and s.ended_by != "once"]
    tensors = [outcome.live_tensors for outcome in outcomes if outcome.live_tensors]
    return {
        "max_abs_error": _worst([check.max_abs_error for check in checks]),
        "tolerance": max((check.tolerance for check in checks), default=None),
        "software_gpu": any(outcome.software_gpu for outcome in outcomes),
        "disturbed": any(outcome.disturbed for outcome in outcomes),
        "steady": all(series.ended_by == "steady" for series in warmups) if warmups else None,
        "leaking": any(after > before for before, after in tensors) if tensors else None,
    }


def _worst(errors: list[float | None]) -> float | None:
    """The largest error; None where one of them is beyond numbers, which is worse than any."""
    known = [error for error in errors if error is not None]
    return max(known, default=None) if len(known) == len(errors) else None


def _ratios(entry: Measured, field: Field | None) -> Row:
    if entry.metric == "enqueue_ms":
        field = None  # what a page sees that never reads its results back: nothing is ranked on it
    fastest = field.against(entry, first(field.browsers)) if field and not entry.native else None
    native = field.against(entry, field.native_single) if field else None
    return {
        "times_fastest": fastest.value if fastest else None,
        "times_native": native.value if native else None,
        "times_native_low": native.low if native else None,
        "times_native_high": native.high if native else None,
    }
