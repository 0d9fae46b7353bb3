"""Table 1: what each framework offers, counted in the library itself and tried out, beside what the paper printed."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

import polars as pl

from howfar import summaries, tables, wording
from howfar.experiments import one_each
from howfar.measured import Group, contestant, fared, groups
from howfar.outcomes import Results
from howfar.records import Cell, Fact, Model
from howfar.study import Study
from howfar.summaries import Entry, Line, Row, Summary

TITLE = "What the frameworks offer"
PAPER = "Table 1"
QUESTION = "What does each framework know and do, as its own library says and as it was seen to do here?"
METRIC = "library_bytes"

KIB = 1024
# The paper printed whole kilobytes, which were KiB, cut or rounded.
RELATIVE, STEP = 0.01, 1 * KIB

Facts = Mapping[str, Fact]
Printed = Mapping[str, float]
Told = tuple[float | None, str | None]


class Feature(NamedTuple):
    """One row of the table: how its number and its words are told from the facts, what the paper printed of whom."""

    title: str
    unit: str
    tell: Callable[[Facts], Told]
    printed: Printed = MappingProxyType({})


def _number(name: str, facts: Facts) -> Told:
    found = facts.get(name)
    return (float(found), None) if isinstance(found, int | float) else (None, None)


def _counted(name: str, facts: Facts) -> Told:
    """The number, and as its words the names that were counted."""
    names = facts.get(name.replace("_types", "_names"))
    return _number(name, facts)[0], names if isinstance(names, str) else None


def _flag(holds: bool | None, words: str = "") -> Told:
    return (None, None) if holds is None else (float(holds), words or wording.fact(holds))


def _does(name: str, facts: Facts) -> Told:
    found = facts.get(name)
    return _flag(found if isinstance(found, bool) else None)


def _among(name: str, what: str, facts: Facts) -> Told:
    """Whether a list such as `DNN, CNN` has it."""
    found = facts.get(name)
    return _flag(what in found.split(", ") if isinstance(found, str) else None)


def _node(facts: Facts) -> Told:
    said = facts.get("node_support")
    return _flag(said != "no entry point", said) if isinstance(said, str) else (None, None)


def _text(name: str, facts: Facts) -> Told:
    found = facts.get(name)
    return None, found if isinstance(found, str) else None


def _day(name: str, facts: Facts) -> Told:
    said = _text(name, facts)[1]
    return None, said[:10] if said else None


PAPERS = ("tfjs", "convnetjs", "keras-js", "webdnn", "brain.js", "synaptic", "mind")


def _printed(signs: str) -> Printed:
    """A line of Table 1, a sign per framework in the paper's order: Y or N."""
    return {name: float(sign == "Y") for name, sign in zip(PAPERS, signs, strict=True)}


LAYERS = {"tfjs": 49.0, "convnetjs": 7.0, "brain.js": 7.0, "synaptic": 1.0, "mind": 1.0}
ACTIVATIONS = {"tfjs": 16.0, "convnetjs": 4.0, "brain.js": 4.0, "synaptic": 5.0, "mind": 2.0}
OPTIMIZERS = {"tfjs": 7.0, "convnetjs": 3.0, "brain.js": 1.0}
LIBRARY_KIB = {"tfjs": 732, "convnetjs": 33, "keras-js": 650, "webdnn": 130, "brain.js": 819, "synaptic": 106}

