"""Section 4.4: how deep the call stack is while a framework trains, and whether that explains how long it takes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import polars as pl
from msgspec.structs import replace

from howfar import palette, plotted, stacks, summaries, tables, wording
from howfar.experiments import spread
from howfar.measured import COUNTED, NATIVE, REFERENCE, Group, groups, measure
from howfar.observed import Stacks
from howfar.outcomes import Results
from howfar.records import BUILD, Cell, Target, Workload
from howfar.samples import METRICS
from howfar.stats import ratio
from howfar.study import Study
from howfar.summaries import Entry, Line, Row, Summary

TITLE = "Call stacks"
PAPER = "Section 4.4"
QUESTION = "How deep is the call stack while a framework trains, and does its depth explain the time?"
METRIC = "stack_depth_mean"

KIND = "mlp"
WORKLOAD: Workload = "training"
ORDER = 10
TIME = "depth_time_ratio"
DEEP = "stack_depth_p999"
DEPTHS: Mapping[str, str] = {
    METRIC: "Mean depth, by time",
    "stack_depth_median": "Median depth, by time",
    DEEP: "Deepest, for a thousandth of the time",
    "stack_depth_max": "Deepest of all samples",
}


class Printed(NamedTuple):
    """One number of the paper, what of ours it is held against, and how far off it may be."""

    metric: str
    depth: float
    tolerance: float


# The paper printed one number each, and not of what: ConvNetJS's 3 is what its stack mostly is, TensorFlow.js's 48 its
# deepest. Not the deepest of all samples, which is one in thirty thousand and another in each process (47 to 66 here).
PRINTED = {
    ("convnetjs", "cpu"): Printed("stack_depth_median", 3, 0.5),
    ("tfjs", "cpu"): Printed(DEEP, 48, 3),
}


def cells(study: Study) -> Iterable[Cell]:
    """The smallest dense network, trained by every browser target with the profiler on; of the first version of each
    framework that has several builds, every build. Builds and versions are timed too, without the profiler."""
    models = spread(study, KIND, 1)
    first: dict[str, str] = {}
    for target in study.targets_for(WORKLOAD):
        if target.browser == NATIVE:
            continue
        newest = first.setdefault(target.framework, target.version) == target.version
        every = [target, *(_builds(study, target) if newest else ())]
        for model in models:
            yield from (Cell(one, model, WORKLOAD, "stacks") for one in every)
            yield from (Cell(one, model, WORKLOAD) for one in every)


def _builds(study: Study, target: Target) -> Iterator[Target]:
    able = study.abilities.get(target.framework)
    known = able.switches.get(target.backend, ()) if able and target.threads is None else ()
    return (replace(target, switch=switch) for switch in known if switch.startswith(BUILD))


def table(results: Results) -> pl.DataFrame:
    """The depths below the framework's entry function (it is 1), a row per metric and target; and `depth_time_ratio`:
    for two builds, versions or frameworks, the time of one over that of the other (`against`)."""
    watched = [group for group in groups(results, _watched) if group.current]
    depths = [row for group in watched for row in _rows(group)]
    return tables.frame([*depths, *_times(results, watched)])


def _watched(cell: Cell) -> bool:
    return cell.observe == "stacks" and cell.target.framework != REFERENCE


def _seen(group: Group) -> list[Stacks]:
    return [one.stacks for one in group.outcomes if one.stacks and one.status in COUNTED]


def _rows(group: Group) -> Iterator[tables.Row]:
    seen = _seen(group)
    counted = [one.depth_us for one in seen if stacks.seconds(one.depth_us)]
    if not counted:
        reason = next((one.unavailable for one in seen if one.unavailable), "")
        yield tables.stated(group, METRIC, "frames", None) | ({"message": f"unavailable: {reason}"} if reason else {})
        return
    for metric, number in stacks.depths(counted).items():
        printed = PRINTED.get((group.cell.target.framework, group.cell.target.backend))
        own = printed if printed and printed.metric == metric else None
        beside = tables.against_printed(number, own.depth, own.tolerance) if own else {}
        yield tables.stated(group, metric, "frames", number) | beside


def _times(results: Results, watched: Sequence[Group]) -> Iterator[tables.Row]:
    """Of every two that can be told apart by their depth: builds of one version, versions of one framework, and the
    frameworks that the paper compared."""
    known = {(group.cell.target, group.cell.model) for group in watched if _seen(group)}
    if not known:
        return
    every = [one for one in measure(results, _timed, METRICS[WORKLOAD][:1]) if one.group.current]
    compared = [one for one in every if one.right and (one.cell.target, one.cell.model) in known]
    for one, other in combinations(compared, 2):
        if one.cell.model == other.cell.model and _comparable(one.cell.target, other.cell.target):
            later, base = (other, one) if other.cell.target.switch or not one.cell.target.switch else (one, other)
            yield tables.compared(later, TIME, ratio(later.rounds, base.rounds), base)


def _timed(cell: Cell) -> bool:
    own = not cell.target.switch or cell.target.switch.startswith(BUILD)
    return own and not cell.observe and cell.workload == WORKLOAD and cell.target.framework != REFERENCE


def _comparable(one: Target, other: Target) -> bool:
    """The same but for one thing: the build, the version, or that one is ConvNetJS and the other TensorFlow.js."""
    if (one.backend, one.browser) != (other.backend, other.browser):
        return False
    if one.framework == other.framework:
        return (one.version == other.version) != (one.switch == other.switch)
    return {one.framework, other.framework} == {"convnetjs", "tfjs"} and not (one.switch or other.switch)


def summary(table: pl.DataFrame) -> Summary:
    """A column per target, a line per depth."""
    rows = summaries.current(table.filter(pl.col("metric") != TIME))
    found = {(_target(row), row["metric"]): row for row in rows}
    heads = [next(row for row in rows if _key(row) == key) for key in summaries.keys(rows)]
    lines = (
        Line(title, tuple(_entry(found.get((_target(row), metric)), row) for row in heads))
        for metric, title in DEPTHS.items()
    )
    return Summary(
        corner="functions on the stack",
        columns=tuple(_column(row) for row in heads),
        lines=tuple(lines),
        legend="Counted from the framework's entry function on, while it trains the smallest dense network. In small,"
        " what the paper printed: one number per framework, held against the median for ConvNetJS and the deepest of a"
        " thousandth of the time for TensorFlow.js; ≠ marks what is further from it than 0.5 and than 3.",
    )


def _key(row: Row) -> summaries.Key:
    return tuple(row[name] for name in plotted.IDENTITY)


def _target(row: Row) -> Target:
    return wording.target(dict(row))


def _column(row: Row) -> summaries.Column:
    head = summaries.column(row, with_backend=True)
    return replace(head, version=f"{head.version} {row['switch'] or ''}".strip())


def _entry(row: Row | None, head: Row) -> Entry:
    """What failed is said in short: the list of failures has the reason."""
    known = row or head
    found = summaries.entry(known, lambda depth: f"{depth:.1f}".removesuffix(".0"))
    return replace(found, note=found.note or known["message"])


def sentences(table: pl.DataFrame) -> list[str]:
    """Is one stack an order deeper than the other, as the paper says? And for every pair: does depth alone explain the
    time?"""
    rows = summaries.current(table)
    return [*_claimed(rows), *_explained(rows)]


def _claimed(rows: Sequence[Row]) -> Iterator[str]:
    """Of the numbers that the paper printed, as they are here."""
    ours = [row for row in rows if row["printed"] is not None and row["median"] is not None and not row["switch"]]
    shallow = next((row for row in ours if row["framework"] == "convnetjs"), None)
    for deep in sorted(ours, key=lambda row: palette.newest_first(row["version"])):
        if shallow and deep["framework"] == "tfjs":
            times = deep["median"] / shallow["median"]
            words = "an order deeper, as the paper says" if times >= ORDER else "which is no order deeper"
            yield (
                f"{_target(deep)} is {deep['median']:.0f} functions deep where it is deepest, {_target(shallow)} mostly"
                f" {shallow['median']:.0f} (48 and 3 in the paper): {words}."
            )


def _explained(rows: Sequence[Row]) -> list[str]:
    mean = {str(_target(row)): row["median"] for row in rows if row["metric"] == METRIC and row["median"] is not None}
    deepest = {str(_target(row)): row["median"] for row in rows if row["metric"] == DEEP}
    pairs = [row for row in rows if row["metric"] == TIME and row["median"] is not None]
    return [_told(row, mean, deepest) for row in pairs if {str(_target(row)), row["against"]} <= mean.keys()]


def _told(row: Row, mean: Mapping[str, float], deepest: Mapping[str, float]) -> str:
    one, other = str(_target(row)), row["against"]
    depth = mean[one] / mean[other]
    of = (f"{name} is {mean[name]:.1f} functions deep on average, {deepest[name]:.0f} at most" for name in (one, other))
    times = wording.times(row["median"], row["low"], row["high"])
    return f"{'; '.join(of)}: {wording.number(depth)}× as deep, and {times} the time. {_verdict(row, depth)}"


def _verdict(row: Row, depth: float) -> str:
    """Were depth all that matters, the times would be as the depths are."""
    low, high = row["low"], row["high"]
    if low is None or high is None:
        return "One round tells nothing of what explains it."
    if not low <= depth <= high:
        return "Depth alone does not explain the time."
    if low <= 1 <= high:
        return "These rounds can't tell whether depth explains it."
    return "Depth alone could explain the time."


def pictures(results: Results) -> dict[str, str]:
    """A flame graph per target, as SVG, of the round in which most was seen."""
    from howfar import drawing

    found: dict[str, str] = {}
    for group in groups(results, _watched):
        seen = [one for one in _seen(group) if one.nodes]
        if group.current and seen:
            target = wording.named(group.cell.target)
            best = max(seen, key=lambda one: sum(one.depth_us))
            found[target] = drawing.flames(best.nodes, f"{target}, {WORKLOAD}, {group.cell.model}")
    return found
