"""Table 3: the size of the saved model, which no machine changes: ours must agree with what the paper printed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

import polars as pl

from howfar import summaries, tables, wording
from howfar.experiments import one_each
from howfar.measured import Group, contestant, groups
from howfar.outcomes import Results
from howfar.records import Cell
from howfar.study import Study
from howfar.summaries import Entry, Line, Row, Summary

TITLE = "Size of the saved model"
PAPER = "Table 3"
QUESTION = "How many bytes must a page fetch before it has a model?"
METRIC = "model_bytes"

DEPTHS, WIDTHS = (1, 2, 4), (64, 128, 256)
# Megabytes (10^6) as printed, by depth, then by width.
PRINTED: Mapping[str, tuple[float, ...]] = {
    "brain.js": (1.4, 2.7, 5.5, 1.5, 3.2, 7.2, 1.7, 4.0, 10.7),
    "convnetjs": (1.3, 2.7, 5.4, 1.5, 3.1, 7.1, 1.7, 4.0, 10.5),
    "synaptic": (3.4, 6.7, 13.3, 3.7, 7.8, 17.7, 4.2, 10.1, 26.5),
    "tfjs": (0.2, 0.4, 0.8, 0.2, 0.5, 1.1, 0.3, 0.6, 1.6),
}
MEGABYTE = 1e6
# JSON writes every digit of a weight, so other weights make another size; and the paper cut its numbers to 0.1 MB.
RELATIVE, HALF_STEP = 0.06, 0.05 * MEGABYTE


def cells(study: Study) -> Iterable[Cell]:
    """Loading of every model by each framework at each version, on the first back end that the study names."""
    targets = one_each(study, "loading")
    return (cell for cell in study.cells("loading") if cell.target in targets)


def table(results: Results) -> pl.DataFrame:
    """Bytes of all files of a saved model: whatever was loaded, on every back end that it was loaded on."""
    wanted = groups(results, lambda cell: contestant(cell) and cell.workload == "loading")
    return tables.frame(_row(group) for group in wanted)


def summary(table: pl.DataFrame) -> Summary:
    """The paper's layout: a column per framework, a row per depth and width. Back ends share a column where their
    files are equally large."""
    rows = summaries.current(table)
    sizes = sorted({(row["depth"], row["width"]) for row in rows})
    found = {(*_edition(row), row["backend"], row["depth"], row["width"]): row for row in reversed(rows)}
    columns = list(_columns(rows))
    return Summary(
        corner="depth × width",
        columns=tuple(summaries.column(row, with_backend=apart) for row, apart in columns),
        lines=tuple(
            Line(
                wording.size(*size),
                tuple(_entry(found.get((*_edition(row), row["backend"], *size))) for row, _ in columns),
            )
            for size in sizes
        ),
        legend="MB (10⁶ bytes) of all files of the saved model. In small, what the paper printed in 2018; ≠ marks what"
        " is further from it than 6 % and than 0.05 MB, half of the last digit that it printed.",
    )


def _row(group: Group) -> tables.Row:
    known = [fact for outcome in group.outcomes if isinstance(fact := outcome.facts.get(METRIC), int | float)]
    number = float(known[-1]) if known else None
    printed = _printed(group.cell)
    tolerance = max(RELATIVE * (printed or 0), HALF_STEP)
    return tables.stated(group, METRIC, "bytes", number) | tables.against_printed(number, printed, tolerance)


def _printed(cell: Cell) -> float | None:
    asked = list(product(DEPTHS, WIDTHS))
    size = (cell.model.depth, cell.model.width)
    if cell.model.kind != "mlp" or cell.target.framework not in PRINTED or size not in asked:
        return None
    return PRINTED[cell.target.framework][asked.index(size)] * MEGABYTE


def _columns(rows: Sequence[Row]) -> Iterator[tuple[Row, bool]]:
    """A row of each column's target, and whether the back ends of its framework have columns of their own."""
    for edition in summaries.keys(rows, ("framework", "version")):
        own = [row for row in rows if _edition(row) == edition]
        backends = summaries.keys(own, ("backend",))
        apart = not _alike(own)
        for (backend,) in backends if apart else backends[:1]:
            yield next(row for row in own if row["backend"] == backend), apart


def _alike(rows: Sequence[Row]) -> bool:
    """Whether no model's files differ in size from back end to back end."""
    found = {(row["depth"], row["width"], row["median"]) for row in rows}
    return len(found) == len({size[:2] for size in found})


def _edition(row: Row) -> tuple[str, str]:
    return row["framework"], row["version"]


def _entry(row: Row | None) -> Entry:
    return summaries.entry(row, wording.megabytes)
