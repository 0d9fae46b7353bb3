"""What a network costs in memory: at its highest, at work, how it grows while it works, and per parameter."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import polars as pl
from msgspec import Struct

from howfar import plotted, summaries, tables, wording
from howfar import watched as seen
from howfar.experiments import spread, watched
from howfar.measured import Group
from howfar.observed import PageMemory, ProcessSamples, RoleSamples
from howfar.outcomes import Outcome, Results
from howfar.records import Cell, Workload
from howfar.study import Study
from howfar.summaries import Entry, Line, Row, Summary

TITLE = "Memory"
PAPER = ""
QUESTION = "How much memory does a network take while it works, and does it give it back?"
METRIC = "memory_steady_bytes"

WORKLOADS: Sequence[Workload] = ("training", "inference")
SIZES = 3
# What a page may hold more after its operations than before, garbage not counted, before that is called a leak: its
# own samples, compiled code and warm caches are a few hundred kB.
LEAK_BYTES = 2e6
PER_PARAMETER = "bytes_per_parameter"
EXTENSION = "extension_private_bytes"

Tell = Callable[[Outcome, ProcessSamples], float | None]


def cells(study: Study) -> Iterable[Cell]:
    """Training and inference of three dense networks by every target, watched."""
    models = spread(study, "mlp", SIZES)
    return (cell for workload in WORKLOADS for cell in watched(study, workload, models))


def table(results: Results) -> pl.DataFrame:
    """A row per metric: bytes of the processes that compute (the page's or the native one, and on a GPU back end the
    GPU's), of the page's JS heap and WebAssembly, what grew; what the extension was told; and `bytes_per_parameter`, by
    what the largest network of a target takes more than its smallest."""
    groups = list(seen.watched(results, WORKLOADS))
    return tables.frame([*(row for group in groups for row in _rows(group)), *_per_parameter(groups)])


def _steady(outcome: Outcome, samples: ProcessSamples) -> float | None:
    """The median while it works."""
    within = seen.steady(outcome)
    sizes = seen.held(samples, seen.computing(outcome, samples))
    own = sizes[seen.inside(samples.at_s, within)] if within and len(sizes) else sizes
    return float(np.median(own)) if len(own) else None


def _peak(outcome: Outcome, samples: ProcessSamples) -> float | None:
    """The largest from the launch until its work is done; what ends then moves what it shared to the others."""
    return _highest(outcome, samples, seen.computing(outcome, samples))


def _gpu(outcome: Outcome, samples: ProcessSamples) -> float | None:
    """The GPU's process by itself, at its highest, where the back end is on it."""
    gpu = seen.role(samples, "gpu") if outcome.task.cell.target.backend in seen.GPU else None
    return _highest(outcome, samples, [gpu]) if gpu else None


def _highest(outcome: Outcome, samples: ProcessSamples, own: Sequence[RoleSamples]) -> float | None:
    within, sizes = seen.steady(outcome), seen.held(samples, own)
    if within is None or not len(sizes):
        return None
    return float(sizes[np.array(samples.at_s) <= within.end_s].max(initial=0.0)) or None


def _slope(outcome: Outcome, samples: ProcessSamples) -> float | None:
    within = seen.steady(outcome)
    sizes = seen.held(samples, seen.computing(outcome, samples))
    if within is None or not len(sizes):
        return None
    own = seen.inside(samples.at_s, within)
    return seen.slope(np.array(samples.at_s)[own], sizes[own])


def _of_page(tell: Callable[[PageMemory], float | None]) -> Tell:
    return lambda _, samples: tell(samples.page) if samples.page else None


def _heap(page: PageMemory) -> float | None:
    return float(np.median(page.heap_bytes)) if page.heap_bytes else None


def _growth(page: PageMemory) -> float | None:
    return float(page.agent_bytes[1] - page.agent_bytes[0]) if page.agent_bytes else None


def _by_extension(field: Literal["private_bytes", "js_bytes"]) -> Tell:
    """What Chromium's task manager says of the page's process while it works, the median."""

    def tell(outcome: Outcome, _: ProcessSamples) -> float | None:
        within = seen.steady(outcome)
        if outcome.extension is None or within is None:
            return None
        own = (one for one in outcome.extension.samples if one.role == "page")
        sizes = [getattr(one, field) for one in own if within.begin_s <= one.at_s <= within.end_s]
        known = [size for size in sizes if size is not None]
        return float(np.median(known)) if known else None

    return tell


class _Metric(Struct, frozen=True):
    """What a round tells of it, and which column's reason says why it does not (`ProcessSamples.unavailable`)."""

    tell: Tell
    column: str = ""
    unit: str = "bytes"


# The first is there in every round that was watched to its end.
METRICS: Mapping[str, _Metric] = {
    METRIC: _Metric(_steady, "memory"),
    "memory_peak_bytes": _Metric(_peak, "memory"),
    "memory_slope": _Metric(_slope, "memory", unit="bytes/s"),
    "gpu_memory_peak_bytes": _Metric(_gpu),
    "heap_bytes": _Metric(_of_page(_heap), "heap"),
    "wasm_bytes": _Metric(_of_page(lambda page: float(page.wasm_bytes[1]) if page.wasm_bytes else None)),
    "page_growth_bytes": _Metric(_of_page(_growth), "agent"),
    EXTENSION: _Metric(_by_extension("private_bytes")),
    "extension_js_bytes": _Metric(_by_extension("js_bytes")),
}


def _rows(group: Group) -> Iterator[tables.Row]:
    for metric, of in METRICS.items():
        over, why = seen.each(group, of.tell), seen.reasons(group, of.column)
        if over or why or metric == METRIC:
            yield seen.row(group, metric, of.unit, over, why)


def _per_parameter(groups: Iterable[Group]) -> Iterator[tables.Row]:
    """Between the smallest network and the largest, what each further parameter takes: what the browser and the library
    take by themselves cancels."""
    gathered: dict[Any, list[tuple[int, float, Group]]] = defaultdict(list)
    for group in groups:
        steady, parameters = seen.each(group, _steady), _parameters(group)
        if group.current and steady and parameters:
            target, workload = group.cell.target, group.cell.workload
            gathered[target, workload, group.cell.model.kind].append((parameters, steady.value, group))
    for own in gathered.values():
        small, large = min(own, key=lambda one: one[0]), max(own, key=lambda one: one[0])
        if large[0] > small[0]:
            per = (large[1] - small[1]) / (large[0] - small[0])
            yield tables.stated(large[2], PER_PARAMETER, "bytes", per)


def _parameters(group: Group) -> int | None:
    known = [fact for outcome in group.outcomes if isinstance(fact := outcome.facts.get("parameters"), int)]
    return known[0] if known else None


def summary(table: pl.DataFrame) -> Summary:
    """A column per target; a line per workload and size, and one for what a parameter takes."""
    rows = summaries.current(table)
    keys = summaries.keys(rows)
    found = {(_target(row), row["workload"], row["metric"], row["depth"], row["width"]): row for row in rows}
    heads = {key: next(row for row in rows if _target(row) == key) for key in keys}
    sizes = sorted({(row["workload"], row["depth"], row["width"]) for row in rows}, key=_order)
    lines = [
        Line(
            f"{workload}, {wording.size(depth, width)}",
            tuple(_entry(found, key, workload, depth, width) for key in keys),
        )
        for workload, depth, width in sizes
    ]
    lines += [
        Line(f"{workload}, bytes per parameter", tuple(_per_entry(rows, key, workload) for key in keys))
        for workload in WORKLOADS
        if any(row["workload"] == workload and row["metric"] == PER_PARAMETER for row in rows)
    ]
    return Summary(
        corner="depth × width",
        columns=tuple(summaries.target_column(heads[key]) for key in keys),
        lines=tuple(lines),
        legend="MB (10⁶ bytes) of the page's process (natively of the task's, on a GPU back end with the GPU's process)"
        " while it works; in small the highest from its launch on. What several processes share counts once. Bytes per"
        " parameter: what the largest network takes more than the smallest, by its parameters.",
    )


def _entry(found: Mapping[Any, Row], key: Any, workload: str, depth: int, width: int) -> Entry:
    row, peak = (found.get((key, workload, metric, depth, width)) for metric in (METRIC, "memory_peak_bytes"))
    entry = summaries.entry(row, wording.megabytes)
    if peak is None or peak["median"] is None:
        return entry
    return Entry(entry.text, note=f"peak {wording.megabytes(peak['median'])}", wrong=entry.wrong)


def _per_entry(rows: Sequence[Row], key: Any, workload: str) -> Entry:
    own = [r for r in rows if (_target(r), r["workload"], r["metric"]) == (key, workload, PER_PARAMETER)]
    return summaries.entry(own[0] if own else None, wording.number)


def _target(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in plotted.IDENTITY)


def _order(size: tuple[str, int, int]) -> tuple[int, int, int]:
    return (WORKLOADS.index(size[0]), *size[1:])


def sentences(table: pl.DataFrame) -> list[str]:
    """Who gives its memory back, and who does not."""
    rows = [row for row in summaries.current(table) if row["median"] is not None]
    return [*_leaks(rows), *_thirstiest(rows), *_by_the_browser(rows)]


def _leaks(rows: Sequence[Row]) -> Iterator[str]:
    grown = [row for row in rows if row["metric"] == "page_growth_bytes"]
    if not grown:
        return
    leaking = [row for row in grown if row["median"] > LEAK_BYTES or row["leaking"]]
    if not leaking:
        most = max(grown, key=lambda row: row["median"])
        yield (
            f"No page held noticeably more after 3 s of work than before, garbage not counted: most was"
            f" {wording.megabytes(max(0.0, most['median']))}, {_named(most)} in {most['workload']}."
        )
    for row in leaking:
        tensors = " and its live tensors grew" if row["leaking"] else ""
        yield (
            f"{_named(row)} held {wording.megabytes(row['median'])} more after 3 s of {row['workload']} of"
            f" {wording.size(row['depth'], row['width'])} than before, garbage not counted{tensors}: a leak."
        )


def _thirstiest(rows: Sequence[Row]) -> Iterator[str]:
    """Of the largest network that all were asked for."""
    for workload in WORKLOADS:
        own = [row for row in rows if row["workload"] == workload and row["metric"] == METRIC and row["status"] == "ok"]
        alike = seen.of_largest(own)
        if len(alike) > 1:
            least, most = (pick(alike, key=lambda row: row["median"]) for pick in (min, max))
            size = wording.size(least["depth"], least["width"])
            ends = [f"{_named(row)} takes {wording.megabytes(row['median'])}" for row in (least, most)]
            yield f"In {workload} of {size} {ends[0]}, the least, and {ends[1]}, the most."


def _by_the_browser(rows: Sequence[Row]) -> Iterator[str]:
    """What the extension was told, beside what the system says; on a GPU back end ours has the GPU's process in it."""
    ours = {_cell(row): row["median"] for row in rows if row["metric"] == METRIC and row["backend"] not in seen.GPU}
    told = [row for row in rows if row["metric"] == EXTENSION and _cell(row) in ours]
    if told:
        shares = [row["median"] / ours[_cell(row)] for row in told]
        yield (
            f"Chromium's task manager, which the extension asks, says of {wording.counted(len(told), 'page')}"
            f" {wording.number(min(shares))} to {wording.number(max(shares))} × what is counted here."
        )


def _cell(row: Row) -> tuple[Any, ...]:
    return (*_target(row), row["workload"], row["depth"], row["width"])


def _named(row: Row) -> str:
    return wording.named(wording.target(dict(row)), row["software_gpu"])
