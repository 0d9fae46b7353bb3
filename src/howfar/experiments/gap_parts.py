"""Where the gap comes from: what a target takes when one thing is switched in it, over what it takes as it comes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

import polars as pl
from msgspec.structs import replace

from howfar import gaps, tables
from howfar.experiments import spread
from howfar.measured import NATIVE, Measured, contestant, measure
from howfar.outcomes import Results
from howfar.plotted import Spec
from howfar.ranking import Field
from howfar.records import READBACK_ONCE, Cell, Metric, Target, Workload
from howfar.samples import METRICS
from howfar.stats import Ratio, ratio
from howfar.study import Study

TITLE = "Where the gap comes from"
PAPER = ""
QUESTION = "What does a browser target gain or lose when one thing in it is switched?"
METRIC = "part_ratio"

# What each switch is called, in the order in which they are shown.
PARTS: Mapping[str, str] = {
    "simd=off": "SIMD off",
    "threads=1": "one thread",
    "threads=all": "all threads",
    READBACK_ONCE: "numbers read once",
    "batch": "a batch at once, per sample",
    "native": "native, as many threads",
}
KIND = "mlp"
SIZES = 3


def cells(study: Study) -> Iterable[Cell]:
    """The smallest, the middle and the largest dense network by every browser target, as it comes and with each of its
    switches; inference also of a whole batch."""
    models = spread(study, KIND, SIZES)
    for workload in (*gaps.WORKLOADS, "batch_inference"):
        for target in study.targets_for(workload):
            if target.browser == NATIVE and workload == "batch_inference":
                continue
            yield from (Cell(one, model, workload) for model in models for one in _variants(study, target, workload))


def _variants(study: Study, target: Target, workload: Workload) -> Iterator[Target]:
    yield target
    able = study.abilities.get(target.framework)
    if able is None or target.browser == NATIVE or target.threads is not None or workload == "batch_inference":
        return
    for switch in able.switches.get(target.backend, ()):
        if switch in PARTS and (workload == "inference" or switch != READBACK_ONCE):
            yield replace(target, switch=switch)


def table(results: Results) -> pl.DataFrame:
    """`part_ratio`, a row per part (`value`): the time with the switch over the time without; of a batch, per sample;
    of native, on as many threads."""
    by_metric = _measured(results)
    rows = (row for field in gaps.primary_fields(results) for row in _rows(field, by_metric))
    return tables.frame(rows)


def _measured(results: Results) -> list[Measured]:
    """The switched targets, and the batches, by what each is measured by."""
    wanted: list[tuple[Callable[[Cell], bool], Metric]] = [(_read_once, "throughput"), (_in_batches, "latency")]
    wanted += [(partial(_switched, workload), METRICS[workload][0]) for workload in gaps.WORKLOADS]
    found = (one for own, metric in wanted for one in measure(results, own, (metric,)))
    return [one for one in found if one.group.current]


def _switched(workload: Workload, cell: Cell) -> bool:
    known = cell.target.switch in PARTS and cell.target.switch != READBACK_ONCE
    return known and cell.workload == workload


def _read_once(cell: Cell) -> bool:
    return cell.target.switch == READBACK_ONCE


def _in_batches(cell: Cell) -> bool:
    return contestant(cell) and cell.workload == "batch_inference"


def _rows(field: Field, others: Sequence[Measured]) -> Iterator[tables.Row]:
    """Every part of every target that comes in the field."""
    native = {id(gap.web): gap for gap in reversed(list(gaps.matched(field)))}
    for entry in field.entries:
        if entry.native or entry.cell.model.kind != KIND:
            continue
        parts = [one for one in others if _is_part(one, entry)]
        for one in sorted(parts, key=lambda one: list(PARTS).index(_part(one))):
            found = _over(one, entry)
            yield tables.compared(one, METRIC, found, entry) | {"value": PARTS[_part(one)], "workload": field.workload}
        gap = native.get(id(entry)) if parts else None
        if gap is not None and gap.ratio is not None:
            inverse = field.against(gap.native, entry)
            own = tables.compared(entry, METRIC, inverse, gap.native)
            yield own | {"value": PARTS["native"]}


def _is_part(one: Measured, entry: Measured) -> bool:
    """Whether it is the entry's target with something switched, or its batches."""
    own, cell = one.cell, entry.cell
    batch = own.workload == "batch_inference" and cell.workload == "inference"
    same = batch or (own.workload == cell.workload and bool(own.target.switch))
    return same and own.model == cell.model and replace(own.target, switch="") == cell.target


def _part(one: Measured) -> str:
    return one.cell.target.switch or "batch"


def _over(one: Measured, entry: Measured) -> Ratio | None:
    """One's time over the entry's; a batch's, per sample."""
    if not (one.right and entry.right):
        return None
    task = one.group.outcomes[0].task
    samples = task.batch_size * task.scale if one.cell.workload == "batch_inference" else 1
    return ratio({number: ms / samples for number, ms in one.rounds.items()}, entry.rounds)


def chart(table: pl.DataFrame) -> Spec:
    """A bar per part from 1, as it comes, to what it becomes; a panel per target and size."""
    from howfar import drawing

    return drawing.steps(tables.current(table), list(PARTS.values()))
