"""All numbers of a report, in words: a row per cell and metric, failures among them."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import polars as pl
from msgspec import Struct

from howfar import plotted, wording
from howfar.measured import fared
from howfar.report.figures import COST, Figure

# More make a page that no browser opens quickly, and that nobody reads.
MOST = 3_000
KEY = (*plotted.IDENTITY, "model", "depth", "width", "workload", "metric", "environment", "current")


class NumberRow(Struct, frozen=True):
    """A row: its first columns as words, then words with the number that each sorts by, then what came of it."""

    names: tuple[str, ...]
    values: tuple[tuple[str, str], ...]
    kind: str
    says: str
    message: str
    notes: tuple[str, ...]
    who: Mapping[str, str]


class Numbers(Struct, frozen=True):
    """The rows that a page shows, how many it does not, and how many there are of older environments."""

    rows: tuple[NumberRow, ...]
    left_out: int
    older: int


def numbers(figures: Sequence[Figure]) -> Numbers:
    """The rows of all timed experiments, each once though two experiments may show it. Where there are too many, what
    has no right number comes first, so that no failure is lost."""
    whose = pl.col("framework").is_not_null()  # a claim is of several
    tables = (figure.table.filter(whose, unit="ms") for figure in figures if figure.id != COST)
    timed = [table for table in tables if table.height]
    if not timed:
        return Numbers((), 0, 0)
    every = pl.concat(timed).unique(KEY, maintain_order=True)
    older = every.filter(~pl.col("current")).height
    shown = every if every.height <= MOST else _most_telling(every).head(MOST)
    return Numbers(tuple(map(_row, shown.iter_rows(named=True))), every.height - shown.height, older)


def _most_telling(every: pl.DataFrame) -> pl.DataFrame:
    right = (pl.col("status") == "ok") & pl.col("median").is_not_null()
    return every.sort(~pl.col("current"), right, maintain_order=True)


def _row(row: Mapping[str, Any]) -> NumberRow:
    one = dict(row)
    failed, wrong = one["median"] is None, one["status"] == "wrong_result"
    metric = one["metric"].replace("_ms", "").replace("_", " ")
    within = wording.interval(one["low"], one["high"]) or wording.NONE
    return NumberRow(
        names=(one["workload"], wording.network(one), wording.named(wording.target(one)), metric),
        values=(
            _number(one["median"]),
            (within, _plain(one["low"])),
            *(_number(one[name]) for name in ("p10", "p90", "p99", "times_fastest", "times_native")),
            (str(one["samples"]), _plain(one["samples"])),
            (f"{one['processes']} of {one['rounds']}", _plain(one["processes"])),
            _number(one["max_abs_error"]),
        ),
        kind=" ".join(
            filter(None, ("wrong" if wrong else "failed" if failed else "", "" if one["current"] else "old"))
        ),
        says="" if one["status"] == "ok" else fared(one["status"], one["message"]),
        message=one["message"] or ("right" if one["status"] == "ok" else ""),
        notes=tuple(plotted.notes(one)),
        who=plotted.who(one),
    )


def _number(value: float | None) -> tuple[str, str]:
    return wording.number(value), _plain(value)


def _plain(value: float | None) -> str:
    """What a cell sorts by; nothing for what is no number."""
    return "" if value is None or not isfinite(value) else repr(value)
