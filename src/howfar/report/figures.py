"""The figures of a report: what each experiment shows, and the files that are made of it."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
from msgspec import Struct
from msgspec.structs import replace

from howfar import experiments, pictures, tables, wholes, wording
from howfar.experiments import Annotated, Charted, Experiment, Overall, Pictured, Summarized, Telling, load
from howfar.measured import fared
from howfar.outcomes import Outcome, Results
from howfar.pictures import Drawn
from howfar.records import YARDSTICK
from howfar.report.export import encode
from howfar.report.notes import Note, notes
from howfar.summaries import Summary

COST = "cost"
# Whose drawings have no such marks.
UNMARKED = (COST, "limit")
# What a mark means, said only where it occurs.
MARKS = {
    "hollow: a GPU done in software": pl.col("software_gpu"),
    "ringed: disturbed while it was measured": pl.col("disturbed"),
    "struck out: a wrong result": pl.col("status") == "wrong_result",
    "cross on the floor: no number, the tooltip says why": pl.col("median").is_null(),
    "line across: native, shaded by its interval": pl.col("browser") == "native",
    "brown line across: what is possible on this browser's WebAssembly": pl.col("framework") == YARDSTICK,
}


class Picture(Struct, frozen=True):
    """One of several pictures of an experiment: what it is of, its file under `figures/`, and the SVG."""

    title: str
    file: str
    svg: str


class Figure(Struct, frozen=True):
    """One experiment, worked out: drawn (`spec`), as a table to read (`summary`), or both; neither where nothing of it
    has been tried yet."""

    id: str
    title: str
    paper: str
    question: str
    table: pl.DataFrame
    spec: Mapping[str, Any] | None
    svg: str
    marks: tuple[str, ...]
    summary: Summary | None = None
    notes: tuple[Note, ...] = ()
    sentences: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    # Why there is nothing to draw, in words; empty where there is.
    empty: str = ""


def figures(results: Results, out: Path | None = None) -> list[Figure]:
    """The experiments of the study in its order, and those of its parts; then what looks at all of them, and the cost.
    Under `out`: `figures/ID.svg` and `.png` where there is a chart, the further pictures, and `tables/ID.csv`.
    Raises UserError for an unknown experiment."""
    asked = dict.fromkeys(name for own in wholes.each(results) for name in own.run.study.experiments if name != COST)
    names = sorted(asked, key=lambda name: isinstance(load(name), Overall))
    if out:
        (out / "figures").mkdir(parents=True, exist_ok=True)
        (out / "tables").mkdir(exist_ok=True)
    begun = [_begun(name, load(name), results, out) for name in [*names, COST]]
    return [_finished(figure, drawing) if drawing else figure for figure, drawing in begun]


def _begun(
    name: str, experiment: Experiment, results: Results, out: Path | None
) -> tuple[Figure, Callable[[], Drawn] | None]:
    """The figure but for its chart, which is drawn meanwhile."""
    table = experiments.table(name, results)
    shown, empty = bool(table.height), _nothing(table, experiment.METRIC)
    drawing = None
    if not empty and isinstance(experiment, Charted):
        drawing = pictures.begin(experiment.chart, table, file=out and out / "figures" / name)
    figure = Figure(
        id=name,
        title=experiment.TITLE,
        paper=experiment.PAPER,
        question=experiment.QUESTION,
        table=table,
        spec=None,
        svg="",
        marks=_marks(table, experiment.METRIC) if drawing and name not in UNMARKED else (),
        summary=experiment.summary(table) if shown and isinstance(experiment, Summarized) else None,
        notes=notes(_outcomes(name, results), table, experiment.NOTES) if isinstance(experiment, Annotated) else (),
        sentences=tuple(experiment.sentences(table)) if shown and isinstance(experiment, Telling) else (),
        pictures=tuple(_pictures(name, experiment, results)) if isinstance(experiment, Pictured) else (),
        empty=empty,
    )
    if out:
        _write(figure, out)
    return figure, drawing


def _finished(figure: Figure, drawing: Callable[[], Drawn]) -> Figure:
    drawn = drawing()
    return replace(figure, spec=drawn.spec, svg=drawn.svg)


def _write(figure: Figure, out: Path) -> None:
    """All but what is still being drawn."""
    (out / "tables" / f"{figure.id}.csv").write_bytes(encode(figure.table, "csv"))
    for picture in figure.pictures:
        (out / "figures" / picture.file).write_text(picture.svg, encoding="utf-8")


def _outcomes(name: str, results: Results) -> list[Outcome]:
    return [outcome for own in experiments.results_of(name, results) for outcome in own.outcomes]


def _nothing(table: pl.DataFrame, metric: str) -> str:
    """A chart of failures alone would be an empty one: its reasons are said instead."""
    if not table.height:
        return "Nothing has been tried for this yet."
    own = tables.current(table).filter(metric=metric)
    drawn = own if own.height else table
    if not drawn.filter(pl.col("median").is_not_null() | pl.col("value").is_not_null()).is_empty():
        return ""
    reasons = [f"{fared(status, message)}{f': {message}' if message else ''}" for status, message in
               drawn.select("status", "message").unique(maintain_order=True).iter_rows()]  # fmt: skip
    return f"Nothing to draw: of {wording.counted(drawn.height, 'cell')} none has a number ({wording.listed(reasons)})."


def _pictures(name: str, experiment: Pictured, results: Results) -> Iterator[Picture]:
    for own in experiments.results_of(name, results):
        for title, svg in experiment.pictures(own).items():
            yield Picture(title, f"{name}-{re.sub('[^0-9A-Za-z.]+', '-', title)}.svg", svg)


def _marks(table: pl.DataFrame, metric: str) -> tuple[str, ...]:
    drawn = tables.current(table).filter(metric=metric)
    return tuple(words for words, occurs in MARKS.items() if not drawn.filter(occurs).is_empty())
