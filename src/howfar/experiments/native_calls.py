"""What a native framework's own convenient calls cost beside the compiled one: the paper's native times contain it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import geometric_mean

import polars as pl
from msgspec.structs import replace

from howfar import tables, wording
from howfar.experiments import spread
from howfar.gaps import NETWORKS
from howfar.measured import NATIVE, Measured, measure
from howfar.outcomes import Results
from howfar.records import Cell, Workload
from howfar.samples import METRICS
from howfar.stats import ratio
from howfar.study import Study
from howfar.summaries import Column, Entry, Line, Row, Summary

TITLE = "What native's own calls cost"
PAPER = ""
QUESTION = "How much of a native time is the framework's call, where the paper's scripts used its convenient ones?"
METRIC = "call_ratio"

PREFIX = "call="
# Which of Keras's calls does what, and what a reader calls it.
CALLS: Mapping[Workload, Mapping[str, str]] = {
    "inference": {"predict": "model.predict(x)", "predict_on_batch": "model.predict_on_batch(x)", "model": "model(x)"},
    "training": {"fit": "model.fit(x, y)", "train_on_batch": "model.train_on_batch(x, y)", "eager": "an eager tape"},
}
SIZES = {"mlp": 3, "cnn": 1, "rnn": 1}


def cells(study: Study) -> Iterable[Cell]:
    """Three dense networks and the smallest of the others, on one thread, by the compiled call and by each other."""
    models = [model for kind, most in SIZES.items() for model in spread(study, kind, most)]
    for workload, calls in CALLS.items():
        for target in study.targets_for(workload):
            able = study.abilities.get(target.framework)
            if target.browser != NATIVE or target.threads != 1 or able is None:
                continue
            known = [call for call in calls if PREFIX + call in able.switches.get(target.backend, ())]
            variants = [replace(target, switch=PREFIX + call) for call in known]
            yield from (
                Cell(one, model, workload) for model in models for one in ([target, *variants] if known else ())
            )


def table(results: Results) -> pl.DataFrame:
    """`call_ratio`, a row per call (`value`): its time over that of the compiled call, within rounds."""
    return tables.frame(row for workload in CALLS for row in _rows(results, workload))


def _rows(results: Results, workload: Workload) -> Iterator[tables.Row]:
    def own(cell: Cell) -> bool:
        called = not cell.target.switch or cell.target.switch.startswith(PREFIX)
        return cell.workload == workload and cell.target.browser == NATIVE and called

    every = [one for one in measure(results, own, METRICS[workload][:1]) if one.group.current]
    compiled = {(one.cell.target, one.cell.model): one for one in every if not one.cell.target.switch}
    for one in every:
        if not one.cell.target.switch:
            continue
        base = compiled.get((replace(one.cell.target, switch=""), one.cell.model))
        yield _compared(one, base) | {"value": CALLS[workload][one.cell.target.switch.removeprefix(PREFIX)]}


def _compared(one: Measured, base: Measured | None) -> tables.Row:
    found = ratio(one.rounds, base.rounds) if base and base.right and one.right else None
    return tables.compared(one, METRIC, found, base)


def summary(table: pl.DataFrame) -> Summary:
    """A line per call, a column per network."""
    rows = tables.current(table).to_dicts()
    sizes = list(dict.fromkeys((row["model"], row["depth"], row["width"]) for row in rows))
    columns = tuple(Column(NETWORKS[kind], wording.size(depth, width), "#1c1c1c") for kind, depth, width in sizes)
    calls = list(dict.fromkeys((row["workload"], row["value"]) for row in rows))
    lines = tuple(
        Line(f"{call} ({workload})", tuple(_entries(rows, workload, call, sizes))) for workload, call in calls
    )
    return Summary("call", columns, lines, "Times the compiled call's time, on one thread; 1 is no cost")


def _entries(rows: Sequence[Row], workload: str, call: str, sizes: Sequence[tuple[str, int, int]]) -> Iterator[Entry]:
    own = {(r["model"], r["depth"], r["width"]): r for r in rows if (r["workload"], r["value"]) == (workload, call)}
    for size in sizes:
        row = own.get(size)
        known = row is not None and row["median"] is not None
        yield Entry(f"{wording.number(row['median'])}×") if row and known else Entry(note=row["message"] if row else "")


def sentences(table: pl.DataFrame) -> list[str]:
    """Each call's typical cost, with the range over the networks."""
    gathered: dict[str, list[float]] = defaultdict(list)
    for row in tables.current(table).filter(pl.col("median").is_not_null()).to_dicts():
        gathered[row["value"]].append(row["median"])
    said = []
    for call, ratios in gathered.items():
        over = wording.interval(min(ratios), max(ratios))
        said.append(f"{call} takes {wording.number(geometric_mean(ratios))} times ({over}) the compiled call.")
    return said
