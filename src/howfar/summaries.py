"""A table as a reader sees it, where the paper has one: a column per framework, its printed numbers beside ours."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import polars as pl
from msgspec import Struct

from howfar import palette, plotted, wording
from howfar.measured import fared

Row = Mapping[str, Any]


class Entry(Struct, frozen=True):
    """One cell: its words, the paper's beside them, and whether the two differ (None: not to be told). `note`: what
    a reader must know of it; `wrong`: from a result that is."""

    text: str = wording.NONE
    printed: str = ""
    differs: bool | None = None
    note: str = ""
    wrong: bool = False


class Column(Struct, frozen=True):
    """One target: the two lines of its head, the colour that it has in every figure, and what it may be filtered by."""

    name: str
    version: str
    colour: str
    who: Mapping[str, str] = {}


class Line(Struct, frozen=True):
    """One row: its title and an entry per column."""

    title: str
    entries: tuple[Entry, ...]


class Summary(Struct, frozen=True):
    """The whole table. `corner` heads the titles; `legend` says how to read it; `names` is what was counted, if
    anything was: whose, and the names."""

    corner: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    legend: str
    names: tuple[tuple[str, str], ...] = ()


Key = tuple[Any, ...]


def keys(rows: Iterable[Row], what: Sequence[str] = plotted.IDENTITY) -> list[Key]:
    """The targets of these rows in the order of all legends, by the given columns of theirs."""
    ordered = sorted(rows, key=_order)
    return list(dict.fromkeys(tuple(row[name] for name in what) for row in ordered))


def column(row: Row, *, with_backend: bool = False) -> Column:
    """The head of a row's target; its back end is named where several of its version have columns."""
    version = f"{row['version']} {row['backend']}" if with_backend else row["version"]
    who = {name: value for name, value in plotted.who(dict(row)).items() if with_backend or name != "backend"}
    return Column(row["framework"], version, palette.colour(row["framework"], row["backend"]), who)


def target_column(row: Row) -> Column:
    """The head of a row's target with all that tells it apart: back end, threads and what is switched."""
    one = wording.target(dict(row))
    version = wording.named(one, row["software_gpu"]).partition("@")[2]
    return Column(one.framework, version, palette.of(one), plotted.who_of(one))


def entry(row: Row | None, say: Callable[[float], str]) -> Entry:
    """A row's number in words, the paper's too; without a number its words, or why there is none."""
    if row is None:
        return Entry()
    known = row["median"] is not None
    text = row["value"] or (say(row["median"]) if known else wording.NONE)
    printed = "" if row["printed"] is None else say(row["printed"])
    failed = not known and row["value"] is None and row["status"] != "ok"
    note = fared(row["status"], row["message"]) if failed else ""
    return Entry(text, printed, row["differs"], note, wrong=row["status"] == "wrong_result")


def current(table: pl.DataFrame) -> list[dict[str, Any]]:
    """The rows of the newest environments."""
    return list(table.filter(pl.col("current")).iter_rows(named=True))


def _order(row: Row) -> tuple[object, ...]:
    place = palette.order(row["framework"], row["version"], row["backend"], row["threads"])
    return (*place, row["browser"])