# By metric, in the paper's order; what it does not have comes last.
FEATURES: Mapping[str, Feature] = {
    "trains": Feature("Training", "flag", partial(_does, "trains"), _printed("YYNNYYY")),
    "dnn": Feature("DNN", "flag", partial(_among, "networks", "DNN"), _printed("YYYYYYY")),
    "cnn": Feature("CNN", "flag", partial(_among, "networks", "CNN"), _printed("YYYYNNN")),
    "rnn": Feature("RNN", "flag", partial(_among, "networks", "RNN"), _printed("YNYYYYN")),
    "layer_types": Feature("Layer types", "count", partial(_counted, "layer_types"), LAYERS),
    "activation_types": Feature("Activation types", "count", partial(_counted, "activation_types"), ACTIVATIONS),
    "optimizer_types": Feature("Optimizer types", "count", partial(_counted, "optimizer_types"), OPTIMIZERS),
    "webgl": Feature("GPU by WebGL", "flag", partial(_among, "backends", "webgl"), _printed("YNYYNNN")),
    "saves": Feature("Saves a model", "flag", partial(_does, "saves"), _printed("YYNNYYY")),
    "loads": Feature("Loads a model", "flag", partial(_does, "loads"), _printed("YYYYYYY")),
    "node": Feature("Node.js", "flag", _node, _printed("YYYYYYY")),
    "library_bytes": Feature(
        "Library", "bytes", partial(_number, "library_bytes"), {name: kib * KIB for name, kib in LIBRARY_KIB.items()}
    ),
    "round_trip_error": Feature("Saved and loaded, off by", "output", partial(_number, "round_trip_error")),
    "licence": Feature("Licence", "text", partial(_text, "licence")),
    "released": Feature("This version is of, npm says", "text", partial(_day, "released")),
    "last_released": Feature("The newest is of, npm says", "text", partial(_day, "last_released")),
}


def cells(study: Study) -> Iterable[Cell]:
    """Each framework at each version once, on the first back end that the study names, with a small model."""
    return (Cell(target, Model(), "features") for target in one_each(study, "features"))


def table(results: Results) -> pl.DataFrame:
    """A row per feature that is known. Counts in `count`, with the counted names as `value`; flags 1 or 0."""
    wanted = groups(results, lambda cell: contestant(cell) and cell.workload == "features")
    return tables.frame(row for group in wanted for row in _rows(group))


def summary(table: pl.DataFrame) -> Summary:
    """The paper's layout turned: a column per framework at a version, a row per feature, and how it went here."""
    rows = summaries.current(table)
    found = {(*_edition(row), row["metric"]): row for row in rows}
    editions = summaries.keys(rows, ("framework", "version"))
    heads = [next(row for row in rows if _edition(row) == edition) for edition in editions]
    lines = [
        Line(feature.title, tuple(_entry(found.get((*edition, metric)), feature) for edition in editions))
        for metric, feature in FEATURES.items()
        if any((*edition, metric) in found for edition in editions)
    ]
    return Summary(
        corner="",
        columns=tuple(summaries.column(row) for row in heads),
        lines=(*lines, Line("Tried out here", tuple(_tried(row) for row in heads))),
        legend="In small, what the paper printed in November 2018; ≠ marks what is not so: another count, or a library"
        " that is further from it than 1 % and than 1 KiB. – is what a framework has no notion of, or does not tell.",
        names=tuple(_names(rows)),
    )


def _rows(group: Group) -> Iterator[tables.Row]:
    facts = {name: fact for outcome in group.outcomes for name, fact in outcome.facts.items()}
    for metric, feature in FEATURES.items():
        number, words = feature.tell(facts)
        if number is None and words is None and metric != METRIC:
            continue
        printed = feature.printed.get(group.cell.target.framework)
        tolerance = max(RELATIVE * (printed or 0), STEP) if feature.unit == "bytes" else 0
        yield tables.stated(group, metric, feature.unit, number, words) | tables.against_printed(
            number, printed, tolerance
        )


def _edition(row: Row) -> tuple[str, str]:
    return row["framework"], row["version"]


def _entry(row: Row | None, feature: Feature) -> Entry:
    """Flags in words; counts without the names, which stand below the table."""
    if feature.unit == "count":
        return summaries.entry({**row, "value": None} if row else None, lambda number: f"{number:g}")
    say = wording.kibibytes if feature.unit == "bytes" else wording.number
    return summaries.entry(row, (lambda number: wording.fact(number == 1)) if feature.unit == "flag" else say)


def _tried(row: Row) -> Entry:
    if row["status"] == "ok":
        return Entry("went well", note=f"off by {wording.number(row['max_abs_error'])}")
    return Entry(fared(row["status"], row["message"]), note=row["message"], wrong=True)


def _names(rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
    for row in rows:
        if row["unit"] == "count" and row["value"]:
            title = FEATURES[row["metric"]].title.lower()
            yield f"{row['framework']}@{row['version']}, {title}", row["value"]
